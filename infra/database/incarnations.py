"""A process's proof of life: a PostgreSQL session advisory lock that dies with it.

When the lock is free its leases are void at once, so what a killed process had begun is taken up
within a sweep instead of a lease. A process whose lock is gone (database restart) sends nothing
more until it is registered again.
"""

import os
import socket
import threading
from uuid import UUID, uuid4

from sqlalchemy import Connection, insert, text
from sqlalchemy.exc import SQLAlchemyError

from infra.database.engine import Database
from infra.database.tables import IncarnationRow
from infra.logging import logger

PING_EVERY_S = 2.0
STOPS_WITHIN_S = 5.0
_FORGET = text(
    """
    DELETE FROM incarnations n WHERE started_at < now() - interval '1 day'
      AND NOT EXISTS (SELECT 1 FROM actions WHERE lease_owner = n.id)
      AND NOT EXISTS (SELECT 1 FROM pg_locks l WHERE l.locktype = 'advisory' AND l.objsubid = 1
          AND ((l.classid::bigint << 32) | l.objid::bigint) = n.lock_key)
    """
)


class Incarnation:
    """This process, registered. `id` is None while it is not."""

    def __init__(self, database: Database, kind: str) -> None:
        self._database = database
        self._kind = kind
        self._connection: Connection | None = None
        self._stop = threading.Event()
        self._keeper: threading.Thread | None = None
        self._id: UUID | None = None
        self._registered = threading.Event()

    @property
    def id(self) -> UUID | None:
        """Identity under which leases are taken; None: take none, send nothing."""
        return self._id

    def wait(self, seconds: float) -> bool:
        """Wait until registered (again); False: not within `seconds`."""
        return self._registered.wait(seconds)

    def start(self) -> None:
        """Register, and keep registered in the background until `stop`."""
        self._register()
        self._keeper = threading.Thread(target=self._keep, name="incarnation", daemon=True)
        self._keeper.start()

    def stop(self) -> None:
        """Give the lock back."""
        self._stop.set()
        if self._keeper is not None:
            # A connection closed while the other thread uses it would stay open.
            self._keeper.join(STOPS_WITHIN_S)
        self._drop()

    def _register(self) -> None:
        identity = uuid4()
        key = (identity.int >> 64) & 0x7FFF_FFFF_FFFF_FFFF
        connection = self._database.standing_connection()
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": key})
        connection.execute(_FORGET)
        connection.execute(
            insert(IncarnationRow).values(
                id=identity,
                lock_key=key,
                kind=self._kind,
                host=socket.gethostname(),
                pid=os.getpid(),
            )
        )
        self._connection, self._id = connection, identity
        self._registered.set()

    def _keep(self) -> None:
        while not self._stop.wait(PING_EVERY_S):
            try:
                if self._connection is None:
                    self._register()
                    logger().info("registered again", incarnation=str(self._id))
                else:
                    self._connection.execute(text("SELECT 1"))
            except SQLAlchemyError as error:
                logger().warning("not registered: sending nothing", error=type(error).__name__)
                self._drop()

    def _drop(self) -> None:
        self._id = None
        self._registered.clear()
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except SQLAlchemyError:
                logger().debug("the lost connection was already closed")
