"""Getting and renewing Zoom's tokens, for both kinds of app.

An access token lives an hour. A server-to-server app asks for a new one with its own keys, as
often as it likes. A person's pair is renewed as a pair, and the old refresh token is dead from then
on: an answer lost on the way ends the connection, and only the person can begin another.
Source: Zoom, "OAuth 2.0", "Server-to-Server OAuth".
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from domain.actions.outcome import Deferred, Rejected
from infra.oauth import TokenEndpoint, exchange_tokens
from infra.platform import TOKEN_MARGIN
from infra.session import Session

S2S: Final = "s2s"
OAUTH: Final = "oauth"
TOKENS: Final = TokenEndpoint("Zoom", "/token", life=timedelta(hours=1))
TO_CREATE: Final = ("meeting:write:meeting", "meeting:write")
TO_LIST: Final = ("meeting:read:list_meetings", "meeting:read")
"""The granular scope, and older apps' classic one; a server-to-server app's end in `:admin`."""
_NEEDED: Final = {
    S2S: ("account_id", "client_id", "client_secret"),
    OAUTH: ("client_id", "client_secret", "refresh_token"),
}


def needs_refresh(credentials: Mapping[str, Any], now: datetime) -> bool:
    """Tell whether there is no token yet, or it ends within two minutes."""
    if not credentials.get("access_token"):
        return True
    expires_at = credentials.get("expires_at")
    if not expires_at:
        return False
    return now >= datetime.fromisoformat(str(expires_at)) - TOKEN_MARGIN


def refresh(session: Session) -> Mapping[str, Any] | Rejected | Deferred:
    """Get a new token, or a new pair; return the whole new credentials.

    The session is on the OAuth server. Rejected means that a person must see to it; nothing secret
    is in any message.
    """
    held = session.credentials
    kind = S2S if held.get("kind") == S2S else OAUTH
    missing = [name for name in _NEEDED[kind] if not held.get(name)]
    if missing:
        words = f"the connection has no {', '.join(missing)}; connect Zoom again"
        return Rejected("credentials_incomplete", words)
    if kind == S2S:
        form = {"grant_type": "account_credentials", "account_id": held["account_id"]}
    else:
        form = {"grant_type": "refresh_token", "refresh_token": held["refresh_token"]}
    got = exchange_tokens(TOKENS, session, form, "give a new token")
    if isinstance(got, dict) and not may(got, TO_CREATE):
        words = (
            f"Zoom's token lacks the scope {TO_CREATE[0]}: add it to the app, then connect again"
        )
        return Rejected("missing_scopes", words)
    return got


def may(credentials: Mapping[str, Any], scopes: tuple[str, ...]) -> bool:
    """Tell whether a token has one of the scopes; one that does not say is taken at its word."""
    said = str(credentials.get("scope") or "").replace(",", " ").split()
    return not said or any(one in said or f"{one}:admin" in said for one in scopes)
