"""A person letting the app act as them: where to send them, and what the code is good for.

The authorization code flow with PKCE (S256; without a method Zoom would take it as plain). The
redirect URI must be listed with the app; the scopes are those set up for the app, the address names
none. Source: Zoom, "OAuth 2.0", "OAuth with PKCE", "Get a user".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from domain.actions.outcome import Deferred, Rejected, Unknown
from infra import oauth
from infra.oauth import Asked, exchange_tokens
from infra.platforms.zoom.errors import read
from infra.platforms.zoom.finding import headers
from infra.platforms.zoom.tokens import OAUTH, TO_CREATE, TO_LIST, TOKENS, may
from infra.session import Session

PATH: Final = "/authorize"


@dataclass(frozen=True, slots=True)
class User:
    """Who signed in. Each person of an account is a tenant: their tokens reach no other's meetings.

    Zoom counts calls by account; a person's are counted apart from the others' here.
    """

    tenant: str
    name: str
    id: str


def ask(oauth_url: str, client_id: str, redirect_uri: str) -> Asked:
    """Begin a sign-in."""
    return oauth.ask(f"{oauth_url}{PATH}", client_id, redirect_uri)


def redeem(session: Session, asked: Asked, code: str) -> Mapping[str, Any] | Rejected | Deferred:
    """Exchange the code for credentials; the session (OAuth server) holds the app's own.

    Raises:
        TooLate, Broken: see `infra.exchange`.
    """
    held = exchange_tokens(TOKENS, session, asked.form(code), "take the code")
    if not isinstance(held, dict):
        return held
    if not held.get("refresh_token"):
        return Rejected("no_refresh_token", "Zoom gave no refresh token; connect again")
    return without(held) or {**held, "kind": OAUTH}


def without(credentials: Mapping[str, Any]) -> Rejected | None:
    """Refuse credentials that cannot both create meetings and find them again."""
    lacking = [scopes[0] for scopes in (TO_CREATE, TO_LIST) if not may(credentials, scopes)]
    if not lacking:
        return None
    words = f"Zoom's token lacks {' and '.join(lacking)}: add them to the app's scopes"
    return Rejected("missing_scopes", words)


def user(session: Session) -> User | Rejected | Deferred:
    """Ask whose the credentials are (`GET /users/me`, on the API).

    Raises:
        TooLate, Broken: see `infra.exchange`.
    """
    answer = read(session.send("GET", "/users/me", headers=headers(session)))
    if isinstance(answer, Unknown):
        return Deferred(answer.code, answer.message)
    if not isinstance(answer, dict):
        return answer
    account, identity = answer.get("account_id"), answer.get("id")
    if not (isinstance(account, str) and account and isinstance(identity, str) and identity):
        return Rejected("unreadable_answer", "Zoom: the answer names no user of an account")
    name = answer.get("display_name") or answer.get("email") or identity
    return User(f"{account}:{identity}", f"Zoom, {name}", identity)
