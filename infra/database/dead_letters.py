"""Messages nobody could understand: kept whole with the reason, once each."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from infra.database.engine import Transaction
from infra.database.tables import DeadLetterRow
from infra.storable import storable

BODY_BYTES_MAX = 32 * 1024 * 1024


def keep(  # noqa: PLR0913
    tx: Transaction,
    *,
    source: str,
    reason: str,
    problems: Sequence[Mapping[str, str]],
    headers: Mapping[str, Any],
    body: bytes,
    now: datetime,
) -> UUID:
    """Keep a message that cannot be used; the same one again only counts. Returns its id.

    Bodies over 32 MiB are cut, and the reason says so; `size` is always the true size in bytes.
    """
    if len(body) > BODY_BYTES_MAX:
        reason = f"{reason} (only the first {BODY_BYTES_MAX} bytes are kept)"
    source, reason = storable(source), storable(reason)
    fingerprint = hashlib.sha256(source.encode() + b"\0" + reason.encode() + b"\0" + body).digest()
    statement = (
        insert(DeadLetterRow)
        .values(
            id=uuid4(),
            fingerprint=fingerprint,
            source=source,
            reason=reason,
            problems=storable(problems),
            headers=storable(headers),
            body=body[:BODY_BYTES_MAX],
            size=len(body),
            at=now,
        )
        .on_conflict_do_update(
            index_elements=["fingerprint"],
            set_={"times": DeadLetterRow.times + 1, "settled_at": None},
        )
        .returning(DeadLetterRow.id)
    )
    return tx.execute(statement).scalar_one()


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message as kept."""

    id: UUID
    source: str
    reason: str
    headers: dict[str, Any]
    body: bytes


def find(tx: Transaction, letter_id: UUID) -> DeadLetter | None:
    """Return an open dead letter, or None."""
    row = tx.execute(
        select(DeadLetterRow.__table__).where(
            DeadLetterRow.id == letter_id, DeadLetterRow.settled_at.is_(None)
        )
    ).one_or_none()
    if row is None:
        return None
    return DeadLetter(row.id, row.source, row.reason, row.headers, row.body)


def times_kept(tx: Transaction, letter: DeadLetter) -> dict[UUID, int]:
    """Return how often this very message has been kept, by letter: one per reason."""
    statement = select(DeadLetterRow.id, DeadLetterRow.times).where(
        DeadLetterRow.source == letter.source, DeadLetterRow.body == letter.body
    )
    return {row.id: row.times for row in tx.execute(statement)}


def settle(tx: Transaction, letter_id: UUID, *, who: str, how: str, now: datetime) -> bool:
    """Record that a person dealt with a dead letter; False when there is none open."""
    statement = (
        update(DeadLetterRow)
        .where(DeadLetterRow.id == letter_id, DeadLetterRow.settled_at.is_(None))
        .values(settled_at=now, settled_by=who, settled_how=how)
    )
    return tx.execute(statement).rowcount == 1
