"""Xero's four limits, checked before idempotency, what the headers say of them; and the email cap.

Source: Xero developer guide, "OAuth 2.0 API limits".
"""

from collections.abc import Mapping
from typing import Any, Final

from infra.sandbox.clock import Clock
from infra.sandbox.limits import Window, Windows
from infra.sandbox.store import Shelf
from infra.sandbox.wire import Answer, Document

_DEFAULTS: Final[Mapping[str, Any]] = {
    "minute": 60,
    "day": 5_000,
    "concurrent": 5,
    "app_minute": 10_000,
    "email_day": 1_000,
    "approved_month": None,
    "window": "sliding",
}
"""Calls, emails, approved invoices (by their date's month, as small Xero plans cap them), None: any
number; `window`: how the organisation's minute is counted."""
_COUNTINGS: Final = ("sliding", "fixed")
_APP: Final = "app"
_SECONDS: Final = {"minute": 60, "day": 86_400, "app_minute": 60}
_EMAIL_DAY: Final = "email_day"
_PROBLEMS: Final = {"app_minute": "appminute"}
"""How X-Rate-Limit-Problem spells a limit, where it differs. `minute` and `day` are certain."""
_SAYS_WHEN: Final = {"minute": 30, "day": 3_600}
"""Limits whose refusal carries Retry-After; the seconds where an ordered fault names none."""
_HEADERS: Final = {
    "minute": "X-MinLimit-Remaining",
    "day": "X-DayLimit-Remaining",
    "app_minute": "X-AppMinLimit-Remaining",
}


class Budget:
    """Calls left, per organisation and for the app."""

    def __init__(self, windows: Windows, limits: Shelf, clock: Clock) -> None:
        self._windows = windows
        self._limits = limits
        self._clock = clock

    def change(self, limits: Document) -> Document:
        """Change limits and return those in force."""
        if unknown := set(limits) - set(_DEFAULTS):
            raise ValueError(f"no such limit: {', '.join(sorted(unknown))}")
        if limits.get("window", "fixed") not in _COUNTINGS:
            raise ValueError(f"`window` must be one of: {', '.join(_COUNTINGS)}")
        self._limits.put("limits", {**self._in_force(), **limits})
        return dict(self._in_force())

    def take(self, tenant: str, in_flight: int) -> Answer | None:
        """Count a call, or return the 429."""
        allowed = self._in_force()["concurrent"]
        if allowed is not None and in_flight > allowed:
            return self.refusal("concurrent", None)
        now = self._clock.now()
        for account, window in self._of(tenant):
            left = self._windows.remaining(account, window, now)
            if left == 0:
                return self.refusal(window.name, self._windows.until_next(account, window, now))
        for account, window in self._of(tenant):
            self._windows.take(account, window, now)
        return None

    def refusal(self, limit: str, retry_after: int | None) -> Answer:
        """429, empty, naming the limit; Retry-After in seconds where Xero gives it."""
        headers = {"X-Rate-Limit-Problem": _PROBLEMS.get(limit, limit)}
        if limit in _SAYS_WHEN:
            headers["Retry-After"] = str(_SAYS_WHEN[limit] if retry_after is None else retry_after)
        if limit in _HEADERS:
            headers[_HEADERS[limit]] = "0"
        return Answer(429, b"", None, headers)

    def remaining(self, tenant: str) -> dict[str, str]:
        """Return the headers of what is left."""
        now = self._clock.now()
        headers = {}
        for account, window in self._of(tenant):
            left = self._windows.remaining(account, window, now)
            if left is not None:
                headers[_HEADERS[window.name]] = str(left)
        return headers

    @property
    def approvals_a_month(self) -> int | None:
        """How many sales invoices of one month an organisation may approve, None: any number."""
        allowed: int | None = self._in_force()["approved_month"]
        return allowed

    def may_email(self, tenant: str) -> bool:
        """Return whether the organisation may send another email today."""
        return self._windows.remaining(tenant, self._emails(), self._clock.now()) != 0

    def take_email(self, tenant: str) -> None:
        """Count an email: a person's, the API's or a template's."""
        self._windows.take(tenant, self._emails(), self._clock.now())

    def _emails(self) -> Window:
        return Window(_EMAIL_DAY, 86_400, self._in_force()[_EMAIL_DAY])

    def _in_force(self) -> Mapping[str, Any]:
        return {**_DEFAULTS, **(self._limits.get("limits") or {})}

    def _of(self, tenant: str) -> list[tuple[str, Window]]:
        limits = self._in_force()
        sliding = limits["window"] == "sliding"
        return [
            (
                _APP if name == "app_minute" else tenant,
                Window(name, seconds, limits[name], sliding=sliding and name == "minute"),
            )
            for name, seconds in _SECONDS.items()
        ]
