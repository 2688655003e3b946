"""Zoom: tokens, scopes, limits, which call does what, and the account as a person uses it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from uuid import uuid4

from infra.sandbox.clock import Clock
from infra.sandbox.effects import Cause, Effects
from infra.sandbox.faults import Fault
from infra.sandbox.idempotency import Idempotency
from infra.sandbox.platform import NoSuchCall
from infra.sandbox.store import Shelf, Store
from infra.sandbox.wire import Answer, Document, Request, json_answer
from infra.sandbox.zoom import seed
from infra.sandbox.zoom.budget import Budget
from infra.sandbox.zoom.consent import Consent
from infra.sandbox.zoom.drafting import draft
from infra.sandbox.zoom.identity import PATHS, Identity
from infra.sandbox.zoom.listing import listed
from infra.sandbox.zoom.meetings import Meetings, shown
from infra.sandbox.zoom.refusals import (
    BAD_TOKEN,
    NO_ENDPOINT,
    NO_PERMISSION,
    NO_SCOPE,
    ZoomError,
    bare,
    refused,
)
from infra.sandbox.zoom.tokens import S2S, USER, Tokens
from infra.sandbox.zoom.users import Users
from infra.sandbox.zoom.users import shown as user_shown

_SCOPES: Final[Mapping[tuple[str, str], tuple[str, str]]] = {
    ("POST", "users/*/meetings"): ("meeting:write:meeting", "meeting:write"),
    ("GET", "users/*/meetings"): ("meeting:read:list_meetings", "meeting:read"),
    ("GET", "meetings/*"): ("meeting:read:meeting", "meeting:read"),
    ("GET", "users/*"): ("user:read:user", "user:read"),
}
"""Each call's granular scope and its classic one; with `:admin` for a server-to-server token."""


class Zoom:
    """The one account behind the API."""

    name = "zoom"
    idempotency: Idempotency | None = None

    def __init__(self, store: Store, clock: Clock, effects: Effects) -> None:
        self._clock = clock
        self._settings = Shelf(store, "zoom.settings")
        self._budget = Budget(store, clock)
        self._tokens = Tokens(store, clock)
        self._users = Users(store)
        self._meetings = Meetings(store, clock, effects)
        self._identity = Identity(self._tokens, Consent(store, clock), self._users, effects)

    def tenant_of(self, request: Request) -> str:
        """There is one account; nobody's budget outside the API."""
        return "" if request.path in PATHS else seed.ACCOUNT

    def admit(self, request: Request, in_flight: int) -> Answer | None:  # noqa: ARG002 - no such limit
        """Check the token, then the account's limits; the OAuth server is open."""
        if request.path in PATHS:
            return None
        wrong = self._tokens.problem_with(request.bearer)
        if wrong is not None:
            return refused(ZoomError(BAD_TOKEN, wrong))
        return self._budget.take(seed.ACCOUNT)

    def perform(self, request: Request, cause: Cause) -> Answer:
        """Carry out a call."""
        if request.path in PATHS:
            return self._identity.answer(request, cause)
        try:
            return self._api(request, cause)
        except ZoomError as error:
            return refused(error)

    def finish(self, request: Request, answer: Answer) -> Answer:  # noqa: ARG002 - part of the protocol
        """Every answer can be traced."""
        headers = {**answer.headers, "x-zm-trackingid": f"SBX_{uuid4().hex}"}
        return Answer(answer.status, answer.body, answer.content_type, headers)

    def refuse(self, status: int) -> Answer:
        """Zoom's own body at that status."""
        return bare(status)

    def refuse_key(self, key: str) -> Answer:
        """Never asked: Zoom has no idempotency keys."""
        return bare(400 if key else 500)

    def rate_limited(self, fault: Fault) -> Answer:
        """429 as `problem` says: `host_day`, `day`, else per second."""
        limit = fault.problem if fault.problem in {"host_day", "day"} else "qps"
        return self._budget.refusal(limit, fault.retry_after)

    def revoke(self, request: Request, *, only_access: bool) -> None:
        """The token is dead; unless `only_access`, so is the way to another."""
        if request.bearer is not None:
            self._tokens.revoke(request.bearer, only_access=only_access)

    def restore_tokens(self) -> Document:
        """Make the seeded tokens valid again."""
        return self._tokens.restore()

    def set_limits(self, limits: Document) -> Document:
        """`qps`, `day`, `host_day`; None lifts one."""
        return self._budget.change(limits)

    def control(self, method: str, path: str, wish: Document) -> Document:
        """Meetings, users, tokens and settings; see the sandbox's README."""
        calls: Mapping[tuple[str, str], Callable[[], Document]] = {
            ("GET", "meetings"): lambda: {"meetings": self._meetings.all()},
            ("POST", "meetings"): lambda: self._by_hand(wish),
            ("POST", "users"): lambda: self._users.add(wish),
            ("POST", "tokens"): lambda: self._tokens.issue(
                wish.get("kind", USER), wish.get("user", seed.OWNER), wish.get("expires_in", 3_600)
            ),
            ("POST", "settings"): lambda: self._set(wish),
        }
        call = calls.get((method, path))
        if call is not None:
            return call()
        match method, path.split("/"):
            case "POST", ["meetings", identity, "delete"]:
                return self._of_one(lambda: self._meetings.delete(identity))
            case "POST", ["meetings", identity]:
                return self._of_one(lambda: self._meetings.change(identity, wish))
            case _:
                raise NoSuchCall(f"{method} zoom/{path}")

    def _api(self, request: Request, cause: Cause) -> Answer:
        kind, me = self._tokens.holder(request.bearer)
        parts = request.path.removeprefix("/v2/").split("/")
        call = (request.method, "/".join([parts[0], *("*" for _ in parts[1:2]), *parts[2:]]))
        self._check_scope(kind, call)
        match call:
            case ("GET", "meetings/*"):
                return json_answer(200, shown(self._meetings.named(parts[1])))
            case ("GET", "users/*"):
                return json_answer(200, user_shown(self._user(parts[1], kind, me)))
            case ("GET", _):
                host = self._user(parts[1], kind, me)
                before = self._clock.now() - float(self._setting("list_lag_s") or 0)
                seen = [one for one in self._meetings.of(host["id"]) if one["created"] <= before]
                return json_answer(200, listed(seen, request.query, self._clock.now()))
            case _:
                return self._create(self._user(parts[1], kind, me), request, cause)

    def _create(self, host: Document, request: Request, cause: Cause) -> Answer:
        refusal = self._budget.take_create(host["id"])
        if refusal is not None:
            return refusal
        return json_answer(201, shown(self._meetings.create(host, draft(request.body), cause)))

    def _user(self, name: str, kind: str, me: str) -> Document:
        user = self._users.named(name, me)
        if kind == USER and user["id"] != me:
            raise ZoomError(NO_PERMISSION, "No permission.")
        return user

    def _check_scope(self, kind: str, call: tuple[str, str]) -> None:
        if call not in _SCOPES:
            raise ZoomError(NO_ENDPOINT, "This API endpoint is not recognized.")
        suffix = ":admin" if kind == S2S else ""
        wanted = [f"{scope}{suffix}" for scope in _SCOPES[call]]
        if not set(wanted) & set(self._tokens.scopes(kind)):
            words = f"Invalid access token, does not contain scopes:[{wanted[0]}]."
            raise ZoomError(NO_SCOPE, words)

    def _by_hand(self, wish: Document) -> Document:
        """Create `count` meetings (1) of `host` as a person does, from a draft."""
        count, host = int(wish.pop("count", 1)), wish.pop("host", seed.OWNER_EMAIL)
        made = [self._made_by_hand(host, wish) for _ in range(count)]
        return {"created": count, "meeting": made[-1] if made else None}

    def _made_by_hand(self, host: str, wish: Document) -> Document:
        drafted: Document = {"type": 2, "topic": "By hand", "duration": 30, **wish}
        return shown(self._meetings.create(self._users.named(host, ""), drafted, Cause()))

    def _of_one(self, call: Callable[[], Document]) -> Document:
        try:
            return shown(call())
        except ZoomError as error:
            raise NoSuchCall(str(error)) from None

    def _set(self, wish: Document) -> Document:
        if unknown := set(wish) - {"list_lag_s", "s2s_scopes", "user_scopes"}:
            raise ValueError(f"no such setting: {', '.join(sorted(unknown))}")
        for kind in (S2S, USER):
            if f"{kind}_scopes" in wish:
                self._tokens.set_scopes(kind, _strings(wish[f"{kind}_scopes"]))
        if "list_lag_s" in wish:
            self._settings.put("list_lag_s", {"value": wish["list_lag_s"]})
        return {
            "list_lag_s": self._setting("list_lag_s"),
            "s2s_scopes": self._tokens.scopes(S2S),
            "user_scopes": self._tokens.scopes(USER),
        }

    def _setting(self, name: str) -> Any:
        kept = self._settings.get(name)
        return kept["value"] if kept else None


def _strings(value: Sequence[str] | None) -> list[str] | None:
    return None if value is None else [str(one) for one in value]
