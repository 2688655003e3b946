"""OAuth 2.0 as platforms speak it: a person's sign-in with PKCE, and the token endpoint.

Sources: RFC 6749 (4.1 authorization code, 5.2 errors, 6 refreshing), RFC 7636 (PKCE, S256).
"""

import base64
import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode

from domain.actions.outcome import Deferred, Rejected
from infra.exchange import Exchange, json_object
from infra.session import Session

PASSING: Final = frozenset({"temporarily_unavailable", "server_error", "slow_down"})
"""Errors that no person can mend (RFC 6749, 4.1.2.1, and RFC 8628, 3.5)."""
LIFE_MAX_S: Final = 10**8


@dataclass(frozen=True, slots=True)
class Asked:
    """One sign-in: where the person goes, and what must come back with them."""

    url: str
    state: str
    redirect_uri: str
    verifier: str = field(repr=False)

    def form(self, code: str) -> dict[str, str]:
        """Return what the token endpoint wants for the code the person came back with."""
        return {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": self.verifier,
        }


@dataclass(frozen=True, slots=True)
class TokenEndpoint:
    """Where a platform gives tokens out; `life` is how long they live when it does not say."""

    platform: str
    path: str
    life: timedelta


def ask(url: str, client_id: str, redirect_uri: str, scopes: Sequence[str] = ()) -> Asked:
    """Begin a sign-in at this address; without scopes those set up for the app count."""
    state, verifier = secrets.token_urlsafe(24), secrets.token_urlsafe(48)
    digest = hashlib.sha256(verifier.encode()).digest()
    query = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        **({"scope": " ".join(scopes)} if scopes else {}),
        "state": state,
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    return Asked(f"{url}?{urlencode(query)}", state, redirect_uri, verifier)


def exchange_tokens(
    endpoint: TokenEndpoint, session: Session, form: Mapping[str, str], wish: str
) -> dict[str, Any] | Rejected | Deferred:
    """Ask the token endpoint; return the session's credentials with what it gave.

    Rejected means that a person must connect again; nothing secret is in any message.

    Raises:
        TooLate, Broken: see `infra.exchange`.
    """
    held, who = session.credentials, endpoint.platform
    keys = f"{held['client_id']}:{held['client_secret']}".encode()
    exchange = session.send(
        "POST",
        endpoint.path,
        headers={
            "Authorization": f"Basic {base64.b64encode(keys).decode()}",
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        },
        body=urlencode(form).encode(),
    )
    answer = json_object(exchange.answer) or {}
    if exchange.status == 200 and _is_token(answer.get("access_token")):
        return {**held, **_given(answer, exchange, endpoint.life)}
    error = answer.get("error")
    if exchange.status in {400, 401, 403} and isinstance(error, str) and error not in PASSING:
        return Rejected(error[:80], f"{who} refused to {wish}: {error[:80]}; connect again")
    return Deferred("token_not_renewed", f"{who}'s token endpoint answered HTTP {exchange.status}")


def _given(answer: Mapping[str, Any], exchange: Exchange, life: timedelta) -> dict[str, str]:
    seconds = answer.get("expires_in")
    known = isinstance(seconds, int) and not isinstance(seconds, bool) and 0 < seconds < LIFE_MAX_S
    lives = timedelta(seconds=int(seconds or 0)) if known else life
    given = {
        name: answer[name]
        for name in ("access_token", "refresh_token", "scope")
        if isinstance(answer.get(name), str) and answer[name]
    }
    # Counted on our clock and from before it was asked for: no clock but ours is compared with it.
    return {**given, "expires_at": (exchange.started_at + lives).isoformat()}


def _is_token(value: object) -> bool:
    return isinstance(value, str) and bool(value) and value.isascii() and value.isprintable()
