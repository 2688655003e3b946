"""ActiveCampaign: the key, the account's one limit, which call does what, how an operator sets it.

Every answer tells what is left of the second (`RateLimit-Limit`, `RateLimit-Remaining`).
"""

import re
from dataclasses import replace
from typing import Final

from infra.sandbox.activecampaign.calls import Calls
from infra.sandbox.activecampaign.contacts import Contacts
from infra.sandbox.activecampaign.entries import Entries
from infra.sandbox.activecampaign.person import Person
from infra.sandbox.activecampaign.refusals import Refusal, bare, message
from infra.sandbox.activecampaign.seed import ACCOUNT, API_KEY
from infra.sandbox.activecampaign.settings import Settings
from infra.sandbox.clock import Clock
from infra.sandbox.effects import Cause, Effects
from infra.sandbox.faults import Fault
from infra.sandbox.idempotency import Idempotency
from infra.sandbox.limits import Window, Windows
from infra.sandbox.store import Store
from infra.sandbox.wire import Answer, Document, Request

_SECOND: Final = Window("second", seconds=1, calls=5, sliding=True)
_RETRY_AFTER_S: Final = 1
_ROUTE: Final = re.compile(
    r"/api/3/(?P<what>users/me|contact/sync|contacts|automations|contactAutomations)"
    r"(?:/(?P<id>\d+)(?:/(?P<of>contactAutomations|automationEntryCounts))?)?/?"
)


class ActiveCampaign:
    """The account behind the API."""

    name = "activecampaign"
    idempotency: Idempotency | None = None

    def __init__(self, store: Store, clock: Clock, effects: Effects) -> None:
        self._clock = clock
        self._settings = Settings(store)
        self._windows = Windows(store, "activecampaign.windows")
        kept = Contacts(store, clock, effects), Entries(store, clock, effects), self._settings
        self._calls, self._person = Calls(*kept), Person(*kept)

    def tenant_of(self, request: Request) -> str:
        """There is one account; nobody's budget without its key."""
        return ACCOUNT if request.headers.get("api-token") == API_KEY else ""

    def admit(self, request: Request, in_flight: int) -> Answer | None:  # noqa: ARG002 - no limit
        """Check the key, then the second's limit."""
        if request.headers.get("api-token") != API_KEY or self._settings.get("revoked"):
            return bare(self._settings.get("auth_status"))
        if self._left() == 0:
            wait = self._windows.until_next(ACCOUNT, self._window, self._clock.now())
            return _rate_limited(wait)
        self._windows.take(ACCOUNT, self._window, self._clock.now())
        return None

    def perform(self, request: Request, cause: Cause) -> Answer:
        """Carry out a call."""
        found = _ROUTE.fullmatch(request.path)
        if found is None:
            return bare(404)
        identity = found["id"] or ""
        call = (request.method, found["what"], bool(identity), found["of"])
        carry = self._calls.by_route(request, identity, cause).get(call)
        try:
            return bare(404) if carry is None else carry()
        except Refusal as refusal:
            return refusal.answer

    def finish(self, request: Request, answer: Answer) -> Answer:
        """Tell what is left of the second."""
        left = self._left()
        if left is None or not self.tenant_of(request):
            return answer
        told = {"RateLimit-Limit": str(self._window.calls), "RateLimit-Remaining": str(left)}
        return replace(answer, headers={**answer.headers, **told})

    def refuse(self, status: int) -> Answer:
        """Return a refusal in the shape that status was seen in."""
        return bare(status)

    def refuse_key(self, key: str) -> Answer:
        """Never asked: ActiveCampaign has no idempotency keys."""
        return message(422, f"unexpected key {key}")

    def rate_limited(self, fault: Fault) -> Answer:
        """429 with Retry-After in seconds."""
        wait = fault.retry_after
        return _rate_limited(_RETRY_AFTER_S if wait is None else wait)

    def revoke(self, request: Request, *, only_access: bool) -> None:  # noqa: ARG002 - one key
        """The key is dead from here on."""
        self._settings.put("revoked", value=True)

    def restore_tokens(self) -> Document:
        """Make the seeded key valid again."""
        self._settings.put("revoked", value=False)
        return {"api_key": API_KEY}

    def set_limits(self, limits: Document) -> Document:
        """`second`: calls a second; None lifts it."""
        if unknown := set(limits) - {"second"}:
            raise ValueError(f"no such limit: {', '.join(sorted(unknown))}")
        if "second" in limits:
            self._settings.put("second", limits["second"])
        return {"second": self._window.calls}

    def control(self, method: str, path: str, wish: Document) -> Document:
        """What a person does in the account; see the sandbox's README."""
        return self._person.carry_out(method, path, wish)

    @property
    def _window(self) -> Window:
        return replace(_SECOND, calls=self._settings.get("second", _SECOND.calls))

    def _left(self) -> int | None:
        return self._windows.remaining(ACCOUNT, self._window, self._clock.now())


def _rate_limited(wait_s: int) -> Answer:
    return replace(bare(429), headers={"Retry-After": str(wait_s)})
