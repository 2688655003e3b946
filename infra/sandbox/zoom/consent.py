"""A person letting the app in: the consent page, and the codes it leads to.

A code is good for 5 minutes and once. PKCE as Zoom documents it: S256, or plain, which is also what
a challenge without a method means. The scopes are those set up for the app; the query names none.
Source: Zoom developer documentation, "OAuth 2.0", "OAuth with PKCE".
"""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256
from html import escape
from typing import Final
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import uuid4

from infra.sandbox.clock import Clock
from infra.sandbox.store import Shelf, Store
from infra.sandbox.wire import Answer, Document, Request
from infra.sandbox.zoom import seed

CODE_MS: Final = 300_000
_ASKED: Final[tuple[str, ...]] = (
    "response_type", "client_id", "redirect_uri", "state", "code_challenge",
    "code_challenge_method",
)  # fmt: skip


class Consent:
    """The page, and the codes given out."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._codes = Shelf(store, "zoom.codes")
        self._clock = clock

    def page(self, request: Request, users: Mapping[str, str]) -> Answer:
        """Show the page, or (`approve=1` in the query, or the form sent) go on to the app.

        `users`: display name by id. `user` says who signs in, else it is the account's owner.
        `approve=0` declines.
        """
        form = _values(request.raw_query) | _values(request.body.decode("utf-8", "replace"))
        asked = {name: form[name] for name in _ASKED if name in form}
        wrong = _not_to_be_redirected(asked)
        if wrong is not None:
            return Answer(400, f"<p>{escape(wrong)}</p>".encode(), "text/html; charset=utf-8")
        if asked.get("response_type") != "code":
            return _redirect(asked, {"error": "unsupported_response_type"})
        if asked.get("code_challenge_method", "plain") not in {"S256", "plain"}:
            return _redirect(asked, {"error": "invalid_request"})
        decision = form.get("approve", "")
        if decision == "0":
            return _redirect(asked, {"error": "access_denied"})
        if not decision:
            return Answer(200, _html(asked, users).encode(), "text/html; charset=utf-8")
        user = form.get("user", seed.OWNER)
        return _redirect(asked, {"code": self._give(asked, user if user in users else seed.OWNER)})

    def redeem(self, form: Mapping[str, str]) -> str | None:
        """Take a code and return whose it is; None when unknown, used, too old or another's."""
        code = form.get("code", "")
        kept = self._codes.get(code)
        self._codes.remove(code)
        if kept is None or kept["expires_ms"] <= self._clock.now_ms():
            return None
        if kept["redirect_uri"] != form.get("redirect_uri"):
            return None
        verifier = form.get("code_verifier", "")
        if kept["challenge"] != (_s256(verifier) if kept["method"] == "S256" else verifier):
            return None
        return str(kept["user"])

    def _give(self, asked: Mapping[str, str], user: str) -> str:
        code = uuid4().hex
        self._codes.put(
            code,
            {
                "user": user,
                "redirect_uri": asked["redirect_uri"],
                "challenge": asked.get("code_challenge", ""),
                "method": asked.get("code_challenge_method", "plain"),
                "expires_ms": self._clock.now_ms() + CODE_MS,
            },
        )
        return code


def _not_to_be_redirected(asked: Mapping[str, str]) -> str | None:
    if asked.get("client_id") != seed.CLIENT_ID:
        return "Invalid client_id: there is no such app (4,702)"
    uri = urlsplit(asked.get("redirect_uri", ""))
    local = uri.scheme == "http" and uri.hostname in {"localhost", "127.0.0.1"}
    if not (uri.scheme == "https" and uri.hostname) and not local:
        return "Invalid redirect url (4,700)"
    return None


def _s256(verifier: str) -> str:
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _redirect(asked: Mapping[str, str], answer: Mapping[str, str]) -> Answer:
    query = {**answer, **({"state": asked["state"]} if "state" in asked else {})}
    uri = asked["redirect_uri"]
    location = f"{uri}{'&' if '?' in uri else '?'}{urlencode(query)}"
    return Answer(302, b"", None, {"Location": location})


def _values(encoded: str) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(encoded, keep_blank_values=True).items()}


def _html(asked: Document, users: Mapping[str, str]) -> str:
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{escape(value)}">'
        for name, value in asked.items()
    )
    choices = "".join(
        f'<p><label><input type="radio" name="user" value="{user}"'
        f"{' checked' if user == seed.OWNER else ''}> {escape(name)}</label></p>"
        for user, name in users.items()
    )
    scopes = "".join(f"<li>{escape(scope)}</li>" for scope in seed.USER_SCOPES)
    return (
        '<!doctype html><html lang="en"><title>Connect to the sandbox</title>'
        '<body style="font: 16px sans-serif; max-width: 32rem; margin: 3rem auto">'
        f"<h1>Add this app to Zoom?</h1><p>It asks for:</p><ul>{scopes}</ul>"
        f'<form method="post">{hidden}{choices}'
        '<button name="approve" value="1">Allow</button> '
        '<button name="approve" value="0">Decline</button></form></body></html>'
    )
