"""A person agreeing to connect an app: the consent page, and the codes it leads to.

A code is good for 5 minutes and once. PKCE is S256 only.
Source: Xero developer guide, "The standard authorization code flow" and "PKCE flow".
"""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from typing import Final
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import uuid4

from infra.sandbox import seed
from infra.sandbox.clock import Clock
from infra.sandbox.store import Shelf, Store
from infra.sandbox.wire import Answer, Document, Request

CODE_MS: Final = 300_000
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
        self._codes = Shelf(store, "xero.codes")
        self._clock = clock

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
            return _redirect(asked, {"error": error})
        decision = form.get("approve", [""])[-1]
        if decision == "0":
            return _redirect(asked, {"error": "access_denied"})
        if not decision:
            return Answer(200, _html(asked, names).encode(), "text/html; charset=utf-8")
        listed = ",".join(form.get("tenant", []) + form.get("tenants", []))
        chosen = [tenant for tenant in listed.split(",") if tenant in names] or list(names)
        return _redirect(asked, {"code": self._give(asked, chosen)})

    def redeem(self, form: Mapping[str, str]) -> Granted | None:
        """Take a code; None when it is unknown, used, too old or not this client's to use."""
        code = form.get("code", "")
        kept = self._codes.get(code)
        self._codes.remove(code)
        if kept is None or kept["expires_ms"] <= self._clock.now_ms():
            return None
        if kept["redirect_uri"] != form.get("redirect_uri"):
            return None
        if (kept["challenge"] or "") != _challenge(form.get("code_verifier", "")):
            return None
        return Granted(kept["tenants"], kept["scope"])

    def _give(self, asked: Mapping[str, str], tenants: list[str]) -> str:
        code = uuid4().hex
        self._codes.put(
            code,
            {
                "redirect_uri": asked["redirect_uri"],
                "challenge": asked.get("code_challenge"),
                "scope": asked["scope"],
                "tenants": tenants,
                "expires_ms": self._clock.now_ms() + CODE_MS,
            },
        )
        return code


def _not_to_be_redirected(asked: Document) -> str | None:
    if asked.get("client_id") != seed.CLIENT_ID:
        return "unauthorized_client: there is no such app"
    uri = urlsplit(asked.get("redirect_uri", ""))
    local = uri.scheme == "http" and uri.hostname in {"localhost", "127.0.0.1"}
    if not (uri.scheme == "https" and uri.hostname) and not local:
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


def _challenge(verifier: str) -> str:
    if not verifier:
        return ""
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _redirect(asked: Document, answer: Mapping[str, str]) -> Answer:
    query = {**answer, **({"state": asked["state"]} if "state" in asked else {})}
    if "code" in answer:
        query["scope"] = asked["scope"]
    uri = asked["redirect_uri"]
    location = f"{uri}{'&' if '?' in uri else '?'}{urlencode(query)}"
    return Answer(302, b"", None, {"Location": location})


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
