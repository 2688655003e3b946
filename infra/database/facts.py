"""Statements over what was read from a tenant and is worth keeping for a while."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from domain.actions.outcome import JsonObject
from infra.database.engine import Transaction
from infra.database.tables import FactRow


def fresh(
    tx: Transaction, integration_id: UUID, name: str, age_max: timedelta, now: datetime
) -> dict[str, Any] | None:
    """Return a fact read no longer than `age_max` ago, or None."""
    return tx.execute(
        select(FactRow.value).where(
            FactRow.integration_id == integration_id,
            FactRow.name == name,
            FactRow.read_at > now - age_max,
        )
    ).scalar_one_or_none()


def keep(
    tx: Transaction, integration_id: UUID, name: str, value: JsonObject, now: datetime
) -> None:
    """Keep a fact as read now."""
    values = {"value": dict(value), "read_at": now}
    tx.execute(
        insert(FactRow)
        .values(integration_id=integration_id, name=name, **values)
        .on_conflict_do_update(index_elements=["integration_id", "name"], set_=values)
    )


def keep_all(
    tx: Transaction, integration_id: UUID, values: Mapping[str, JsonObject], now: datetime
) -> None:
    """Keep several facts as read now; in one order, as two orders would be a deadlock."""
    statement = insert(FactRow)
    again = {name: statement.excluded[name] for name in ("value", "read_at")}
    rows = [
        {"integration_id": integration_id, "name": name, "value": dict(value), "read_at": now}
        for name, value in sorted(values.items())
    ]
    if rows:
        upsert = statement.on_conflict_do_update(
            index_elements=["integration_id", "name"], set_=again
        )
        tx.execute(upsert, rows)


@dataclass(frozen=True, slots=True)
class Kept:
    """A fact, and when it was read."""

    value: dict[str, Any]
    read_at: datetime


def kept(tx: Transaction, integration_id: UUID, name: str) -> Kept | None:
    """Return a fact with its age, however old, or None."""
    row = tx.execute(
        select(FactRow.value, FactRow.read_at).where(
            FactRow.integration_id == integration_id, FactRow.name == name
        )
    ).one_or_none()
    return None if row is None else Kept(row.value, row.read_at)


def forget(tx: Transaction, integration_id: UUID, prefix: str, before: datetime) -> None:
    """Delete the facts whose name begins with `prefix` and that were read before a moment."""
    tx.execute(
        delete(FactRow).where(
            FactRow.integration_id == integration_id,
            FactRow.name.startswith(prefix, autoescape=True),
            FactRow.read_at < before,
        )
    )
