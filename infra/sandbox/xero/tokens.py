"""OAuth 2 tokens as Xero has them: rotating refresh tokens with a grace period.

An access token lives 30 minutes; a refresh token 60 days, and 30 minutes from its first use; a new
pair comes with every refresh. The seeded access tokens do not expire.
Source: Xero developer guide, "Token types".
"""

from typing import Final
from uuid import NAMESPACE_URL, uuid4, uuid5

from infra.sandbox import seed
from infra.sandbox.clock import Clock, iso
from infra.sandbox.store import Shelf, Store
from infra.sandbox.wire import Document

ACCESS_S: Final = 1_800
GRACE_MS: Final = 1_800_000
REFRESH_MS: Final = 60 * 86_400_000
SCOPE: Final = (
    "offline_access accounting.invoices accounting.payments accounting.contacts accounting.settings"
)


class Tokens:
    """Access and refresh tokens of the one app, all of one user's."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._clock = clock
        self._access = Shelf(store, "xero.access_tokens")
        self._refresh = Shelf(store, "xero.refresh_tokens")
        self._connected = Shelf(store, "xero.connected")
        if not len(self._access):
            self.restore()

    def restore(self) -> Document:
        """Make the seeded tokens valid again, for every organisation, and return them."""
        every = [*seed.TENANTS, *self._connected]
        self._access.put(seed.ACCESS_TOKEN, _access(None, every))
        self._access.put(seed.ACCESS_TOKEN_ONE, _access(None, [seed.TENANT_ONE]))
        self._refresh.put(seed.REFRESH_TOKEN, _refresh(None, every, SCOPE))
        return {"access_token": seed.ACCESS_TOKEN, "refresh_token": seed.REFRESH_TOKEN}

    def connect(self, tenant: str) -> None:
        """Let the seeded pair reach one more organisation."""
        self._connected.put(tenant, {})
        for shelf, token in (
            (self._access, seed.ACCESS_TOKEN),
            (self._refresh, seed.REFRESH_TOKEN),
        ):
            kept = shelf.get(token) or {}
            shelf.put(token, {**kept, "tenants": [*kept["tenants"], tenant]})

    def issue(
        self, tenants: list[str], expires_in: float | None = ACCESS_S, scope: str = SCOPE
    ) -> Document:
        """Give out a new pair (as when a person connects). `expires_in` seconds, None: never.

        Without `offline_access` in the scope there is no refresh token.
        """
        now = self._clock.now_ms()
        expires = None if expires_in is None else now + int(expires_in * 1000)
        access, refresh = f"at-{uuid4().hex}", f"rt-{uuid4().hex}"
        self._access.put(access, _access(expires, tenants))
        pair = {"access_token": access, "expires_in": expires_in, "token_type": "Bearer"}
        if "offline_access" in scope.split():
            self._refresh.put(refresh, _refresh(now + REFRESH_MS, tenants, scope))
            pair["refresh_token"] = refresh
        return {**pair, "scope": scope}

    def refreshed(self, token: str) -> Document | None:
        """Return a new pair for a refresh token; None when it is not (or no longer) good."""
        kept = self._refresh.get(token)
        now = self._clock.now_ms()
        if kept is None or not _is_usable(kept, now):
            return None
        if kept["used_ms"] is None:
            self._refresh.put(token, {**kept, "used_ms": now})
        return self.issue(kept["tenants"], scope=kept["scope"])

    def revoke(self, token: str, *, only_access: bool) -> None:
        """End an access token; unless `only_access`, with it every refresh token of the app."""
        kept = self._access.get(token)
        if kept is not None:
            self._access.put(token, {**kept, "revoked": True})
        if not only_access:
            self._revoke_refreshes()

    def disconnect_everything(self, refresh_token: str) -> None:
        """Drop every connection of the user whose refresh token this is; unknown ones drop none."""
        if self._refresh.get(refresh_token) is None:
            return
        for access in list(self._access):
            self._access.put(access, {**(self._access.get(access) or {}), "tenants": []})
        self._revoke_refreshes()

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
        """Return `GET /connections`, but for the names."""
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
        for shelf in (self._access, self._refresh):
            for key in list(shelf):
                kept = shelf.get(key) or {}
                left = [tenant for tenant in kept["tenants"] if tenant not in chosen]
                shelf.put(key, {**kept, "tenants": left})
        return bool(chosen)

    def _revoke_refreshes(self) -> None:
        for refresh in list(self._refresh):
            self._refresh.put(refresh, {**(self._refresh.get(refresh) or {}), "revoked": True})


def _is_usable(kept: Document, now: int) -> bool:
    if kept["revoked"] or (kept["expires_ms"] is not None and kept["expires_ms"] <= now):
        return False
    return kept["used_ms"] is None or bool(now - kept["used_ms"] <= GRACE_MS)


def _access(expires_ms: int | None, tenants: list[str]) -> Document:
    return {"expires_ms": expires_ms, "revoked": False, "tenants": tenants}


def _refresh(expires_ms: int | None, tenants: list[str], scope: str) -> Document:
    return {
        "expires_ms": expires_ms,
        "revoked": False,
        "used_ms": None,
        "tenants": tenants,
        "scope": scope,
    }
