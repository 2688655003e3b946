"""The Graph API: tokens, limits, and the two calls on a dataset."""

from collections.abc import Callable, Mapping
from math import ceil
from typing import Any, Final

from infra.sandbox.clock import Clock
from infra.sandbox.effects import Cause, Effects
from infra.sandbox.facebook.checking import checked
from infra.sandbox.facebook.datasets import Datasets
from infra.sandbox.facebook.errors import (
    GraphError,
    bad_token,
    invalid,
    no_such_object,
    of_status,
    refused,
    throttled,
    trace,
)
from infra.sandbox.facebook.seed import DATASETS, TOKEN, VERSION
from infra.sandbox.faults import Fault
from infra.sandbox.idempotency import Idempotency
from infra.sandbox.limits import Window, Windows
from infra.sandbox.platform import NoSuchCall
from infra.sandbox.store import Shelf, Store
from infra.sandbox.wire import (
    Answer,
    Document,
    NotJson,
    Request,
    decode,
    decode_object,
    json_answer,
    parse_query,
)

HOUR_S: Final = 3_600
_SETTINGS: Final = frozenset({"refuse"})


class Facebook:
    """One business's datasets behind the Graph API."""

    name = "facebook"
    idempotency: Idempotency | None = None

    def __init__(self, store: Store, clock: Clock, effects: Effects) -> None:
        self._clock = clock
        self._settings = Shelf(store, "facebook.settings")
        self._windows = Windows(store, "facebook.windows")
        self._datasets = Datasets(store, clock, effects)

    def tenant_of(self, request: Request) -> str:
        """The dataset; nobody's budget without a token."""
        dataset = _dataset(request)
        return dataset if dataset in DATASETS and _token(request) == TOKEN else ""

    def admit(self, request: Request, in_flight: int) -> Answer | None:  # noqa: ARG002 - no such limit
        """Check the token, then the calls of the last hour when they are limited."""
        if _token(request) != TOKEN or self._setting("revoked"):
            return bad_token()
        dataset, now = _dataset(request), self._clock.now()
        hour = Window("hour", HOUR_S, self._setting("hour"), sliding=True)
        if self._windows.remaining(dataset, hour, now) == 0:
            return throttled("account", ceil(self._windows.until_next(dataset, hour, now) / 60))
        self._windows.take(dataset, hour, now)
        return None

    def perform(self, request: Request, cause: Cause) -> Answer:
        """Carry out a call: all events of a request, or none."""
        try:
            return self._carry_out(request, _dataset(request), cause)
        except GraphError as error:
            return refused(error)

    def _carry_out(self, request: Request, dataset: str, cause: Cause) -> Answer:
        if dataset not in DATASETS:
            raise no_such_object(request.method, dataset)
        if (request.method, request.path) == ("POST", f"/{VERSION}/{dataset}/events"):
            return self._receive(dataset, _arguments(request), cause)
        if (request.method, request.path) == ("GET", f"/{VERSION}/{dataset}"):
            return json_answer(200, {"id": dataset, "name": DATASETS[dataset]})
        raise GraphError(2500, f"Unknown path components: {request.path}")

    def _receive(self, dataset: str, arguments: Document, cause: Cause) -> Answer:
        data = arguments.get("data")
        if isinstance(data, str):
            try:
                data = decode(data)
            except NotJson:
                raise invalid("The parameter $['data'] is not JSON.") from None
        events = checked(data, self._setting("refuse") or {}, self._clock.now())
        self._datasets.receive(dataset, events, arguments.get("test_event_code"), cause)
        return json_answer(
            200, {"events_received": len(events), "messages": [], "fbtrace_id": trace()}
        )

    def finish(self, request: Request, answer: Answer) -> Answer:  # noqa: ARG002 - part of the protocol
        """Tell the version that answered."""
        return Answer(
            answer.status,
            answer.body,
            answer.content_type,
            {"facebook-api-version": VERSION, **answer.headers},
        )

    def refuse(self, status: int) -> Answer:
        """Every refusal has the envelope."""
        return of_status(status)

    def refuse_key(self, key: str) -> Answer:
        """Never asked: the Graph API has no idempotency keys."""
        return refused(invalid(f"Unexpected key {key}."))

    def rate_limited(self, fault: Fault) -> Answer:
        """Throttle by `problem` (minute, account, custom); `retry_after` becomes whole minutes."""
        minutes = None if fault.retry_after is None else ceil(fault.retry_after / 60)
        return throttled(fault.problem, minutes)

    def revoke(self, request: Request, *, only_access: bool) -> None:  # noqa: ARG002 - one token
        """The token is dead from here on."""
        self._settings.put("revoked", {"value": True})

    def restore_tokens(self) -> Document:
        """Make the seeded token valid again."""
        self._settings.put("revoked", {"value": False})
        return {"access_token": TOKEN}

    def set_limits(self, limits: Document) -> Document:
        """`hour`: calls in any hour and dataset; None lifts it."""
        if unknown := set(limits) - {"hour"}:
            raise ValueError(f"no such limit: {', '.join(sorted(unknown))}")
        for name, value in limits.items():
            self._settings.put(name, {"value": value})
        return {"hour": self._setting("hour")}

    def control(self, method: str, path: str, wish: Document) -> Document:
        """`GET events[?dataset=]`; `POST settings`: `refuse`."""
        calls: Mapping[tuple[str, str], Callable[[], Document]] = {
            ("GET", "events"): lambda: {"events": self._datasets.received(wish.get("dataset"))},
            ("POST", "settings"): lambda: self._set(wish),
        }
        call = calls.get((method, path))
        if call is None:
            raise NoSuchCall(f"{method} facebook/{path}")
        return call()

    def _set(self, wish: Document) -> Document:
        if unknown := set(wish) - _SETTINGS:
            raise ValueError(f"no such setting: {', '.join(sorted(unknown))}")
        for name, value in wish.items():
            self._settings.put(name, {"value": value})
        return {name: self._setting(name) for name in sorted(_SETTINGS)}

    def _setting(self, name: str) -> Any:
        kept = self._settings.get(name)
        return kept["value"] if kept else None


def _dataset(request: Request) -> str:
    parts = request.path.split("/")
    return parts[2] if len(parts) > 2 else ""


def _arguments(request: Request) -> Document:
    """Return the arguments of a form or of JSON; the query counts where the body says nothing."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if kind == "application/json":
            return {**request.query, **decode_object(request.body)}
        return {**request.query, **parse_query(request.body.decode())}
    except ValueError:
        return dict(request.query)


def _token(request: Request) -> str | None:
    """Return the token: a form field or in the query as documented, or a bearer token."""
    given = _arguments(request).get("access_token")
    return given if isinstance(given, str) else request.bearer
