"""One delivery for every event and every subscription that wants it.

A delivery is an action whose id follows from event and subscription: however often an event is
published or looked at, it is the same one.
"""

from collections.abc import Iterable, Sequence

from domain.event_filter import EventFilter
from infra.database import integrations, subscriptions
from infra.database.engine import Transaction
from infra.database.outbox import Waiting, cloud_event
from infra.platform import Integration
from workers.fleet import Fleet
from workers.submit import Submitted, Wish, add_wishes

ACTION_TYPE = "webhook_deliver"
AT_A_TIME = 250
"""Deliveries queued by one commit, about: a tenth of a second."""
EVENT, REPLAY = "event", "replay"
"""Why a delivery is there (its action's `source`)."""


def fan_out(fleet: Fleet, tx: Transaction, events: Sequence[Waiting]) -> int:
    """Queue deliveries of just published events to the active subscriptions.

    Returns of how many events, the first ones: as many as make no long transaction.
    """
    ids = subscriptions.active(tx, {event.workspace_id for event in events})
    if not ids:
        return len(events)
    some = events[: max(1, AT_A_TIME // len(ids))]
    queue(fleet, tx, integrations.find_many(tx, set(ids)).values(), some)
    return len(some)


def queue(
    fleet: Fleet, tx: Transaction, receivers: Iterable[Integration], events: Sequence[Waiting]
) -> int:
    """Queue for each subscription the events it wants and has not been given; return how many."""
    wishes = [
        Wish(ACTION_TYPE, receiver, f"event:{event.event_id}:{receiver.id}", EVENT, "fleet", told,
             priority=0)
        for receiver in receivers
        for event, told in _wanted(receiver, events)
    ]  # fmt: skip
    answers = add_wishes(fleet, tx, wishes)
    return sum(isinstance(answer, Submitted) and answer.created for answer in answers)


def replay(  # noqa: PLR0913
    fleet: Fleet,
    tx: Transaction,
    receiver: Integration,
    events: Sequence[Waiting],
    *,
    by: str,
    run: str,
) -> int:
    """Queue the events it wants once more for this `run`, behind what is new; return how many."""
    told = [told for _, told in _wanted(receiver, events)]
    return len(again(fleet, tx, receiver, told, by=by, run=run))


def again(  # noqa: PLR0913
    fleet: Fleet,
    tx: Transaction,
    receiver: Integration,
    told: Sequence[dict[str, object]],
    *,
    by: str,
    run: str,
) -> list[Submitted]:
    """Queue what has been told (params of deliveries) once more, each at most once in a `run`."""
    wishes = [
        Wish(ACTION_TYPE, receiver, f"replay:{run}:{_id_of(one)}:{receiver.id}", REPLAY, by, one)
        for one in told
    ]
    answers = add_wishes(fleet, tx, wishes)
    return [one for one in answers if isinstance(one, Submitted) and one.created]


def _wanted(
    receiver: Integration, events: Sequence[Waiting]
) -> list[tuple[Waiting, dict[str, object]]]:
    wanted = EventFilter.read(receiver.settings)
    return [
        (event, {"event": cloud_event(event)})
        for event in events
        if event.workspace_id == receiver.workspace_id
        and wanted.wants(
            event.type,
            event.subject,
            event.data,
            None if event.deal_id is None else str(event.deal_id),
        )
    ]


def _id_of(told: dict[str, object]) -> object:
    event = told["event"]
    return event["id"] if isinstance(event, dict) else None
