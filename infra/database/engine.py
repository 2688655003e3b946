"""The database, and the only way to change it: one transaction per `with`."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from infra.boundary import boundary
from infra.settings import Settings, SettingsError, normal_database_url

OPTIONS = "-c lock_timeout=10s -c idle_in_transaction_session_timeout=60s -c jit=off"

Transaction = Connection
"""An open transaction. Repositories take it; nobody but `Database.transaction` commits it."""

DatabaseDown = OperationalError
"""The database went away or refused: the caller's work did not happen, or its fate is unknown."""

PASSING = (OperationalError, InterfaceError, PoolTimeout)
"""What says nothing about the work itself: the same may succeed later, as it is."""


class Database:
    """One engine per process; threads share its pool."""

    def __init__(self, settings: Settings) -> None:
        if not settings.database_url:
            raise SettingsError("DATABASE_URL is not set (postgresql://user:password@host/name)")
        self.engine: Engine = create_engine(
            normal_database_url(settings.database_url),
            pool_size=settings.database_pool_max,
            max_overflow=4,
            pool_pre_ping=False,
            pool_recycle=1800,
            hide_parameters=True,  # an error's text goes to logs and dead letters
            connect_args={
                "connect_timeout": 5,
                "options": OPTIONS,
                "keepalives_idle": 10,
                "keepalives_interval": 5,
                "keepalives_count": 3,
            },
        )

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Open a transaction, commit on a clean exit, roll back on any error."""
        with self.engine.connect() as connection:
            with connection.begin() as transaction:
                yield connection
                boundary("before the commit")
                transaction.commit()
            boundary("after the commit")

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """Open a transaction that only reads: it is rolled back, there is nothing to commit."""
        with self.engine.connect() as connection:
            yield connection

    def standing_connection(self) -> Connection:
        """Open a connection outside the pool, in autocommit: for locks that live as long as it."""
        connection = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        connection.detach()
        return connection

    def dispose(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()
