"""Statements over sessions in the console: who is signed in, and what they may do."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import DateTime, bindparam, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from domain.access import Scope
from infra.database import pacing
from infra.database.engine import Transaction
from infra.database.tables import ApiKeyRow, ConsoleSessionRow


@dataclass(frozen=True, slots=True)
class Opening:
    """What a session begins with: by a key or a link, for all deals or one."""

    workspace_id: UUID
    who: str
    scopes: frozenset[Scope]
    expires_at: datetime
    key_id: UUID | None = None
    link_id: UUID | None = None
    deal_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A living session."""

    id: UUID
    workspace_id: UUID
    who: str
    scopes: frozenset[Scope]
    deal_id: UUID | None


_ROW, _KEY, _NOW = ConsoleSessionRow, ApiKeyRow, bindparam("now", type_=DateTime(timezone=True))
_LIVING = (
    select(
        *(_ROW.id, _ROW.workspace_id, _ROW.who, _ROW.scopes, _ROW.deal_id),
        _KEY.scopes.label("of_key"),
    )
    .join(_KEY, _KEY.id == _ROW.key_id, isouter=True)
    .where(
        _ROW.expires_at > _NOW,
        or_(_ROW.key_id.is_(None), _KEY.revoked_at.is_(None), _KEY.revoked_at > _NOW),
    )
)


_PACE = pacing.counting("console_sessions", "id = :session")


def open_(tx: Transaction, digest: bytes, opening: Opening) -> UUID | None:
    """Store a session under its cookie's SHA-256; None when its link has opened one before."""
    statement = insert(ConsoleSessionRow).values(
        id=uuid4(),
        hash=digest,
        workspace_id=opening.workspace_id,
        key_id=opening.key_id,
        link_id=opening.link_id,
        deal_id=opening.deal_id,
        who=opening.who,
        scopes=sorted(scope.value for scope in opening.scopes),
        expires_at=opening.expires_at,
    )
    kept = statement.on_conflict_do_nothing(index_elements=["link_id"])
    return tx.execute(kept.returning(ConsoleSessionRow.id)).scalar_one_or_none()


def find(tx: Transaction, digest: bytes, now: datetime) -> SignedIn | None:
    """Return the session of a cookie's SHA-256, unless it has ended, or its key has."""
    row = tx.execute(_LIVING.where(ConsoleSessionRow.hash == digest), {"now": now}).one_or_none()
    if row is None:
        return None
    scopes = row.scopes if row.of_key is None else row.of_key
    return SignedIn(row.id, row.workspace_id, row.who, _known(scopes), row.deal_id)


def pace(tx: Transaction, session_id: UUID, calls: int) -> float | None:
    """Count a call, of at most `calls` in `PACE_S`; return how long to wait if it is too soon."""
    row = tx.execute(_PACE, {"session": session_id, **pacing.shares(calls)}).one_or_none()
    return float(row.over_s) if row is not None and row.over_s > 0 else None


def opens(tx: Transaction, session_id: UUID) -> bool:
    """Tell whether a session has neither ended, nor its key."""
    now = tx.execute(select(func.now())).scalar_one()
    mine = _LIVING.where(ConsoleSessionRow.id == session_id)
    return tx.execute(mine, {"now": now}).first() is not None


def end(tx: Transaction, session_id: UUID, now: datetime) -> None:
    """End a session. Its row stays for a while, so that its link opens no second one."""
    mine = ConsoleSessionRow.id == session_id
    tx.execute(update(ConsoleSessionRow).where(mine).values(expires_at=now))


def purge(tx: Transaction, before: datetime) -> None:
    """Forget sessions that ended before."""
    tx.execute(delete(ConsoleSessionRow).where(ConsoleSessionRow.expires_at < before))


def _known(scopes: Iterable[str]) -> frozenset[Scope]:
    known = {scope.value for scope in Scope}
    return frozenset(Scope(one) for one in scopes if one in known)
