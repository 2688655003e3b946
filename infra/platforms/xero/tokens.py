"""Renewing Xero's token pair.

The access token lives 30 minutes, the refresh token 60 days and is replaced at each renewal; the
old one still works for 30 minutes, so an answer that never came is asked for again.
Source: developer.xero.com, "The standard authorization code flow", token refresh.
"""

import base64
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from domain.actions.outcome import Deferred, Rejected
from infra.exchange import Exchange
from infra.platform import TOKEN_MARGIN
from infra.platforms.xero.client import parsed
from infra.session import Session

PATH = "/connect/token"
LIFE_WHEN_NOT_SAID = timedelta(minutes=30)
PASSING = frozenset({"temporarily_unavailable", "server_error", "slow_down"})
"""Errors that no person can mend (RFC 6749, 4.1.2.1, and RFC 8628, 3.5)."""


def needs_refresh(credentials: Mapping[str, Any], now: datetime) -> bool:
    """Tell whether the access token ends within two minutes; without `expires_at` it never does."""
    expires_at = credentials.get("expires_at")
    if not expires_at:
        return False
    return now >= datetime.fromisoformat(str(expires_at)) - TOKEN_MARGIN


def refresh(session: Session) -> Mapping[str, Any] | Rejected | Deferred:
    """Exchange the refresh token for a new pair; return the whole new credentials.

    The session is on the identity service, not on the API.

    Rejected means that a person must connect Xero again; nothing secret is in any message.
    """
    held = session.credentials
    missing = [n for n in ("client_id", "client_secret", "refresh_token") if not held.get(n)]
    if missing:
        words = f"the connection has no {', '.join(missing)}; connect Xero again"
        return Rejected("credentials_incomplete", words)
    form = {"grant_type": "refresh_token", "refresh_token": held["refresh_token"]}
    return exchange_tokens(session, form, "renew the token")


def exchange_tokens(
    session: Session, form: Mapping[str, str], wish: str
) -> dict[str, Any] | Rejected | Deferred:
    """Ask the token endpoint for a pair; return the session's credentials with it.

    Raises:
        TooLate, Broken: see `infra.exchange`.
    """
    held = session.credentials
    pair = f"{held['client_id']}:{held['client_secret']}".encode()
    exchange = session.send(
        "POST",
        PATH,
        headers={
            "Authorization": f"Basic {base64.b64encode(pair).decode()}",
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        },
        body=urlencode(form).encode(),
    )
    answer = parsed(exchange.answer) or {}
    if exchange.status == 200 and isinstance(answer.get("access_token"), str):
        return _renewed(held, answer, exchange)
    error = answer.get("error")
    if exchange.status in {400, 401, 403} and isinstance(error, str) and error not in PASSING:
        return Rejected(error[:80], f"Xero refused to {wish}: {error[:80]}; connect again")
    return Deferred("token_not_renewed", f"Xero's token endpoint answered HTTP {exchange.status}")


def _renewed(
    held: Mapping[str, Any], answer: Mapping[str, Any], exchange: Exchange
) -> dict[str, Any]:
    seconds = answer.get("expires_in")
    known = isinstance(seconds, int) and seconds > 0
    life = timedelta(seconds=seconds) if known and seconds is not None else LIFE_WHEN_NOT_SAID
    given = {
        name: answer[name]
        for name in ("access_token", "refresh_token", "scope")
        if answer.get(name)
    }
    # Counted on our clock and from before it was asked for: no clock but ours is compared with it.
    expires_at = exchange.started_at + life
    return {**held, **given, "expires_at": expires_at.isoformat()}
