"""Zoom's limits: calls per second and per day of the account, creates per host and day.

Days begin at 00:00 UTC. `host_day` counts every create for the host, refused ones too; its refusal
carries neither X-RateLimit-Type nor Retry-After. Source: Zoom developer documentation, "Rate
limits"; the wording for a host, and what its refusal lacks: Zoom's staff in the developer forum.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from infra.sandbox.clock import Clock
from infra.sandbox.limits import Window, Windows
from infra.sandbox.store import Shelf, Store
from infra.sandbox.wire import Answer, Document, json_answer

_DEFAULTS: Final[Mapping[str, Any]] = {"qps": None, "day": None, "host_day": 100}
"""None: any number."""
_FREE: Final = {"qps": 2, "day": 2_000, "host_day": 100}
"""What a Free plan has, told where a refusal is ordered though there is no limit."""
_CATEGORY: Final = {"X-RateLimit-Category": "Medium"}
_WORDS: Final = {
    "qps": "You have reached the maximum per-second rate limit for this API. Try again later.",
    "day": "You have reached the maximum daily rate limit for this API. Refer to the response "
    "header for details on when you can make another request.",
    "host_day": "You have exceeded the daily rate limit ({limit}) of Meeting Create/Update API "
    "requests permitted for this particular user. You may resume these requests at GMT 00:00:00.",
}


class Budget:
    """Calls of the account and of its hosts."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._clock = clock
        self._limits = Shelf(store, "zoom.limits")
        self._days = Shelf(store, "zoom.days")
        self._seconds = Windows(store, "zoom.seconds")

    def change(self, limits: Document) -> Document:
        """Change limits and return those in force."""
        if unknown := set(limits) - set(_DEFAULTS):
            raise ValueError(f"no such limit: {', '.join(sorted(unknown))}")
        self._limits.put("limits", {**self._in_force(), **limits})
        return dict(self._in_force())

    def take(self, account: str) -> Answer | None:
        """Count a call of the account, or return the 429."""
        limits, now = self._in_force(), self._clock.now()
        second = Window("qps", 1, limits["qps"], sliding=True)
        if self._seconds.remaining(account, second, now) == 0:
            return self.refusal("qps")
        if self._used(account) >= (limits["day"] or float("inf")):
            return self.refusal("day")
        self._seconds.take(account, second, now)
        self._count(account)
        return None

    def take_create(self, host: str) -> Answer | None:
        """Count a create for a host, or return the 429."""
        if self._used(host) >= (self._in_force()["host_day"] or float("inf")):
            return self.refusal("host_day")
        self._count(host)
        return None

    def refusal(self, limit: str, retry_after: int | None = None) -> Answer:
        """429 as that limit says it; `retry_after` in seconds, where the order names them."""
        allowed = self._in_force()[limit] or _FREE[limit]
        headers = {**_CATEGORY, "X-RateLimit-Limit": str(allowed), "X-RateLimit-Remaining": "0"}
        if limit == "qps":
            headers["X-RateLimit-Type"] = "QPS"
        if limit == "day":
            headers["X-RateLimit-Type"] = "Daily-limit"
            headers["Retry-After"] = self._midnight()
        if retry_after is not None:
            headers["Retry-After"] = str(retry_after)
        words = _WORDS[limit].format(limit=allowed)
        return json_answer(429, {"code": 429, "message": words}, headers)

    def _in_force(self) -> Mapping[str, Any]:
        return {**_DEFAULTS, **(self._limits.get("limits") or {})}

    def _midnight(self) -> str:
        day = self._clock.moment().replace(hour=0, minute=0, second=0, microsecond=0)
        return (day + timedelta(days=1)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def _used(self, who: str) -> int:
        kept = self._days.get(who)
        return kept["used"] if kept and kept["day"] == self._today() else 0

    def _count(self, who: str) -> None:
        self._days.put(who, {"day": self._today(), "used": self._used(who) + 1})

    def _today(self) -> str:
        return datetime.fromtimestamp(self._clock.now(), UTC).date().isoformat()
