"""Endpoints over actions: submit, look, list, and what a person may do about them."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from psycopg.errors import QueryCanceled
from pydantic import AwareDatetime, Field, StringConstraints
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from domain.access import Scope, also_needed
from domain.actions.status import ActionStatus
from infra.database import integrations, views
from infra.database.views import Row, Wanted
from infra.envelope import Problem
from infra.http.problems import HttpProblem, invalid
from workers import commands
from workers.api import submitting
from workers.api.endpoint import Accepted, ActionBody, Asked, Endpoint
from workers.api.shapes import (
    Action,
    ActionList,
    Done,
    Revealed,
    Timeline,
    action_of,
    no_action,
    shown_action,
)
from workers.api.stripping import told_without_money
from workers.commands import NotPossible
from workers.fleet import Fleet

LIMIT_MAX = 200
LIST_S_MAX = 5
"""A list takes no longer of the database, whatever is asked for."""
Short = Annotated[str, StringConstraints(min_length=1, max_length=100)]


@dataclass(frozen=True)
class ActionFilter:
    """Which actions; each one narrows the list down. `created_*` bound the time of submitting."""

    status: list[ActionStatus] | None = None
    action_type: Short | None = None
    platform: Short | None = None
    integration_id: UUID | None = None
    deal_id: UUID | None = None
    created_after: AwareDatetime | None = None
    created_before: AwareDatetime | None = None
    limit: Annotated[int, Field(ge=1, le=LIMIT_MAX)] = 50
    cursor: Annotated[str, StringConstraints(max_length=200)] | None = None


@dataclass(frozen=True)
class Nothing:
    """An empty object."""


@dataclass(frozen=True)
class Statement:
    """What a person saw at the platform: it happened, under this id there; or it did not."""

    happened: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    did_not_happen: bool = False


@dataclass(frozen=True)
class Resumption(Statement):
    """A statement, or `params` in place of all old ones."""

    params: dict[str, Any] | None = None


def submit_action(asked: Asked) -> Accepted:
    """Submit an action for the integration of the address."""
    found = integration_in(asked, asked.ids["integration_id"])
    return submitting.submitted(asked, found, asked.body)


def integration_in(asked: Asked, integration_id: UUID) -> UUID:
    """Return the id of an integration of the caller's workspace.

    Raises:
        HttpProblem: there is none.
    """
    with asked.fleet.database.reading() as tx:
        found = integrations.find(tx, integration_id)
    if found is None or found.workspace_id != asked.workspace_id:
        words = f"there is no integration {integration_id} in this workspace"
        raise HttpProblem("not_found", words)
    return found.id


def get_action(asked: Asked) -> Action:
    """Return one action."""
    return action_of(asked.fleet, asked.workspace_id, asked.ids["action_id"])


def get_timeline(asked: Asked) -> Timeline:
    """Return what happened to an action, attempt by attempt."""
    action_id = asked.ids["action_id"]
    with asked.fleet.database.reading() as tx:
        story = views.story(tx, action_id, asked.workspace_id)
    if story is None:
        raise no_action(action_id)
    action = shown_action(story.action)
    return Timeline(action, story.effects, story.attempts, story.transitions)


def list_actions(asked: Asked) -> ActionList:
    """Return the newest actions that fit."""
    chosen: ActionFilter = asked.query
    wanted = Wanted(
        workspace=asked.workspace_id,
        integration=chosen.integration_id,
        platform=chosen.platform,
        deal=chosen.deal_id,
        action_type=chosen.action_type,
        statuses=[status.value for status in chosen.status or ()],
        created_before=chosen.created_before,
        created_after=chosen.created_after,
        after=None if chosen.cursor is None else _read_cursor(chosen.cursor),
        limit=chosen.limit + 1,
    )
    rows = _looked_for(asked.fleet, wanted)
    shown = rows[: chosen.limit]
    following = (
        _cursor(shown[-1]["created_at"], shown[-1]["id"]) if len(rows) > len(shown) else None
    )
    return ActionList([shown_action(row) for row in shown], following)


def _looked_for(fleet: Fleet, wanted: Wanted) -> list[Row]:
    """Return the actions wanted: whoever looks for what is rare looks through all there are.

    Raises:
        HttpProblem: that took too long.
    """
    try:
        with fleet.database.reading() as tx:
            tx.execute(text(f"SET LOCAL statement_timeout = '{LIST_S_MAX}s'"))
            return views.actions(tx, wanted)
    except OperationalError as error:
        if not isinstance(error.orig, QueryCanceled):
            raise
        words = (
            f"this took longer than {LIST_S_MAX} s and was stopped; narrow it down by"
            " integration_id, deal_id or created_after"
        )
        raise HttpProblem("unavailable", words, headers={"Retry-After": "60"}) from error


def _cursor(at: datetime, action_id: UUID) -> str:
    return base64.urlsafe_b64encode(f"{at.isoformat()} {action_id}".encode()).decode()


def _read_cursor(said: str) -> tuple[datetime, UUID]:
    try:
        at, _, action_id = base64.urlsafe_b64decode(said.encode()).decode().partition(" ")
        found = datetime.fromisoformat(at), UUID(action_id)
    except (ValueError, binascii.Error) as error:
        words = "is not a cursor this API gave; leave it out to begin"
        raise invalid([Problem("cursor", words)]) from error
    if found[0].tzinfo is None:
        raise invalid([Problem("cursor", "is not a cursor this API gave; leave it out to begin")])
    return found


def _steered(asked: Asked, params: Mapping[str, Any] | None = None) -> Action:
    """Return the action of the address, for a caller who might ask for it (with new `params` too).

    Raises:
        HttpProblem: there is none, or the caller lacks a scope that asking for it needs.
    """
    action = get_action(asked)
    for given in (action.params, params or {}):
        beside = also_needed(action.action_type, given)
        if beside is not None:
            asked.caller.needs(beside)
    return action


def cancel(asked: Asked) -> Done:
    """Stop what is left of an action."""
    action = _steered(asked)
    said = commands.cancel(asked.fleet, action.id, who=asked.caller.who)
    return Done(said, get_action(asked))


def resume(asked: Asked) -> Done:
    """Let a parked or waiting action go on."""
    said = asked.body
    action = _steered(asked, said.params)
    try:
        done = commands.resume(
            asked.fleet,
            action.id,
            who=asked.caller.who,
            params=said.params,
            happened=said.happened,
            did_not_happen=said.did_not_happen,
        )
    except NotPossible as error:
        told = told_without_money(action.platform, error.problems)
        if asked.caller.sees_money or told == list(error.problems):
            raise
        words = "; ".join(f"{one.field}: {one.problem}" for one in told)
        raise NotPossible(f"the edited params are refused: {words}") from None
    return Done(done, get_action(asked))


def give_up(asked: Asked) -> Done:
    """End a parked or waiting action."""
    action, said = _steered(asked), asked.body
    done = commands.give_up(
        asked.fleet,
        action.id,
        who=asked.caller.who,
        happened=said.happened,
        did_not_happen=said.did_not_happen,
    )
    return Done(done, get_action(asked))


def reveal(asked: Asked) -> Revealed:
    """Show what an action brought for its asker alone; that it was shown is logged."""
    action = get_action(asked)
    return Revealed(commands.reveal(asked.fleet, action.id, who=asked.caller.who))


_ONE = "/actions/{action_id:uuid}"
READ, WRITE = Scope.INTEGRATIONS_READ, Scope.INTEGRATIONS_WRITE

ENDPOINTS: Sequence[Endpoint] = (
    Endpoint(
        "POST", "/integrations/{integration_id:uuid}/action", "submit_action", WRITE, submit_action,
        "Submit an action", Action, body=ActionBody(), errors=("conflict",),
        description="Answers 202 with the action as soon as it is stored; it is then carried out"
        " once, whatever breaks. Payments, voids, emails and syncs need invoices:write too.",
    ),
    Endpoint(
        "GET", "/actions", "list_actions", READ, list_actions,
        "List actions, newest first", ActionList, query=ActionFilter, errors=("unavailable",),
    ),
    Endpoint("GET", _ONE, "get_action", READ, get_action, "Show one action", Action),
    Endpoint(
        "GET", _ONE + "/timeline", "get_timeline", READ, get_timeline,
        "Show everything that happened to an action", Timeline,
    ),
    Endpoint(
        "POST", _ONE + "/cancel", "cancel_action", WRITE, cancel,
        "Stop what is left of an action; nothing is undone", Done, body=Nothing,
        errors=("not_possible",),
    ),
    Endpoint(
        "POST", _ONE + "/resume", "resume_action", WRITE, resume,
        "Let a parked or waiting action go on", Done, body=Resumption, errors=("not_possible",),
        description="Where it is unknown whether an effect happened, `happened` (with the"
        " platform's id) or `did_not_happen` states it; without a statement the platform is asked"
        " once more. `params` takes the place of all old params.",
    ),
    Endpoint(
        "POST", _ONE + "/give-up", "give_up_action", WRITE, give_up,
        "End a parked or waiting action as rejected", Done, body=Statement,
        errors=("not_possible",),
    ),
    Endpoint(
        "POST", _ONE + "/reveal", "reveal_action", WRITE, reveal,
        "Show what an action brought for its asker alone", Revealed, body=Nothing,
        description="That it was shown, and to whom, is logged.",
    ),
)  # fmt: skip
