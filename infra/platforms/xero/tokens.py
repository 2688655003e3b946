"""Renewing Xero's token pair.

The access token lives 30 minutes, the refresh token 60 days and is replaced at each renewal; the
old one still works for 30 minutes, so an answer that never came is asked for again.
Source: developer.xero.com, "The standard authorization code flow", token refresh.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from domain.actions.outcome import Deferred, Rejected
from infra.oauth import TokenEndpoint, exchange_tokens
from infra.platform import TOKEN_MARGIN
from infra.session import Session

TOKENS = TokenEndpoint("Xero", "/connect/token", life=timedelta(minutes=30))


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
    return exchange_tokens(TOKENS, session, form, "renew the token")
