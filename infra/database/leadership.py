"""One leader per name across all processes: a PostgreSQL session advisory lock."""

import hashlib

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from infra.database.engine import Database


def leadership_key(name: str) -> int:
    """Return the advisory lock that the leader of this name holds."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)


class Leadership:
    """Held as long as its database session lives; a dead leader's successor takes it at once."""

    def __init__(self, database: Database, name: str) -> None:
        self._database = database
        self._key = leadership_key(name)
        self._connection: Connection | None = None

    def held(self) -> bool:
        """Are we the leader? Tries to become it; notices when the session was lost."""
        try:
            if self._connection is not None:
                self._connection.execute(text("SELECT 1"))
                return True
            return self._try()
        except SQLAlchemyError:
            self.release()
            raise

    def _try(self) -> bool:
        connection = self._database.standing_connection()
        got = connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": self._key})
        if got.scalar_one():
            self._connection = connection
            return True
        connection.close()
        return False

    def release(self) -> None:
        """Give it up."""
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except SQLAlchemyError:
                return
