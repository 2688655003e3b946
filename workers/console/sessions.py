"""Who is signed in: the cookie, what it stands for, and how it begins and ends."""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response

from domain.access import Scope
from infra.database import api_keys, crm, sessions
from infra.database.sessions import Opening
from infra.http.problems import HttpProblem
from infra.settings import comma_separated
from workers.api.endpoint import Caller
from workers.api_keys import digest_of
from workers.console import links
from workers.console.visit import Visitor, csrf_of
from workers.fleet import Fleet

SOURCE = "console"
_PLAIN, _SECURE = "console", "__Host-console"
_SAME = frozenset({"same-origin", "none"})


class NotSignedIn(Exception):  # noqa: N818 - named for what is missing
    """The cookie is missing, unknown or of a session that has ended."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A new session: the cookie's secret, and where it begins."""

    secret: str
    opening: Opening


def visitor_of(fleet: Fleet, secret: str | None) -> Visitor:
    """Return who a cookie's secret stands for.

    Raises:
        NotSignedIn: nobody.
        HttpProblem: the session asks too often.
    """
    if not secret:
        raise NotSignedIn
    with fleet.database.transaction() as tx:
        found = sessions.find(tx, digest_of(secret), fleet.now())
        if found is None:
            raise NotSignedIn
        wait_s = sessions.pace(tx, found.id, fleet.settings.console_calls_per_minute)
    if wait_s is not None:
        seconds = str(int(wait_s) + 1)
        words = f"This session has asked for too much within a minute; wait {seconds} s."
        raise HttpProblem("too_many", words, headers={"Retry-After": seconds})
    caller = Caller(found.workspace_id, found.scopes, found.who, found.id, source=SOURCE)
    return Visitor(caller, found.deal_id, csrf_of(secret))


def begun_by_key(fleet: Fleet, key: str) -> Begun | None:
    """Begin a session of whoever has an API key; None: there is no such key, or it may not read.

    Raises:
        HttpProblem: the key has made its calls of this minute.
    """
    with fleet.database.transaction() as tx:
        known = api_keys.admit(tx, digest_of(key), fleet.settings.web_calls_per_minute)
    if known is None or not known.scopes & {Scope.INTEGRATIONS_READ, Scope.OPERATE}:
        return None
    if known.refused_for_s is not None:
        raise HttpProblem("too_many", "This key has made its calls of this minute; wait a moment.")
    who = f"API key {known.name} ({known.prefix}…)"
    expires_at = fleet.now() + timedelta(seconds=fleet.settings.console_session_s)
    return _begun(
        fleet, Opening(known.workspace_id, who, known.scopes, expires_at, key_id=known.key_id)
    )


def begun_by_link(fleet: Fleet, token: str) -> Begun:
    """Begin a session of whoever followed a signed link.

    Raises:
        NotALink: it opens nothing (any more).
    """
    chosen, now = fleet.settings, fleet.now()
    keys = comma_separated(chosen.console_link_key)
    link = links.opened(token, keys, now, timedelta(seconds=chosen.console_link_s))
    with fleet.database.reading() as tx:
        deal = crm.find_deal(tx, link.workspace_id, link.deal_id)
    if deal is None:
        raise links.NotALink("The deal this link is for is not there.")
    begun = _begun(
        fleet,
        Opening(
            link.workspace_id,
            link.who,
            link.scopes | {Scope.INTEGRATIONS_READ},
            now + timedelta(seconds=chosen.console_session_s),
            link_id=link.id,
            deal_id=link.deal_id,
        ),
    )
    if begun is None:
        raise links.NotALink("This link has been used: each opens once.")
    return begun


def _begun(fleet: Fleet, opening: Opening) -> Begun | None:
    secret = secrets.token_urlsafe(32)
    with fleet.database.transaction() as tx:
        opened = sessions.open_(tx, digest_of(secret), opening)
    return None if opened is None else Begun(secret, opening)


def ended(fleet: Fleet, visitor: Visitor) -> None:
    """End the visitor's session."""
    with fleet.database.transaction() as tx:
        sessions.end(tx, visitor.caller.key_id, fleet.now())


def new_key() -> str:
    """Return an Idempotency-Key for one opened dialog."""
    return f"console-{uuid4()}"


# --- the cookie -----------------------------------------------------------------------------------


def is_secure(fleet: Fleet, request: Request) -> bool:
    """People reach the console over HTTPS, here or at whatever ends TLS before it."""
    return request.url.scheme == "https" or fleet.settings.console_url.startswith("https://")


def secret_in(fleet: Fleet, request: Request) -> str | None:
    """Return what the session's cookie holds."""
    return request.cookies.get(_SECURE if is_secure(fleet, request) else _PLAIN)


def set_cookie(fleet: Fleet, request: Request, answer: Response, secret: str | None) -> None:
    """Put the session's cookie on an answer; None takes it away.

    Lax, not Strict: who follows a link from the CRM arrives signed in. Nothing that changes
    anything is a GET, and every form carries the session's own token besides.
    """
    secure = is_secure(fleet, request)
    name = _SECURE if secure else _PLAIN
    life = 0 if secret is None else int(fleet.settings.console_session_s)
    answer.set_cookie(
        name, secret or "", max_age=life, path="/", secure=secure, httponly=True, samesite="lax"
    )


def comes_from_here(request: Request) -> bool:
    """Tell whether a form was sent by a page of ours, as far as the browser says so."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in _SAME
    origin = request.headers.get("origin")
    try:
        return origin is None or urlsplit(origin).netloc == request.headers.get("host")
    except ValueError:  # it is no address at all
        return False
