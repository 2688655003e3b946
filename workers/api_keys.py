"""Making, rotating, revoking API keys. A key is shown once, when it is made; its hash is kept."""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.access import Scope
from infra.database import api_keys
from infra.database.engine import Database

BEGINNING = "tp_live_"
SHOWN = len(BEGINNING) + 4


@dataclass(frozen=True, slots=True)
class Made:
    """A new key."""

    id: UUID
    name: str
    secret: str = field(repr=False)


class NoSuchKey(Exception):  # noqa: N818 - named for what is not there
    """No living key is meant, or several are."""


def made_key(
    database: Database, workspace_id: UUID, name: str, scopes: Iterable[Scope], now: datetime
) -> Made:
    """Make a key of a workspace."""
    secret = new_secret()
    digest, prefix = digest_of(secret), secret[:SHOWN]
    with database.transaction() as tx:
        key_id = api_keys.add(tx, workspace_id, name, digest, prefix, scopes, now)
    return Made(key_id, name, secret)


def new_secret() -> str:
    """Return a new key."""
    return BEGINNING + secrets.token_urlsafe(32)


def digest_of(secret: str) -> bytes:
    """Return what is kept of a key. It has 256 bits of chance, so a plain hash is enough."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def rotate(
    database: Database, said: str, grace: timedelta, now: datetime
) -> tuple[Made, frozenset[Scope]]:
    """Make a key in place of another, which opens nothing once `grace` is over.

    Raises:
        NoSuchKey: no living key is meant, or several are.
    """
    old = meant(database, said, now)
    scopes = frozenset(Scope(one) for one in old["scopes"])
    made = made_key(database, old["workspace_id"], old["name"], scopes, now)
    with database.transaction() as tx:
        api_keys.end(tx, old["id"], now + grace)
    return made, scopes


def revoke(database: Database, said: str, now: datetime) -> dict[str, Any]:
    """Let a key open nothing from now on; return it.

    Raises:
        NoSuchKey: no living key is meant, or several are.
    """
    old = meant(database, said, now)
    with database.transaction() as tx:
        api_keys.end(tx, old["id"], now)
    return old


def meant(database: Database, said: str, now: datetime) -> dict[str, Any]:
    """Return the living key a person means: by the beginning of its id or of the key, or its name.

    Raises:
        NoSuchKey: no living key is meant, or several are.
    """
    with database.reading() as tx:
        rows = api_keys.listed(tx)
    living = [row for row in rows if row["revoked_at"] is None or row["revoked_at"] > now]
    found = [
        row
        for row in living
        if said
        and (str(row["id"]).startswith(said.lower()) or said in {row["name"], row["prefix"]})
    ]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(f"{row['id']} ({row['prefix']}…)" for row in found)
        raise NoSuchKey(f"{said!r} may be any of these; give more of the id: {names}")
    raise NoSuchKey(f"there is no living key {said!r}; fleet keys api list shows them")
