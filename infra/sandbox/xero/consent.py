"""A person agreeing to connect an app: the consent page, and the codes it leads to.

PKCE is S256 only.
Source: Xero developer guide, "The standard authorization code flow" and "PKCE flow".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Final
from urllib.parse import parse_qs

from infra.sandbox import seed
from infra.sandbox.clock import Clock
from infra.sandbox.codes import Codes, may_be_redirected_to, redirect
from infra.sandbox.store import Store
from infra.sandbox.wire import Answer, Document, Request

_ASKED: Final[tuple[str, ...]] = (
    "response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge",
    "code_challenge_method",
)  # fmt: skip
_SCOPES: Final = frozenset({"openid", "profile", "email", "offline_access"})
_OLD_SCOPES: Final = frozenset({"accounting.transactions", "accounting.transactions.read"})
"""Not given to apps made since 2 March 2026."""


@dataclass(frozen=True, slots=True)
class Granted:
    """What a code stands for."""

    tenants: list[str]
    scope: str


class Consent:
    """The page, and the codes given out."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._codes = Codes(store, clock, "xero.codes")

    def page(self, request: Request, names: Mapping[str, str]) -> Answer:
        """Show the page, or (`approve=1` in the query, or the form sent) go on to the app.

        `names`: organisation by tenant id. The form's `tenant` (repeated) or the query's `tenants`
        (by commas) chooses; without either it is all of them. `approve=0` declines.
        """
        form = _values(request.raw_query) | _values(request.body.decode("utf-8", "replace"))
        asked = {name: form[name][-1] for name in _ASKED if name in form}
        wrong = _not_to_be_redirected(asked)
        if wrong is not None:
            return Answer(400, f"<p>{escape(wrong)}</p>".encode(), "text/html; charset=utf-8")
        error = _problem_with(asked)
        if error is not None:
            return redirect(asked, {"error": error})
        decision = form.get("approve", [""])[-1]
        if decision == "0":
            return redirect(asked, {"error": "access_denied"})
        if not decision:
            return Answer(200, _html(asked, names).encode(), "text/html; charset=utf-8")
        listed = ",".join(form.get("tenant", []) + form.get("tenants", []))
        chosen = [tenant for tenant in listed.split(",") if tenant in names] or list(names)
        code = self._codes.give(asked, {"tenants": chosen, "scope": asked["scope"]})
        return redirect(asked, {"code": code, "scope": asked["scope"]})

    def redeem(self, form: Mapping[str, str]) -> Granted | None:
        """Take a code; None when it is unknown, used, too old or not this client's to use."""
        granted = self._codes.redeem(form)
        return None if granted is None else Granted(granted["tenants"], granted["scope"])


def _not_to_be_redirected(asked: Document) -> str | None:
    if asked.get("client_id") != seed.CLIENT_ID:
        return "unauthorized_client: there is no such app"
    if not may_be_redirected_to(asked):
        return "invalid redirect_uri: https, or http on localhost"
    return None


def _problem_with(asked: Document) -> str | None:
    if asked.get("response_type") != "code":
        return "unsupported_response_type"
    scopes = asked.get("scope", "").split()
    known = [
        scope in _SCOPES or (scope.startswith("accounting.") and scope not in _OLD_SCOPES)
        for scope in scopes
    ]
    if not scopes or not all(known):
        return "invalid_scope"
    if "code_challenge" in asked and asked.get("code_challenge_method") != "S256":
        return "invalid_request"
    return None


def _values(encoded: str) -> dict[str, list[str]]:
    return parse_qs(encoded, keep_blank_values=True)


def _html(asked: Document, names: Mapping[str, str]) -> str:
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{escape(value)}">'
        for name, value in asked.items()
    )
    organisations = "".join(
        f'<p><label><input type="checkbox" name="tenant" value="{tenant}" checked> '
        f"{escape(name)}</label></p>"
        for tenant, name in names.items()
    )
    return (
        '<!doctype html><html lang="en"><title>Connect to the sandbox</title>'
        '<body style="font: 16px sans-serif; max-width: 32rem; margin: 3rem auto">'
        "<h1>Connect this app?</h1>"
        f"<p>It asks for: {escape(asked['scope'])}</p>"
        f'<form method="post">{hidden}{organisations}'
        '<button name="approve" value="1">Allow access</button> '
        '<button name="approve" value="0">Cancel</button></form></body></html>'
    )
