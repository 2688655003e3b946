"""Taking requests in: checked, written, and only then worth a doorbell.

The same identity with the same request is the same action, whatever its state; with another
request it is a conflict. A request that cannot be carried out is refused to a caller who waits for
the answer, and recorded as a rejected action when it came by queue, so that it is never lost.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from domain.actions.plan import Request
from domain.actions.status import ActionStatus
from domain.events import Event, EventType
from infra import tracing
from infra.database import actions, crm, integrations, outbox
from infra.database.engine import Transaction
from infra.envelope import Envelope, NotFitting, Problem, Refused
from infra.platform import Integration
from workers import traced
from workers.fleet import Fleet

NO_WORKSPACE = UUID(int=0)  # of a request by queue that names no integration we know


@dataclass(frozen=True, slots=True)
class Incoming:
    """A readable request with its identity and where it came from (`celery`, `plain`, `cli` …)."""

    key: str
    envelope: Envelope
    source: str
    priority: int = 0
    request_id: str | None = None  # of the HTTP call it came with
    traceparent: object = None  # where in the sender's trace this is, as it was sent


@dataclass(frozen=True, slots=True)
class Submitted:
    """The request is an action: a new one, or the one it already was."""

    action_id: UUID
    created: bool
    refused: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Conflict:
    """This identity already belongs to another request."""

    action_id: UUID


Answer = Submitted | Conflict


def action_id_for(workspace_id: UUID, key: str) -> UUID:
    """Derive an action's id from its identity: a sender can know it beforehand."""
    return uuid5(NAMESPACE_URL, f"actionfleet:{workspace_id}:{key}")


def submit(fleet: Fleet, incoming: Incoming, workspace_id: UUID | None = None) -> Answer:
    """Take one request in for a caller who waits for the answer.

    Raises:
        Refused: every problem; nothing is stored.
    """
    began = tracing.now()
    with fleet.database.transaction() as tx:
        integration = integrations.find(tx, incoming.envelope.integration_id)
        if integration is not None and workspace_id not in {None, integration.workspace_id}:
            integration = None  # another workspace's: it does not exist for this caller
        if integration is not None:
            action_id = action_id_for(integration.workspace_id, incoming.key)
            taken = actions.hashes(tx, {action_id})
            if taken:
                return _again(action_id, taken[action_id], incoming)
        params = _checked(fleet, tx, incoming.envelope, integration)
        row = _row(fleet, incoming, integration, params, fleet.now())
        answer = _insert(tx, [row])[0]
    _traced([row], [answer], began)
    return answer


def submit_own(
    fleet: Fleet, action_type: str, integration_id: UUID, *, key: str, by: str
) -> Answer | None:
    """Take in what the fleet wishes by itself, in a transaction of its own."""
    with fleet.database.transaction() as tx:
        integration = integrations.find(tx, integration_id)
        if integration is None:
            return None
        return add_own(fleet, tx, action_type, integration, key=key, by=by)


def add_own(  # noqa: PLR0913
    fleet: Fleet,
    tx: Transaction,
    action_type: str,
    integration: Integration,
    *,
    key: str,
    by: str,
    params: Mapping[str, Any] | None = None,
) -> Answer:
    """Add what the fleet wishes by itself to a transaction: nothing to check, people come first."""
    return add_wishes(fleet, tx, [Wish(action_type, integration, key, by, by, params or {})])[0]


@dataclass(frozen=True, slots=True)
class Wish:
    """What the fleet wishes by itself: `source` says why, `by` whose wish it is after all."""

    action_type: str
    integration: Integration
    key: str
    source: str
    by: str
    params: Mapping[str, Any]
    priority: int = 1


def add_wishes(fleet: Fleet, tx: Transaction, wishes: Sequence[Wish]) -> list[Answer]:
    """Add several wishes to a transaction; those that are actions already stay as they are."""
    now, rows = fleet.now(), []
    for wish in wishes:
        params = dict(wish.params)
        own = wish.integration.id, wish.action_type
        incoming = Incoming(
            wish.key,
            Envelope(None, *own, params, {}, None, wish.by),
            wish.source,
            wish.priority,
        )
        rows.append(_row(fleet, incoming, wish.integration, params, now))
    return _insert(tx, rows)


def submit_many(fleet: Fleet, arrived: Sequence[Incoming]) -> list[Answer]:
    """Take requests from a queue in, in one transaction; bad ones become rejected actions."""
    now, began = fleet.now(), tracing.now()
    with fleet.database.transaction() as tx:
        known = integrations.find_many(tx, {item.envelope.integration_id for item in arrived})
        ids = [_id(item, known.get(item.envelope.integration_id)) for item in arrived]
        taken = actions.hashes(tx, set(ids))
        rows: list[dict[str, Any]] = []
        refusals: dict[UUID, tuple[Problem, ...]] = {}
        for item, action_id in zip(arrived, ids, strict=True):
            if action_id in taken:
                continue
            integration = known.get(item.envelope.integration_id)
            try:
                params = _checked(fleet, tx, item.envelope, integration)
            except Refused as refused:
                row = _rejected(fleet, item, integration, refused, now)
                refusals.setdefault(row["id"], tuple(refused.problems))
            else:
                row = _row(fleet, item, integration, params, now)
            rows.append(row)
        inserted = _insert(tx, rows)
        _tell_rejected(tx, rows, inserted, now)
    _traced(rows, inserted, began)
    fresh = iter(inserted)
    answers = [
        _again(action_id, taken[action_id], item) if action_id in taken else next(fresh)
        for item, action_id in zip(arrived, ids, strict=True)
    ]
    return [
        Submitted(answer.action_id, answer.created, refusals.get(answer.action_id, ()))
        if isinstance(answer, Submitted)
        else answer
        for answer in answers
    ]


def _id(item: Incoming, integration: Integration | None) -> UUID:
    return action_id_for(integration.workspace_id if integration else NO_WORKSPACE, item.key)


def _again(action_id: UUID, request_hash: bytes, item: Incoming) -> Answer:
    """Answer for an identity already taken, whatever has changed since: nothing is checked anew."""
    same = item.envelope.fingerprint == request_hash
    return Submitted(action_id, created=False) if same else Conflict(action_id)


def _checked(
    fleet: Fleet, tx: Transaction, envelope: Envelope, integration: Integration | None
) -> dict[str, Any]:
    from infra.wire import read_params  # noqa: PLC0415 - loads pydantic, which beat does without

    problems: list[Problem] = []
    if integration is None:
        problems.append(Problem("integration_id", "no integration with this id in the workspace"))
    elif integration.status == "inactive":
        problems.append(Problem("integration_id", "the integration is inactive; activate it first"))
    params: dict[str, Any] = {}
    try:
        params = read_params(fleet.catalogue, envelope)
    except Refused as refused:
        problems += refused.problems
    declared = fleet.catalogue.actions.get(envelope.action_type)
    if declared is None or integration is None:
        raise Refused(problems)
    platform = fleet.catalogue.platform_of(envelope.action_type).name
    if platform != integration.platform:
        words = f"is a {integration.platform} integration; {envelope.action_type} needs {platform}"
        problems.append(Problem("integration_id", words))
    foreign = envelope.deal_id is not None and crm.is_anothers(
        tx, integration.workspace_id, envelope.deal_id
    )
    if foreign:
        problems.append(Problem("data.deal.id", f"no deal {envelope.deal_id} in this workspace"))
    if problems:
        raise Refused(problems)
    request = _request(envelope, integration, params)
    problems += [Problem(*found) for found in declared.check(tx, request)]
    if problems:
        raise NotFitting(problems)
    return params


def _request(envelope: Envelope, integration: Integration, params: dict[str, Any]) -> Request:
    return Request(
        NO_WORKSPACE,
        integration.workspace_id,
        integration.id,
        envelope.action_type,
        params,
        envelope.deal_id,
    )


def _row(
    fleet: Fleet,
    item: Incoming,
    integration: Integration | None,
    params: dict[str, Any],
    now: datetime,
) -> dict[str, Any]:
    envelope = item.envelope
    workspace_id = integration.workspace_id if integration else NO_WORKSPACE
    declared = envelope.action_type in {**fleet.catalogue.actions, **fleet.catalogue.own}
    return {
        "id": _id(item, integration),
        "workspace_id": workspace_id,
        "integration_id": envelope.integration_id if integration else None,
        "platform": integration.platform if integration else "unknown",
        "queue": fleet.catalogue.queue_of(envelope.action_type) if declared else "none",
        "action_type": envelope.action_type,
        "key": item.key,
        "request_hash": envelope.fingerprint,
        "params": params,
        "data": envelope.data,
        "deal_id": envelope.deal_id,
        "requested_by": envelope.requested_by,
        "source": item.source,
        "priority": item.priority,
        "status": ActionStatus.QUEUED.value,
        "status_by": item.source,
        "status_reason": None,
        "due_at": now,
        "error": None,
        "created_at": now,
        "finished_at": None,
        "request_id": item.request_id,
        "traceparent": tracing.read_traceparent(item.traceparent),
    }


def _rejected(
    fleet: Fleet,
    item: Incoming,
    integration: Integration | None,
    refused: Refused,
    now: datetime,
) -> dict[str, Any]:
    problems = [problem.plain() for problem in refused.problems]
    declared, params = fleet.catalogue.actions.get(item.envelope.action_type), item.envelope.params
    kept = params if declared is None else dict(declared.kept(params))
    return _row(fleet, item, integration, kept, now) | {
        "status": ActionStatus.REJECTED.value,
        "status_reason": "refused at intake",
        "error": {"code": "refused", "message": str(refused), "problems": problems},
        "finished_at": now,
    }


def _insert(tx: Transaction, rows: list[dict[str, Any]]) -> list[Answer]:
    if not rows:
        return []
    first = {row["id"]: row for row in reversed(rows)}  # of equal keys in one batch the first wins
    new = actions.insert_new(tx, list(first.values()))
    hashes = {row["id"]: row["request_hash"] for row in first.values()}
    hashes |= actions.hashes(tx, set(first) - new)
    answers: list[Answer] = []
    for row in rows:
        if row["request_hash"] != hashes[row["id"]]:
            answers.append(Conflict(row["id"]))
        else:
            created = row["id"] in new and row is first[row["id"]]
            answers.append(Submitted(row["id"], created))
    return answers


def _traced(rows: Sequence[dict[str, Any]], answers: Sequence[Answer], began: int) -> None:
    new = [one.action_id for one in answers if isinstance(one, Submitted) and one.created]
    traced.taken_in(rows, new, began)


def _tell_rejected(
    tx: Transaction, rows: list[dict[str, Any]], answers: list[Answer], now: datetime
) -> None:
    events = []
    for row, answer in zip(rows, answers, strict=True):
        created = isinstance(answer, Submitted) and answer.created
        if created and row["status"] == ActionStatus.REJECTED.value:
            told = {
                "action_id": str(row["id"]),
                "action_type": row["action_type"],
                "integration_id": str(row["integration_id"]),
                "error": row["error"],
                "partial": False,
            }
            kind = EventType.ACTION_REJECTED
            events.append(Event(kind, str(row["id"]), told, row["workspace_id"]))
    outbox.emit(tx, events, now)
