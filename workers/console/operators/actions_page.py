"""Actions: found by deal, invoice, tenant, integration, status, error; one told as a timeline."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from starlette.responses import Response

from infra.database import audit, searching, views
from infra.database.searching import Found
from infra.database.views import Row, Wanted
from infra.http.problems import HttpProblem
from workers.console import rendering
from workers.console.operators.action_query import (
    SPANS,
    STATUSES,
    ActionQuery,
    place_of,
    sought,
    written,
)
from workers.console.operators.operating import looking, operators, reach, shown
from workers.console.visit import Visit
from workers.telling import Told, told

PAGE = 50


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of actions; `problem` says why there can be none."""

    rows: list[Row]
    found: Found
    problem: str = ""


def searched(visit: Visit, query: ActionQuery, limit: int) -> Listed:
    """Find actions within the visitor's reach."""
    with looking(visit) as tx:
        wanted = sought(tx, query, reach(visit), visit.fleet.now())
        if isinstance(wanted, str):
            return Listed([], Found([], None, None), wanted)
        found = searching.find(tx, wanted, place_of(visit.query), limit)
        rows = views.actions(tx, Wanted(ids=found.ids, limit=limit)) if found.ids else []
    return Listed(rows, found)


def list_actions(visit: Visit) -> Response:
    """Show the newest actions that fit."""
    query = ActionQuery.of(visit.query)
    listed = searched(visit, query, PAGE)
    more = None if listed.found.more is None else query.address(after=written(listed.found.more))
    template = "actions_rows.html" if visit.is_part else "actions.html"
    return shown(
        visit, template, "actions",
        listed=listed, query=query, more=more, statuses=STATUSES, spans=list(SPANS),
        types=sorted(visit.fleet.catalogue.actions), queues=sorted(visit.fleet.catalogue.queues),
    )  # fmt: skip


def story_of(visit: Visit, action_id: UUID) -> tuple[Told, list[Row], list[Row]]:
    """Return an action's story, what people did to it, and the log of its attempts.

    Raises:
        HttpProblem: there is no such action within the visitor's reach.
    """
    with looking(visit) as tx:
        story = views.story(tx, action_id, reach(visit))
        if story is None:
            raise HttpProblem("not_found", "There is no such action.")
        deeds, logged = audit.about(tx, action_id), views.exchanges(tx, action_id)
    return told(story, visit.fleet.now()), deeds, logged


def action(visit: Visit, status: int = 200, problem: str = "", *, done: bool = False) -> Response:
    """Show one action; `problem` is why a command was refused, `done` that one was not."""
    it, deeds, logged = story_of(visit, visit.ids["action_id"])
    seen = f"{it.action['transition']}-{sum(len(one.attempts) for one in it.effects)}"
    if visit.is_part and visit.query.one("seen") == seen:
        return Response(status_code=204, headers=rendering.HEADERS)
    template = "action_live.html" if visit.is_part else "action.html"
    exchanges: dict[int, Any] = {row["id"]: row for row in logged}
    mine = [one for one in deeds if one["who"] == visit.caller.who]
    return shown(
        visit, template, "actions", status,
        it=it, deeds=deeds, exchanges=exchanges, seen=seen, problem=problem,
        did=mine[0] if done and mine else None,
    )  # fmt: skip


def show_action(visit: Visit) -> Response:
    """Show one action."""
    return action(visit, done=visit.query.has("done"))


PAGES = (
    operators("GET", "/actions", list_actions),
    operators("GET", "/actions/{action_id:uuid}", show_action),
)
