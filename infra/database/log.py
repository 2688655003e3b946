"""The integration log: every outgoing exchange, redacted."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert

from infra.database.engine import Transaction
from infra.database.tables import IntegrationLogRow


def write(tx: Transaction, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert log rows (already redacted: see `infra.redaction`)."""
    if rows:
        tx.execute(insert(IntegrationLogRow), list(rows))


def purge(tx: Transaction, before: datetime) -> int:
    """Delete entries older than the retention; return how many."""
    return tx.execute(delete(IntegrationLogRow).where(IntegrationLogRow.at < before)).rowcount
