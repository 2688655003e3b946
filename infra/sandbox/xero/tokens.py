"""OAuth 2 as Xero has it: rotating refresh tokens with a grace period, and the connections.

An access token lives 30 minutes; a refresh token 60 days, and 30 minutes from its first use; a new
pair comes with every refresh. The seeded access tokens do not expire.
Source: Xero developer guide, "Token types".
"""

from base64 import b64decode
from typing import Final
from uuid import NAMESPACE_URL, uuid4, uuid5

from infra.sandbox import seed
from infra.sandbox.clock import Clock, iso
from infra.sandbox.effects import Cause, Effects
from infra.sandbox.store import Shelf, Store
from infra.sandbox.wire import Answer, Document, Request, json_answer, parse_query

ACCESS_S: Final = 1_800
GRACE_MS: Final = 1_800_000
REFRESH_MS: Final = 60 * 86_400_000
SCOPE: Final = (
    "offline_access accounting.invoices accounting.payments accounting.contacts accounting.settings"
)


class Tokens:
    """Access and refresh tokens of the one app."""

    def __init__(self, store: Store, clock: Clock, effects: Effects) -> None:
        self._clock = clock
        self._effects = effects
        self._access = Shelf(store, "xero.access_tokens")
        self._refresh = Shelf(store, "xero.refresh_tokens")
        if not len(self._access):
            self.restore()

    def restore(self) -> Document:
        """Make the seeded tokens valid again and return them."""
        every = list(seed.TENANTS)
        self._access.put(seed.ACCESS_TOKEN, _access(None, every))
        self._access.put(seed.ACCESS_TOKEN_ONE, _access(None, [seed.TENANT_ONE]))
        self._refresh.put(seed.REFRESH_TOKEN, _refresh(None, every))
        return {"access_token": seed.ACCESS_TOKEN, "refresh_token": seed.REFRESH_TOKEN}

    def issue(self, tenants: list[str], expires_in: float | None = ACCESS_S) -> Document:
        """Give out a new pair (as when a person connects). `expires_in` seconds, None: never."""
        now = self._clock.now_ms()
        expires = None if expires_in is None else now + int(expires_in * 1000)
        access, refresh = f"at-{uuid4().hex}", f"rt-{uuid4().hex}"
        self._access.put(access, _access(expires, tenants))
        self._refresh.put(refresh, _refresh(now + REFRESH_MS, tenants))
        return {
            "access_token": access,
            "expires_in": expires_in,
            "token_type": "Bearer",
            "refresh_token": refresh,
            "scope": SCOPE,
        }

    def revoke(self, token: str, *, only_access: bool) -> None:
        """End a token; unless `only_access`, with it every refresh token of the app."""
        kept = self._access.get(token)
        if kept is not None:
            self._access.put(token, {**kept, "revoked": True})
        if not only_access:
            for refresh in list(self._refresh):
                self._refresh.put(refresh, {**(self._refresh.get(refresh) or {}), "revoked": True})

    def problem_with(self, token: str | None) -> str | None:
        """Return Xero's words for what is wrong with an access token, None when it is good."""
        kept = self._access.get(token) if token else None
        if kept is None or kept["revoked"]:
            return "AuthenticationUnsuccessful"
        if kept["expires_ms"] is not None and kept["expires_ms"] <= self._clock.now_ms():
            return f"TokenExpired: token expired at {iso(kept['expires_ms'] / 1000)}"
        return None

    def tenants(self, token: str | None) -> list[str]:
        """Return the tenants a token has connections to."""
        kept = self._access.get(token) if token else None
        return list(kept["tenants"]) if kept else []

    def connections(self, token: str | None) -> list[Document]:
        """Return `GET /connections`."""
        return [
            {
                "id": str(uuid5(NAMESPACE_URL, tenant)),
                "authEventId": str(uuid5(NAMESPACE_URL, f"{tenant}/authorisation")),
                "tenantId": tenant,
                "tenantType": "ORGANISATION",
                "createdDateUtc": "2026-01-05T00:00:00.0000000",
                "updatedDateUtc": "2026-01-05T00:00:00.0000000",
            }
            for tenant in self.tenants(token)
        ]

    def disconnect(self, token: str | None, connection: str) -> bool:
        """Carry out `DELETE /connections/{id}` for every token; False when there is none."""
        chosen = {row["tenantId"] for row in self.connections(token) if row["id"] == connection}
        for access in list(self._access):
            kept = self._access.get(access) or {}
            left = [tenant for tenant in kept["tenants"] if tenant not in chosen]
            self._access.put(access, {**kept, "tenants": left})
        return bool(chosen)

    def exchange(self, request: Request, cause: Cause) -> Answer:
        """Carry out `POST /connect/token`."""
        form = parse_query(request.body.decode("utf-8", "replace"))
        if _client(request, form) != (seed.CLIENT_ID, seed.CLIENT_SECRET):
            return json_answer(400, {"error": "invalid_client"})
        if form.get("grant_type") != "refresh_token":
            return json_answer(400, {"error": "unsupported_grant_type"})
        token = form.get("refresh_token", "")
        kept = self._refresh.get(token)
        now = self._clock.now_ms()
        if kept is None or not _is_usable(kept, now):
            return json_answer(400, {"error": "invalid_grant"})
        if kept["used_ms"] is None:
            self._refresh.put(token, {**kept, "used_ms": now})
        pair = self.issue(kept["tenants"])
        self._effects.record(cause, "xero", "token.refreshed", pair["access_token"])
        return json_answer(200, pair)


def _is_usable(kept: Document, now: int) -> bool:
    if kept["revoked"] or (kept["expires_ms"] is not None and kept["expires_ms"] <= now):
        return False
    return kept["used_ms"] is None or bool(now - kept["used_ms"] <= GRACE_MS)


def _access(expires_ms: int | None, tenants: list[str]) -> Document:
    return {"expires_ms": expires_ms, "revoked": False, "tenants": tenants}


def _refresh(expires_ms: int | None, tenants: list[str]) -> Document:
    return {"expires_ms": expires_ms, "revoked": False, "used_ms": None, "tenants": tenants}


def _client(request: Request, form: dict[str, str]) -> tuple[str, str]:
    scheme, _, coded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            identity, _, secret = b64decode(coded).decode().partition(":")
        except ValueError:
            return "", ""
        return identity, secret
    return form.get("client_id", ""), form.get("client_secret", "")
