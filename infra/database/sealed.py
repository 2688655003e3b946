"""Everything stored encrypted, for sealing it anew: a new column of the kind is a line here."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from infra.database.engine import Database, Transaction
from infra.database.tables import ConnectionRow, EffectSecretRow, EmailConfigRow

BATCH = 200

SEALED: tuple[tuple[Any, Any], ...] = (
    (ConnectionRow, ConnectionRow.credentials),
    (EmailConfigRow, EmailConfigRow.credentials),
    (EffectSecretRow, EffectSecretRow.sealed),
)


def every(database: Database, table: Any, column: Any) -> Iterator[tuple[UUID, bytes]]:
    """Yield each row's id and its encrypted bytes; no transaction is open meanwhile."""
    after = UUID(int=0)
    while True:
        with database.reading() as tx:
            rows = tx.execute(
                select(table.id, column)
                .where(table.id > after, column.is_not(None))
                .order_by(table.id)
                .limit(BATCH)
            ).all()
        yield from ((row[0], bytes(row[1])) for row in rows)
        if len(rows) < BATCH:
            return
        after = rows[-1][0]


def replace(tx: Transaction, column: Any, row_id: UUID, before: bytes, after: bytes) -> bool:
    """Store bytes anew if they are still what they were; False: somebody has stored others."""
    table = column.class_
    statement = update(table).where(table.id == row_id, column == before)
    return tx.execute(statement.values({column: after})).rowcount == 1
