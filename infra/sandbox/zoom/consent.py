"""A person letting the app in: the consent page, and the codes it leads to.

PKCE as Zoom documents it: S256, or plain, which is also what a challenge without a method means.
The scopes are those set up for the app; the query names none.
Source: Zoom developer documentation, "OAuth 2.0", "OAuth with PKCE".
"""

from collections.abc import Mapping
from html import escape
from typing import Final
from urllib.parse import parse_qs

from infra.sandbox.clock import Clock
from infra.sandbox.codes import Codes, may_be_redirected_to, redirect
from infra.sandbox.store import Store
from infra.sandbox.wire import Answer, Document, Request
from infra.sandbox.zoom import seed

_ASKED: Final[tuple[str, ...]] = (
    "response_type", "client_id", "redirect_uri", "state", "code_challenge",
    "code_challenge_method",
)  # fmt: skip


class Consent:
    """The page, and the codes given out."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._codes = Codes(store, clock, "zoom.codes")

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
            return redirect(asked, {"error": "unsupported_response_type"})
        if asked.get("code_challenge_method", "plain") not in {"S256", "plain"}:
            return redirect(asked, {"error": "invalid_request"})
        decision = form.get("approve", "")
        if decision == "0":
            return redirect(asked, {"error": "access_denied"})
        if not decision:
            return Answer(200, _html(asked, users).encode(), "text/html; charset=utf-8")
        user = form.get("user", seed.OWNER)
        granted = {"user": user if user in users else seed.OWNER}
        return redirect(asked, {"code": self._codes.give(asked, granted)})

    def redeem(self, form: Mapping[str, str]) -> str | None:
        """Take a code and return whose it is; None when unknown, used, too old or another's."""
        granted = self._codes.redeem(form)
        return None if granted is None else str(granted["user"])


def _not_to_be_redirected(asked: Mapping[str, str]) -> str | None:
    if asked.get("client_id") != seed.CLIENT_ID:
        return "Invalid client_id: there is no such app (4,702)"
    if not may_be_redirected_to(asked):
        return "Invalid redirect url (4,700)"
    return None


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
