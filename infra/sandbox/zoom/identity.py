"""Zoom's OAuth server: the consent page and the token endpoint.

The token endpoint takes its parameters from the query or from a form, and the app's own id and
secret by Basic authorisation. Source: Zoom developer documentation, "OAuth 2.0",
"Server-to-Server OAuth".
"""

from base64 import b64decode
from typing import Final

from infra.sandbox.effects import Cause, Effects
from infra.sandbox.wire import Answer, Document, Request, json_answer, parse_query
from infra.sandbox.zoom import seed
from infra.sandbox.zoom.consent import Consent
from infra.sandbox.zoom.refusals import NO_ENDPOINT, ZoomError, refused
from infra.sandbox.zoom.tokens import S2S, USER, Tokens
from infra.sandbox.zoom.users import Users

PATHS: Final = ("/oauth/authorize", "/oauth/token")
"""What takes no access token."""
_APPS: Final = {
    seed.S2S_CLIENT_ID: (S2S, seed.S2S_CLIENT_SECRET),
    seed.CLIENT_ID: (USER, seed.CLIENT_SECRET),
}


class TokenError(Exception):
    """A refusal of the token endpoint: its `error`; the text is its `reason`."""

    def __init__(self, error: str, reason: str) -> None:
        super().__init__(reason)
        self.error = error


class Identity:
    """Everything under /oauth."""

    def __init__(self, tokens: Tokens, consent: Consent, users: Users, effects: Effects) -> None:
        self._tokens = tokens
        self._consent = consent
        self._users = users
        self._effects = effects

    def answer(self, request: Request, cause: Cause) -> Answer:
        """Carry out a call."""
        if request.path == "/oauth/authorize" and request.method in {"GET", "POST"}:
            names = {user["id"]: user["display_name"] for user in self._users.all()}
            return self._consent.page(request, names)
        if request.path == "/oauth/token" and request.method == "POST":
            form = dict(request.query) | parse_query(request.body.decode("utf-8", "replace"))
            try:
                return json_answer(200, self._grant(_app(request), form, cause))
            except TokenError as error:
                return json_answer(400, {"reason": str(error), "error": error.error})
        return refused(ZoomError(NO_ENDPOINT, "This API endpoint is not recognized."))

    def _grant(self, kind: str, form: dict[str, str], cause: Cause) -> Document:
        grant = form.get("grant_type", "")
        if (kind, grant) == (S2S, "account_credentials"):
            if form.get("account_id") != seed.ACCOUNT:
                raise TokenError("invalid_request", "Bad Request")
            if self._tokens.deactivated:
                raise TokenError("invalid_client", "The app has been deactivated.")
            return self._noted("token.issued", self._tokens.issue(S2S, seed.OWNER), cause)
        if (kind, grant) == (USER, "refresh_token"):
            pair = self._tokens.refreshed(form.get("refresh_token", ""))
            if pair is None:
                raise TokenError("invalid_grant", "Invalid Token!")
            return self._noted("token.refreshed", pair, cause)
        if (kind, grant) == (USER, "authorization_code"):
            user = self._consent.redeem(form)
            if user is None:
                raise TokenError("invalid_grant", "Invalid authorization code")
            return self._noted("token.issued", self._tokens.issue(USER, user), cause)
        raise TokenError("unsupported_grant_type", "unsupported grant type")

    def _noted(self, kind: str, given: Document, cause: Cause) -> Document:
        self._effects.record(cause, "zoom", kind, given["access_token"])
        return given


def _app(request: Request) -> str:
    """Return the kind of the app that asks.

    Raises:
        TokenError: it is none of ours, or its secret is wrong.
    """
    scheme, _, coded = request.headers.get("authorization", "").partition(" ")
    try:
        pair = b64decode(coded if scheme.lower() == "basic" else "").decode()
    except ValueError:
        pair = ""
    identity, _, secret = pair.partition(":")
    kind, right = _APPS.get(identity, ("", ""))
    if not kind or secret != right:
        raise TokenError("invalid_client", "Invalid client_id or client_secret")
    return kind
