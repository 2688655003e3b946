"""Endpoints over subscriptions: who is told of events by webhook, and how that goes."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from threading import BoundedSemaphore
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, Field

from domain.access import Scope
from domain.actions.status import ActionStatus
from domain.event_filter import ALL
from infra.database.subscriptions import Span
from infra.envelope import Problem
from infra.http.problems import HttpProblem, invalid
from workers import replaying, subscriptions
from workers.api.actions import LIMIT_MAX, Nothing
from workers.api.checking import adapter
from workers.api.endpoint import Asked, Endpoint
from workers.api.subscription_shapes import (
    Delivery,
    DeliveryList,
    NewSubscription,
    Queued,
    Secret,
    Subscription,
    SubscriptionList,
)
from workers.subscribing import Wanted

LONG_MAX = 4
"""Replays under way in a process at once: each takes a thread that a look-up may wait for."""
_long = BoundedSemaphore(LONG_MAX)


@dataclass(frozen=True)
class Subscribing:
    """Where events are posted to, and which: `types` as in `GET /events`, `*` for all."""

    url: str
    types: list[str] = field(default_factory=lambda: [ALL])
    integration_id: UUID | None = None
    deal_id: UUID | None = None
    description: str = ""
    active: bool = True


@dataclass(frozen=True)
class Rotation:
    """How long deliveries are signed with the former secret too, in seconds."""

    former_counts_for_s: Annotated[int, Field(ge=0, le=30 * 86400)] = 86400


@dataclass(frozen=True)
class Replay:
    """One delivery; or the events from `since` on, before `until`, `failed`: those given up."""

    delivery_id: UUID | None = None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    failed: bool = False


@dataclass(frozen=True)
class DeliveryFilter:
    """Which deliveries, newest first."""

    status: ActionStatus | None = None
    limit: Annotated[int, Field(ge=1, le=LIMIT_MAX)] = 50


def list_subscriptions(asked: Asked) -> SubscriptionList:
    """Return the workspace's."""
    with asked.fleet.database.reading() as tx:
        rows = subscriptions.listed(tx, asked.workspace_id)
    return SubscriptionList([_shown(row) for row in rows])


def get_subscription(asked: Asked) -> Subscription:
    """Return one."""
    with asked.fleet.database.reading() as tx:
        return _shown(subscriptions.show(tx, _id(asked), asked.workspace_id))


def create(asked: Asked) -> NewSubscription:
    """Have events posted to a URL from here on."""
    # Events tell amounts, wherever they are posted to.
    asked.caller.needs(Scope.INVOICES_READ)
    said: Subscribing = asked.body
    given = said.url, said.types, said.integration_id, said.deal_id, said.description, said.active
    made = subscriptions.create(asked.fleet, asked.workspace_id, Wanted(*given))
    return NewSubscription(made.id, made.secret)


def list_deliveries(asked: Asked) -> DeliveryList:
    """Return the newest deliveries that fit."""
    chosen: DeliveryFilter = asked.query
    status = None if chosen.status is None else chosen.status.value
    with asked.fleet.database.reading() as tx:
        rows = subscriptions.deliveries(
            tx, _id(asked), workspace_id=asked.workspace_id, status=status, limit=chosen.limit
        )
    return DeliveryList([adapter(Delivery).validate_python(row) for row in rows])


def pause(asked: Asked) -> Subscription:
    """Send nothing more."""
    if not subscriptions.pause(asked.fleet, _id(asked), asked.caller.who, asked.workspace_id):
        raise HttpProblem("not_possible", "the subscription is not active; nothing was changed")
    return get_subscription(asked)


def resume(asked: Asked) -> Queued:
    """Go on, with what came meanwhile."""
    with _one_of_few():
        return Queued(subscriptions.resume(asked.fleet, _id(asked), asked.workspace_id))


def rotate(asked: Asked) -> Secret:
    """Make a new signing secret."""
    span = timedelta(seconds=asked.body.former_counts_for_s)
    return Secret(subscriptions.rotate(asked.fleet, _id(asked), asked.workspace_id, span))


def replay(asked: Asked) -> Queued:
    """Deliver again."""
    said: Replay = asked.body
    with asked.fleet.database.reading() as tx:
        receiver = subscriptions.the(tx, _id(asked), asked.workspace_id)
    by = asked.caller.who
    if said.delivery_id is not None:
        if said.since or said.until or said.failed:
            raise invalid([Problem("delivery_id", "stands alone")])
        if replaying.replay_one(asked.fleet, receiver, said.delivery_id, by) is None:
            words = f"the subscription has no delivery {said.delivery_id}"
            raise HttpProblem("not_found", words)
        return Queued(1)
    if said.since is None:
        raise invalid([Problem("since", "say which: since, or delivery_id")])
    chosen = replaying.replay_failed if said.failed else replaying.replay
    with _one_of_few():
        return Queued(chosen(asked.fleet, receiver, Span(said.since, said.until), by))


def delete(asked: Asked) -> Subscription:
    """Forget it; return what it was."""
    last = get_subscription(asked)
    subscriptions.delete(asked.fleet, last.id, asked.workspace_id)
    return last


@contextmanager
def _one_of_few() -> Iterator[None]:
    """Go through all events of a time, unless so many do already.

    Raises:
        HttpProblem: they do; nothing was queued.
    """
    if not _long.acquire(blocking=False):
        words = "as many replays run as may at once; ask again in a moment"
        raise HttpProblem("unavailable", words, headers={"Retry-After": "10"})
    try:
        yield
    finally:
        _long.release()


def _id(asked: Asked) -> UUID:
    return asked.ids["subscription_id"]


def _shown(row: dict[str, Any]) -> Subscription:
    found: Subscription = adapter(Subscription).validate_python(
        {name: row[name] for name in Subscription.__slots__}
    )
    return found


_ONE = "/subscriptions/{subscription_id:uuid}"
READ, WRITE = Scope.INTEGRATIONS_READ, Scope.INTEGRATIONS_WRITE

ENDPOINTS: Sequence[Endpoint] = (
    Endpoint(
        "GET", "/subscriptions", "list_subscriptions", READ, list_subscriptions,
        "List subscriptions and what became of their deliveries", SubscriptionList,
    ),
    Endpoint(
        "POST", "/subscriptions", "create_subscription", WRITE, create,
        "Have events posted to a URL", NewSubscription, body=Subscribing,
        description="Needs invoices:read too: events tell amounts. The signing secret is shown this"
        " once. An equal subscription is not made twice: rotate gives that one a new secret.",
    ),
    Endpoint("GET", _ONE, "get_subscription", READ, get_subscription, "Show one", Subscription),
    Endpoint(
        "GET", _ONE + "/deliveries", "list_deliveries", READ, list_deliveries,
        "List its newest deliveries", DeliveryList, query=DeliveryFilter,
        description="A delivery is an action: `GET /actions?integration_id=…` lists all by page,"
        " `GET /actions/{id}/timeline` tells every attempt.",
    ),
    Endpoint(
        "POST", _ONE + "/pause", "pause_subscription", WRITE, pause,
        "Send nothing more until it is resumed", Subscription, body=Nothing,
        errors=("not_possible",),
    ),
    Endpoint(
        "POST", _ONE + "/resume", "resume_subscription", WRITE, resume,
        "Go on, with what came meanwhile, as long as events are kept", Queued, body=Nothing,
        asks_platform=True, errors=("unavailable",),
    ),
    Endpoint(
        "POST", _ONE + "/rotate", "rotate_subscription", WRITE, rotate,
        "Make a new signing secret, shown this once; for a while both sign", Secret, body=Rotation,
    ),
    Endpoint(
        "POST", _ONE + "/replay", "replay_subscription", WRITE, replay,
        "Deliver again, under the same webhook-ids: one delivery, or the events of a time", Queued,
        body=Replay, asks_platform=True, errors=("unavailable",),
    ),
    Endpoint(
        "DELETE", _ONE, "delete_subscription", WRITE, delete,
        "Forget one, its secret and its deliveries, sent or not", Subscription,
    ),
)  # fmt: skip
