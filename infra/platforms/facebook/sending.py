"""Sending conversion events: what goes out of a request, alone or together with others.

Source: Meta, "Using the API" (up to 1,000 events a request, all of them or none) and "Handling
Duplicate Pixel and Conversions API Events" (`event_id`; 48 hours from the first receipt).
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from domain.actions.outcome import Deferred, JsonObject, Outcome, Rejected, Succeeded, Unknown
from domain.conversions.telling import EVENTS_MAX, moment, told_until
from infra.clock import utc_now
from infra.platform import Batch, Call, Preparation, Sent
from infra.platforms.facebook.arriving import time_problems
from infra.platforms.facebook.body import FORM, form_of, line_of, lines_of, own_parts, written
from infra.platforms.facebook.errors import WORDS_MAX, read
from infra.session import Session

VERSION = "v26.0"
REPEATED_FOR = timedelta(hours=40)  # Meta discards what it has already for 48
TOGETHER_MAX = 100  # actions in one call
BYTES_OF_AN_EVENT = 4_096  # a longer one counts as several: a call stays within 4 MiB
MESSAGES_MAX = 20


def prepare(preparation: Preparation) -> Call | Rejected | Deferred:
    """Freeze the events, each with its `event_id`, once all of their times have come."""
    params, now = preparation.request.params, preparation.now
    problems = time_problems(params["events"], now)
    if problems:
        words = "; ".join(f"{field} {words}" for field, words in problems)
        return Rejected("wrong_time", f"not sent: {words}")
    latest = max(moment(event["event_time"]) for event in params["events"])
    if latest > now:  # a sender's clock is ahead
        return Deferred("not_yet", "its time has not come", latest)
    return _frozen(preparation)


def _frozen(preparation: Preparation) -> Call:
    params, effect_id = preparation.request.params, str(preparation.effect_id)
    events = [
        _event(event, f"{effect_id}.{number}") for number, event in enumerate(params["events"])
    ]
    line, test_event_code = line_of(events), params.get("test_event_code")
    context = {
        "events": len(events),
        "weight": max(len(events), -(-len(line) // BYTES_OF_AN_EVENT)),
        "told_until": _told_until(params["events"]).isoformat(),
        "test_event_code": test_event_code,
    }
    path = f"/{VERSION}/{preparation.integration.tenant_key}/events"
    return Call("POST", path, body=written([line], test_event_code), context=context)


def _event(given: JsonObject, event_id: str) -> dict[str, Any]:
    """Return an event as Meta takes it; a sender's own properties stand among the others."""
    event = {"event_id": event_id, **given}
    if "custom_data" in given:
        custom = dict(given["custom_data"])
        event["custom_data"] = {**custom.pop("custom_properties", {}), **custom}
    return event


def _told_until(events: Sequence[JsonObject]) -> datetime:
    return min(told_until(one["event_time"], one["action_source"]) for one in events)


def _merge(calls: Sequence[Call]) -> Call:
    """Join calls to one dataset, one line for each."""
    lines = [line for call in calls for line in lines_of(call.body or b"")]
    body = written(lines, calls[0].context["test_event_code"])
    return replace(calls[0], body=body, context={})


def _alike(call: Call) -> Hashable:
    test_event_code: str | None = call.context["test_event_code"]
    return test_event_code


def _weight(call: Call) -> int:
    return int(call.context["weight"])


def _perform(session: Session, sents: Sequence[Sent]) -> Sequence[Outcome] | Outcome:
    """Send them all. Meta takes all events of a request, or none."""
    call, now = sents[0].call, utc_now()
    if any(now >= datetime.fromisoformat(sent.call.context["told_until"]) for sent in sents):
        return Rejected("too_old", "not sent: an event has become too old while it waited")
    body = form_of(call.body or b"", session.credentials["access_token"])
    answer = read(session.send("POST", call.path, headers=FORM, body=body))
    if not isinstance(answer, dict):
        return answer
    received = answer.get("events_received")
    if not isinstance(received, int):
        return Unknown("unreadable_answer", "Meta: the answer does not say what was received")
    sent = sum(one.call.context["events"] for one in sents)
    # A repeat may be asked about fewer than it carries: the others are settled, or busy.
    missing = received - sent if len(sents) == sents[0].of else 0
    return [_received(answer, one, missing) for one in sents]


def _received(answer: Mapping[str, Any], sent: Sent, missing: int) -> Succeeded:
    """Tell what was received: with others in the call, Meta's number is of them all."""
    own = sent.call.context["events"] + (missing if sent.of == 1 else 0)
    trace = str(answer.get("fbtrace_id") or "")
    result: dict[str, Any] = {"events_received": own, "fbtrace_id": trace}
    messages = answer.get("messages")
    if isinstance(messages, list) and messages:
        result["messages"] = [str(one)[:WORDS_MAX] for one in messages[:MESSAGES_MAX]]
    if missing and sent.of > 1:
        result["events_received_differs_by"] = missing
    return Succeeded(result, external_id=trace or None)


BATCH = Batch(
    TOGETHER_MAX,
    _merge,
    _perform,
    own_parts,
    alike=_alike,
    weight=_weight,
    weight_max=EVENTS_MAX,
)
