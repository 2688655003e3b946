"""Messages nobody could understand: kept whole with the reason, once each."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select, text, update
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


Place = tuple[datetime, UUID]
"""`at` and id of a dead letter: lists are in this order, the newest first."""

_LISTED = """
    SELECT id, source, reason, problems, size, times, at, settled_at, settled_by, settled_how
    FROM dead_letters WHERE {settled} AND {behind} ORDER BY at DESC, id DESC LIMIT :limit
"""
_SHOWN = """
    SELECT id, source, reason, problems, headers, size, times, at, settled_at, settled_by,
           settled_how, substring(body FOR :bytes) AS body
    FROM dead_letters WHERE id = :id
"""


def listed(
    tx: Transaction, *, settled: bool, after: Place | None, limit: int
) -> list[dict[str, Any]]:
    """Return dead letters without their bodies: those that are open, or those dealt with."""
    query = _LISTED.format(
        settled="settled_at IS NOT NULL" if settled else "settled_at IS NULL",
        behind="true" if after is None else "(at, id) < (:at, :id)",
    )
    given = {"limit": limit} if after is None else {"limit": limit, "at": after[0], "id": after[1]}
    return [dict(row) for row in tx.execute(text(query), given).mappings()]


def shown(tx: Transaction, letter_id: UUID, bytes_max: int) -> dict[str, Any] | None:
    """Return a dead letter with the beginning of its body, or None."""
    row = tx.execute(text(_SHOWN), {"id": letter_id, "bytes": bytes_max}).mappings().one_or_none()
    return None if row is None else dict(row)
