"""Signed links: how another system lets one of its people into the console, for one deal.

A link is `<console>/enter?link=<claims>.<signature>`: the claims are JSON, base64url without
padding; the signature is the HMAC-SHA256 of that text under the link key, base64url likewise.
Claims: `workspace`, `deal`, `id` (UUIDs; `id` new for each link), `who` (how the person is
recorded), `scopes` (a list), `at` (seconds since 1970). It opens one session, within minutes.
"""

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from domain.access import Scope

LINK_CHARACTERS_MAX = 2000
WHO_CHARACTERS_MAX = 200
AHEAD = timedelta(seconds=60)
"""How far the clock of who signs may run ahead of ours."""


class NotALink(Exception):  # noqa: N818 - named for what it is
    """Why a link opens nothing, in words for the person who followed it."""


@dataclass(frozen=True, slots=True)
class Link:
    """What a link says."""

    id: UUID
    workspace_id: UUID
    deal_id: UUID
    who: str
    scopes: frozenset[Scope]
    at: datetime


def signed(  # noqa: PLR0913, PLR0917 - the claims
    key: str, workspace_id: UUID, deal_id: UUID, who: str, scopes: Iterable[Scope], now: datetime
) -> str:
    """Return a link's token."""
    claims = {
        "id": str(uuid4()),
        "workspace": str(workspace_id),
        "deal": str(deal_id),
        "who": who,
        "scopes": sorted(scope.value for scope in scopes),
        "at": int(now.timestamp()),
    }
    text = _encoded(json.dumps(claims, separators=(",", ":")).encode())
    return f"{text}.{_signature(key, text)}"


def opened(token: str, keys: Sequence[str], now: datetime, age_max: timedelta) -> Link:
    """Return what a link says.

    Raises:
        NotALink: it is not signed by one of the keys, too old, or says something else.
    """
    text, _, signature = token[:LINK_CHARACTERS_MAX].partition(".")
    given = signature.encode("utf-8", "replace")
    matching = [hmac.compare_digest(_signature(key, text).encode(), given) for key in keys]
    if not any(matching):
        raise NotALink("This link is not signed by a system that is known here.")
    try:
        link = _read(json.loads(_decoded(text)))
    except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, OSError) as error:
        raise NotALink("This link does not say what a link must say.") from error
    if now - link.at > age_max or link.at - now > AHEAD:
        minutes = max(1, round(age_max.total_seconds() / 60))
        raise NotALink(f"This link is too old: links open for {minutes} min.")
    return link


def _read(said: Mapping[str, Any]) -> Link:
    who = str(said["who"]).strip()[:WHO_CHARACTERS_MAX]
    if not who or not who.isprintable():
        raise ValueError("nobody is named")
    return Link(
        id=UUID(said["id"]),
        workspace_id=UUID(said["workspace"]),
        deal_id=UUID(said["deal"]),
        who=who,
        scopes=frozenset(Scope(one) for one in said["scopes"]),
        at=datetime.fromtimestamp(int(said["at"]), tz=UTC),
    )


def _signature(key: str, text: str) -> str:
    return _encoded(hmac.digest(key.encode(), text.encode("utf-8", "replace"), hashlib.sha256))


def _encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
