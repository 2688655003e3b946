"""Connecting an app to organisations: where to send the person, and what the code is good for.

The authorization code flow with PKCE (S256). The redirect URI must be registered with the app,
letter for letter; the code is good for 5 minutes and once. The scopes are the granular ones, which
apps made since 2 March 2026 get; without `offline_access` there is no refresh token.
Source: developer.xero.com, "The standard authorization code flow", "PKCE flow", "Scopes".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from domain.actions.outcome import Deferred, Rejected, Succeeded
from infra import oauth
from infra.exchange import json_of
from infra.oauth import Asked, exchange_tokens
from infra.platforms.xero.organisation import organisation_call, read_organisation
from infra.platforms.xero.tokens import TOKENS
from infra.session import Session

SCOPES = (
    "offline_access",
    "accounting.invoices",
    "accounting.payments",
    "accounting.contacts",
    "accounting.settings.read",
)
PATH = "/connect/authorize"


@dataclass(frozen=True, slots=True)
class Organisation:
    """An organisation the person let the app into."""

    tenant: str
    name: str


def ask(login_url: str, client_id: str, redirect_uri: str) -> Asked:
    """Begin a sign-in."""
    return oauth.ask(f"{login_url}{PATH}", client_id, redirect_uri, SCOPES)


def redeem(session: Session, asked: Asked, code: str) -> Mapping[str, Any] | Rejected | Deferred:
    """Exchange the code for credentials; the session (identity service) holds the app's own.

    Raises:
        TooLate, Broken: see `infra.exchange`.
    """
    held = exchange_tokens(TOKENS, session, asked.form(code), "take the code")
    if isinstance(held, dict) and not held.get("refresh_token"):
        return Rejected("no_refresh_token", "Xero gave no refresh token (scope offline_access)")
    return held


def organisations(session: Session) -> list[Organisation] | Rejected:
    """List the organisations the credentials reach (`GET /connections`, on the API).

    Raises:
        TooLate, Broken: see `infra.exchange`.
    """
    headers = {
        "Authorization": f"Bearer {session.credentials['access_token']}",
        "Accept": "application/json",
    }
    exchange = session.send("GET", "/connections", headers=headers)
    rows = json_of(exchange.answer)
    try:
        found = [
            Organisation(str(row["tenantId"]), str(row.get("tenantName") or row["tenantId"]))
            for row in rows
            if row.get("tenantType", "ORGANISATION") == "ORGANISATION"
        ]
    except (TypeError, KeyError, AttributeError):
        return Rejected("unreadable_answer", f"Xero's connections: HTTP {exchange.status}")
    if exchange.status != 200:
        return Rejected("refused", f"Xero's connections: HTTP {exchange.status}")
    return found


def problem_with(session: Session) -> str | None:
    """Try the credentials on the session's organisation; return what is wrong, None when good.

    Raises:
        TooLate, Broken: see `infra.exchange`.
    """
    outcome = read_organisation(session, organisation_call())
    return None if isinstance(outcome, Succeeded) else outcome.message
