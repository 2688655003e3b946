"""OAuth tokens as Zoom has them: a refresh token dies the moment it is used.

An access token lives an hour. A user's pair is renewed as a pair, and the old refresh token is dead
at once (the old access token lives on to its end). Server-to-server tokens have no refresh token;
any number of them are good side by side. A server-to-server app that was deactivated gets none.
"""

from typing import Final
from uuid import uuid4

from infra.sandbox.clock import Clock
from infra.sandbox.store import Shelf, Store
from infra.sandbox.wire import Document
from infra.sandbox.zoom import seed

ACCESS_S: Final = 3_600
REFRESH_MS: Final = 90 * 86_400_000
S2S: Final = "s2s"
USER: Final = "user"


class Tokens:
    """Access and refresh tokens of both apps."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._clock = clock
        self._access = Shelf(store, "zoom.access_tokens")
        self._refresh = Shelf(store, "zoom.refresh_tokens")
        self._settings = Shelf(store, "zoom.token_settings")
        if not len(self._access):
            self.restore()

    def restore(self) -> Document:
        """Make the seeded tokens valid again and let both apps in; return the tokens."""
        self._settings.put("deactivated", {"value": False})
        self._access.put(seed.S2S_ACCESS_TOKEN, _access(S2S, seed.OWNER, None))
        self._access.put(seed.ACCESS_TOKEN, _access(USER, seed.OWNER, None))
        self._refresh.put(seed.REFRESH_TOKEN, _refresh(seed.OWNER, None))
        return {
            "s2s_access_token": seed.S2S_ACCESS_TOKEN,
            "access_token": seed.ACCESS_TOKEN,
            "refresh_token": seed.REFRESH_TOKEN,
        }

    def issue(self, kind: str, user: str, expires_in: float | None = ACCESS_S) -> Document:
        """Give out a token, for a user with a refresh token. `expires_in` seconds, None: never."""
        now = self._clock.now_ms()
        expires = None if expires_in is None else now + int(expires_in * 1000)
        access = f"za-{uuid4().hex}"
        self._access.put(access, _access(kind, user, expires))
        given: Document = {
            "access_token": access,
            "token_type": "bearer",
            "expires_in": expires_in,
            "scope": " ".join(sorted(self.scopes(kind))),
            "api_url": "https://api.zoom.us",
        }
        if kind == USER:
            given["refresh_token"] = f"zr-{uuid4().hex}"
            self._refresh.put(given["refresh_token"], _refresh(user, now + REFRESH_MS))
        return given

    def refreshed(self, token: str) -> Document | None:
        """Return a new pair and end the old refresh token; None when it is not good (any more)."""
        kept = self._refresh.get(token)
        if kept is None or (kept["expires_ms"] or self._clock.now_ms()) < self._clock.now_ms():
            return None
        self._refresh.remove(token)
        return self.issue(USER, kept["user"])

    def revoke(self, token: str, *, only_access: bool) -> None:
        """End an access token; unless `only_access`, with it every way to another one."""
        kept = self._access.get(token)
        if kept is None:
            return
        self._access.put(token, {**kept, "revoked": True})
        if only_access:
            return
        if kept["kind"] == S2S:
            self._settings.put("deactivated", {"value": True})
        for refresh in [one for one in self._refresh if kept["kind"] == USER]:
            self._refresh.remove(refresh)

    def problem_with(self, token: str | None) -> str | None:
        """Return Zoom's words for what is wrong with an access token, None when it is good."""
        kept = self._access.get(token) if token else None
        if kept is None or kept["revoked"]:
            return "Invalid access token."
        if kept["expires_ms"] is not None and kept["expires_ms"] <= self._clock.now_ms():
            return "Access token is expired."
        return None

    def holder(self, token: str | None) -> tuple[str, str]:
        """Return a token's kind and user; both empty when it is unknown."""
        kept = (self._access.get(token) if token else None) or {"kind": "", "user": ""}
        return kept["kind"], kept["user"]

    @property
    def deactivated(self) -> bool:
        """Has the server-to-server app been deactivated?"""
        return bool((self._settings.get("deactivated") or {}).get("value"))

    def scopes(self, kind: str) -> list[str]:
        """Return the scopes the tokens of an app have."""
        kept = self._settings.get(f"scopes/{kind}")
        default = seed.S2S_SCOPES if kind == S2S else seed.USER_SCOPES
        return list(kept["value"]) if kept else list(default)

    def set_scopes(self, kind: str, scopes: list[str] | None) -> None:
        """Change what an app's tokens may do; None: as seeded."""
        if scopes is None:
            self._settings.remove(f"scopes/{kind}")
        else:
            self._settings.put(f"scopes/{kind}", {"value": scopes})


def _access(kind: str, user: str, expires_ms: int | None) -> Document:
    return {"kind": kind, "user": user, "expires_ms": expires_ms, "revoked": False}


def _refresh(user: str, expires_ms: int | None) -> Document:
    return {"user": user, "expires_ms": expires_ms}
