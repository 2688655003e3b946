"""Statements over API keys: who calls, what the key may do, and how fast."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, insert, select, update

from domain.access import Scope
from infra.database import pacing
from infra.database.engine import Transaction
from infra.database.pacing import PACE_S
from infra.database.tables import ApiKeyRow


@dataclass(frozen=True, slots=True)
class Admission:
    """A call of a known key. `refused_for_s` is how long to wait where it came too soon.

    `left` calls may follow at once; after `full_in_s` seconds of silence it is all of them.
    """

    key_id: UUID
    workspace_id: UUID
    name: str
    prefix: str
    scopes: frozenset[Scope]
    left: int
    full_in_s: float
    refused_for_s: float | None


_ADMIT = pacing.counting(
    "api_keys",
    "hash = :hash AND (revoked_at IS NULL OR revoked_at > now())",
    also="last_used_at = now(),",
    told="one.id, one.workspace_id, one.name, one.prefix, one.scopes",
)


def admit(tx: Transaction, digest: bytes, calls: int) -> Admission | None:
    """Count one call of the key with this SHA-256, of at most `calls` in `PACE_S`; None: no key."""
    shares = pacing.shares(calls)
    row = tx.execute(_ADMIT, {"hash": digest, **shares}).one_or_none()
    if row is None:
        return None
    known = {scope.value for scope in Scope}
    return Admission(
        row.id,
        row.workspace_id,
        row.name,
        row.prefix,
        frozenset(Scope(one) for one in row.scopes if one in known),
        left=max(0, int((PACE_S - row.ahead_s) / shares["share"].total_seconds())),
        full_in_s=row.ahead_s,
        refused_for_s=row.over_s if row.over_s > 0 else None,
    )


def opens(tx: Transaction, key_id: UUID) -> bool:
    """Tell whether a key still opens anything."""
    lives = (ApiKeyRow.revoked_at.is_(None)) | (ApiKeyRow.revoked_at > func.now())
    found = tx.execute(select(ApiKeyRow.id).where(ApiKeyRow.id == key_id, lives))
    return found.scalar_one_or_none() is not None


def add(  # noqa: PLR0913, PLR0917 - one row
    tx: Transaction,
    workspace_id: UUID,
    name: str,
    digest: bytes,
    prefix: str,
    scopes: Iterable[Scope],
    now: datetime,
) -> UUID:
    """Store a key by its SHA-256; return its id."""
    key_id = uuid4()
    tx.execute(
        insert(ApiKeyRow).values(
            id=key_id,
            workspace_id=workspace_id,
            name=name,
            hash=digest,
            prefix=prefix,
            scopes=sorted(scope.value for scope in scopes),
            created_at=now,
        )
    )
    return key_id


_SHOWN = (
    *(ApiKeyRow.id, ApiKeyRow.workspace_id, ApiKeyRow.name, ApiKeyRow.prefix, ApiKeyRow.scopes),
    *(ApiKeyRow.created_at, ApiKeyRow.last_used_at, ApiKeyRow.revoked_at),
)


def listed(tx: Transaction) -> Sequence[dict[str, Any]]:
    """Return every key, newest first, without what opens anything."""
    rows = tx.execute(select(*_SHOWN).order_by(ApiKeyRow.created_at.desc(), ApiKeyRow.id))
    return [dict(row) for row in rows.mappings()]


def end(tx: Transaction, key_id: UUID, at: datetime) -> bool:
    """Let a key open nothing from `at` on; False: it ends no later already, or is not there."""
    still = (ApiKeyRow.revoked_at.is_(None)) | (ApiKeyRow.revoked_at > at)
    statement = update(ApiKeyRow).where(ApiKeyRow.id == key_id, still).values(revoked_at=at)
    return tx.execute(statement).rowcount == 1
