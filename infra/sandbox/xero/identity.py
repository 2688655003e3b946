"""Xero's identity server: consent, tokens, connections, revocation.

Source: Xero developer guide, "OAuth 2.0".
"""

from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from hashlib import sha256
from hmac import new as hmac
from typing import Final

from infra.sandbox import seed
from infra.sandbox.clock import Clock
from infra.sandbox.effects import Cause, Effects
from infra.sandbox.wire import Answer, Document, Request, encode, json_answer, parse_query
from infra.sandbox.xero.consent import Consent
from infra.sandbox.xero.errors import not_found
from infra.sandbox.xero.organisations import Organisations
from infra.sandbox.xero.tokens import Tokens

OPEN: Final = frozenset({
    "/identity/connect/authorize", "/connect/token", "/connect/revocation"
})  # fmt: skip
"""Paths, in lower case, that take no access token."""
_ID_TOKEN_S: Final = 300


class Identity:
    """Everything beside the accounting API."""

    def __init__(
        self,
        tokens: Tokens,
        consent: Consent,
        organisations: Organisations,
        clock: Clock,
        effects: Effects,
    ) -> None:
        self._tokens = tokens
        self._consent = consent
        self._organisations = organisations
        self._clock = clock
        self._effects = effects
        self._grants: Mapping[str, Callable[[dict[str, str], Cause], Document | None]] = {
            "refresh_token": self._refresh,
            "authorization_code": self._authorise,
        }

    def answer(self, request: Request, cause: Cause) -> Answer:
        """Carry out a call; 404 when there is no such."""
        path = request.path.lower()  # SDKs write /Connections
        if path == "/identity/connect/authorize" and request.method in {"GET", "POST"}:
            return self._consent.page(request, self._names(self._organisations))
        if request.method == "POST" and path == "/connect/token":
            return self._exchange(request, cause)
        if request.method == "POST" and path == "/connect/revocation":
            return self._revoke(request)
        if path == "/connections" and request.method == "GET":
            return self._connections(request)
        if path.startswith("/connections/") and request.method == "DELETE":
            identity = path.removeprefix("/connections/")
            gone = self._tokens.disconnect(request.bearer, identity)
            return Answer(204) if gone else not_found()
        return not_found()

    def _exchange(self, request: Request, cause: Cause) -> Answer:
        form = parse_query(request.body.decode("utf-8", "replace"))
        if not _is_our_client(request, form):
            return json_answer(400, {"error": "invalid_client"})
        grant = self._grants.get(form.get("grant_type", ""))
        if grant is None:
            return json_answer(400, {"error": "unsupported_grant_type"})
        pair = grant(form, cause)
        if pair is None:
            return json_answer(400, {"error": "invalid_grant"})
        return json_answer(200, pair)

    def _refresh(self, form: dict[str, str], cause: Cause) -> Document | None:
        pair = self._tokens.refreshed(form.get("refresh_token", ""))
        if pair is not None:
            self._effects.record(cause, "xero", "token.refreshed", pair["access_token"])
        return pair

    def _authorise(self, form: dict[str, str], cause: Cause) -> Document | None:
        granted = self._consent.redeem(form)
        if granted is None:
            return None
        pair = self._tokens.issue(granted.tenants, scope=granted.scope)
        self._effects.record(cause, "xero", "token.issued", pair["access_token"])
        if "openid" in granted.scope.split():
            pair["id_token"] = self._id_token()
        return pair

    def _revoke(self, request: Request) -> Answer:
        form = parse_query(request.body.decode("utf-8", "replace"))
        if not _is_our_client(request, form):
            return json_answer(400, {"error": "invalid_client"})
        self._tokens.disconnect_everything(form.get("token", ""))
        return Answer(200)

    def _connections(self, request: Request) -> Answer:
        rows = self._tokens.connections(request.bearer)
        names = self._names([row["tenantId"] for row in rows])
        event = request.query.get("authEventId")
        return json_answer(
            200,
            [
                {**row, "tenantName": names[row["tenantId"]]}
                for row in rows
                if event in (None, row["authEventId"])
            ],
        )

    def _names(self, tenants: Organisations | list[str]) -> dict[str, str]:
        return {tenant: self._organisations[tenant].organisation["Name"] for tenant in tenants}

    def _id_token(self) -> str:
        now = int(self._clock.now())
        header = {"alg": "HS256", "typ": "JWT"}
        claims = {
            "iss": "https://identity.xero.com",
            "aud": seed.CLIENT_ID,
            "sub": "sandbox-user",
            "email": "owner@example.com",
            "iat": now,
            "exp": now + _ID_TOKEN_S,
        }
        signed = b".".join(_url_safe(encode(part)) for part in (header, claims))
        signature = hmac(seed.CLIENT_SECRET.encode(), signed, sha256).digest()
        return (signed + b"." + _url_safe(signature)).decode()


def _url_safe(content: bytes) -> bytes:
    return urlsafe_b64encode(content).rstrip(b"=")


def _is_our_client(request: Request, form: dict[str, str]) -> bool:
    return _client(request, form) == (seed.CLIENT_ID, seed.CLIENT_SECRET)


def _client(request: Request, form: dict[str, str]) -> tuple[str, str]:
    scheme, _, coded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            identity, _, secret = b64decode(coded).decode().partition(":")
        except ValueError:
            return "", ""
        return identity, secret
    return form.get("client_id", ""), form.get("client_secret", "")
