"""What every call that writes does: make it an action, under the rules of every request."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from domain.access import also_needed
from infra.database import views
from infra.envelope import NotFitting, Problem, Refused
from infra.http.problems import HttpProblem
from infra.wire import read_envelope
from workers.api.endpoint import Accepted, Asked
from workers.api.stripping import told_without_money
from workers.submit import Conflict, Incoming, action_id_for, submit


def submitted(
    asked: Asked,
    integration_id: UUID,
    request: Mapping[str, Any],
) -> Accepted:
    """Submit a request as the caller's, and return the action.

    It is known by its `id`, else by the Idempotency-Key; with neither it is new each time.

    Raises:
        infra.envelope.Refused: every problem by its field.
        HttpProblem: its identity is another request's, or a scope is missing.
    """
    fleet, caller = asked.fleet, asked.caller
    given = {"requested_by": caller.who, **request, "integration_id": str(integration_id)}
    envelope = read_envelope(given, fleet.settings.request_depth_max)
    beside = also_needed(envelope.action_type, envelope.params)
    if beside is not None:
        caller.needs(beside)
    key = str(envelope.id) if envelope.id else asked.key or str(uuid4())
    incoming = Incoming(
        key, envelope, caller.source, request_id=asked.request_id, traceparent=asked.trace
    )
    try:
        answer = submit(fleet, incoming, caller.workspace_id)
    except NotFitting as refused:
        if caller.sees_money:
            raise
        platform = fleet.catalogue.platform_of(envelope.action_type).name
        raise Refused(told_without_money(platform, refused.problems)) from None
    if isinstance(answer, Conflict):
        words = f"already is another request (action {answer.action_id}); choose a new one"
        named = Problem("id" if envelope.id else "Idempotency-Key", words)
        raise HttpProblem("conflict", f"{named.field} {words}", [named])
    return Accepted(answer.action_id)


def params_submitted(
    asked: Asked,
    action_type: str,
    integration_id: UUID,
    params: Mapping[str, Any],
    deal_id: UUID | None = None,
) -> Accepted:
    """Submit what an address and its body say as a request.

    Raises:
        infra.envelope.Refused, HttpProblem: as `submitted`.
    """
    request: dict[str, Any] = {"action_type": action_type, "params": dict(params)}
    if deal_id is not None:
        request["data"] = {"deal": {"id": str(deal_id)}}
    return submitted(asked, integration_id, request)


def integration_before(asked: Asked) -> UUID | None:
    """Return the integration that this call's key went to before, if it did."""
    if asked.key is None:
        return None
    action_id = action_id_for(asked.workspace_id, asked.key)
    with asked.fleet.database.reading() as tx:
        found = views.action(tx, action_id, asked.workspace_id)
    return None if found is None else found["integration_id"]
