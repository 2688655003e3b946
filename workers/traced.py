"""The parts of an action's trace, named where they are: intake, doorbell, begin, call, conclude."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import UUID

from domain.actions.status import ActionStatus
from infra import tracing
from infra.database.actions import ActionRecord
from infra.database.outbox import Waiting
from infra.tracing import Value

if TYPE_CHECKING:
    from workers.attempt import Attempt, Performed
    from workers.beginning import Beginning
    from workers.payment_status import PromotionDue


def taken_in(rows: Sequence[Mapping[str, Any]], new: Sequence[UUID], began: int) -> None:
    """Record that requests have become actions; `rows` are theirs."""
    until, fresh = tracing.now(), set(new)
    if not until:
        return
    for row in rows:
        if row["id"] not in fresh:
            continue
        fresh.discard(row["id"])
        trace = tracing.of_action(row["id"], row["traceparent"])
        said = {"fleet.action_id": str(row["id"]), "fleet.source": row["source"]}
        tracing.record(trace, "intake", began, until, said)
        if row["finished_at"] is not None:
            said = _said(row["id"], row["action_type"], row["workspace_id"], row["integration_id"])
            moments = row["created_at"], row["finished_at"]
            tracing.record_whole(trace, row["action_type"], *moments, said, failed=row["status"])


def begun(
    beginning: "Beginning", attempts: Sequence["Attempt"], began: int, *, answers_doorbell: bool
) -> None:
    """Record that attempts were begun, after the doorbell was heard; or that it ended at once."""
    action, until = beginning.action, tracing.now()
    if not until:
        return
    if answers_doorbell:
        tracing.record(action.trace, "doorbell", action.rung_at or action.due_at, began)
    for one in [attempt.action for attempt in attempts] or [action]:
        tracing.record(one.trace, "begin", began, until)
    _whole(action, beginning.turn.moved_to, beginning.now)


def called(attempts: Sequence["Attempt"], performed: Sequence["Performed"]) -> None:
    """Record each exchange with a platform, in the trace of every action it was made for."""
    if not tracing.now():
        return
    for attempt, (outcome, session) in zip(attempts, performed, strict=True):
        for exchange in [] if session is None else session.exchanges:
            began = int(exchange.started_at.timestamp() * 1e9)
            said: dict[str, Value] = {
                "fleet.effect": attempt.kind.name,
                "fleet.effect_id": str(attempt.sent.effect_id),
                "fleet.attempt": attempt.number,
                "fleet.outcome": type(outcome).__name__.lower(),
                "http.request.method": exchange.method,
                "server.address": urlsplit(exchange.url).hostname or "",
            }
            if exchange.status is not None:
                said["http.response.status_code"] = exchange.status
            ended = began + int(exchange.seconds * 1e9)
            tracing.record(
                attempt.action.trace, f"{attempt.step} {attempt.kind.name}", began, ended, said
            )


def concluded(
    action: ActionRecord, ended_as: ActionStatus | None, began: int, now: datetime
) -> None:
    """Record that an outcome was written down, and the whole if the action ended by it."""
    if until := tracing.now():
        tracing.record(action.trace, "conclude", began, until)
        _whole(action, ended_as, now)


def published(events: Sequence[Waiting]) -> None:
    """Record that the broker has these events, each in the trace it was written in."""
    if until := tracing.now():
        for event in events:
            where = tracing.of_event(event.traceparent)
            tracing.record(where, f"publish {event.type}", event.created_at, until)


def applied(due: Iterable["PromotionDue"], began: int) -> None:
    """Record that promotions were applied, together."""
    if until := tracing.now():
        for one in due:
            said: dict[str, Value] = {"fleet.deal_product": str(one.promotion.deal_product_id)}
            where = tracing.of_event(one.traceparent)
            tracing.record(where, "promotion", began, until, said)


def _whole(action: ActionRecord, ended_as: ActionStatus | None, now: datetime) -> None:
    if ended_as is None or not ended_as.is_final:
        return
    request = action.request
    said = _said(
        request.action_id, request.action_type, request.workspace_id, request.integration_id
    )
    failed = None if ended_as is ActionStatus.SUCCEEDED else ended_as.value
    tracing.record_whole(
        action.trace, request.action_type, action.created_at, now, said, failed=failed
    )


def _said(action_id: UUID, action_type: str, *whose: object) -> dict[str, Value]:
    workspace, integration = map(str, whose)
    return {
        "fleet.action_id": str(action_id),
        "fleet.action_type": action_type,
        "fleet.workspace_id": workspace,
        "fleet.integration_id": integration,
    }
