"""Integrations: how each is, how it is connected again; stopping one and letting it go on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from starlette.responses import Response

from infra.database import audit, budgets, overview, searching, views
from infra.database.overview import Figures
from infra.database.searching import Sought
from infra.database.views import Row, Wanted
from infra.http.problems import HttpProblem
from workers import pausing
from workers.commands import NotPossible
from workers.console.operators import reconnecting
from workers.console.operators.operating import looking, moved, operators, reach, shown
from workers.console.operators.overview_page import share_left
from workers.console.visit import Visit

LISTED_MAX = 500
ACTIONS_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Health:
    """An integration, and how it does: rows of `infra.database.overview`, where there are any."""

    row: Row
    due: int
    later: int
    parked: int
    calls: Row | None
    synced: Row | None


def list_integrations(visit: Visit) -> Response:
    """Show every integration: those that need somebody first."""
    workspace = reach(visit)
    with looking(visit) as tx:
        rows = overview.integrations(tx, workspace, None, LISTED_MAX)
        figures = overview.read(tx, workspace, visit.fleet.now())
    return shown(
        visit, "integrations.html", "integrations",
        items=_healths(rows, figures), most=LISTED_MAX,
    )  # fmt: skip


def _healths(rows: list[Row], figures: Figures) -> list[Health]:
    def first(found: list[Row]) -> Mapping[UUID, Row]:
        return {row["integration_id"]: row for row in found}

    calls, synced, parked = first(figures.calls), first(figures.syncs), first(figures.parked)
    made = []
    for row in rows:
        held = [one for one in figures.backlog if one["integration_id"] == row["id"]]
        made.append(
            Health(
                row=row,
                due=sum(one["due"] for one in held),
                later=sum(one["later"] for one in held),
                parked=parked[row["id"]]["parked"] if row["id"] in parked else 0,
                calls=calls.get(row["id"]),
                synced=synced.get(row["id"]),
            )
        )
    return made


def show_integration(visit: Visit) -> Response:
    """Show one integration."""
    return _integration(visit)


def _integration(visit: Visit, status: int = 200, problem: str = "") -> Response:
    workspace, now, integration_id = reach(visit), visit.fleet.now(), visit.ids["integration_id"]
    with looking(visit) as tx:
        rows = overview.integrations(tx, workspace, integration_id, 1)
        if not rows:
            raise HttpProblem("not_found", "There is no such integration.")
        figures = overview.read(tx, rows[0]["workspace_id"], now)
        windows = [one for one in budgets.left(tx, now) if one["integration_id"] == integration_id]
        sought = Sought(integrations=[integration_id])
        ids = searching.find(tx, sought, None, ACTIONS_SHOWN).ids
        latest = views.actions(tx, Wanted(ids=ids, limit=ACTIONS_SHOWN)) if ids else []
        deeds = audit.about(tx, integration_id)
    row = rows[0]
    return shown(
        visit, "integration.html", "integrations", status,
        it=_healths(rows, figures)[0], windows=windows, latest=latest, deeds=deeds,
        problem=problem, share_left=share_left, how=reconnecting.how(row["platform"]),
        typed=reconnecting.command(row["platform"], row["workspace_id"]),
    )  # fmt: skip


def _acted(command: Callable[..., str]) -> Callable[[Visit], Response]:
    def act(visit: Visit) -> Response:
        integration_id, fleet = visit.ids["integration_id"], visit.fleet
        with looking(visit) as tx:
            if not overview.integrations(tx, reach(visit), integration_id, 1):
                raise HttpProblem("not_found", "There is no such integration.")
        given: dict[str, Any] = {"who": visit.caller.who, "now": fleet.now()}
        try:
            command(fleet.database, integration_id, **given)
        except NotPossible as error:
            return _integration(visit, 409, f"Nothing was done: {error}.")
        return moved(f"/integrations/{integration_id}")

    return act


_ONE = "/integrations/{integration_id:uuid}"
PAGES = (
    operators("GET", "/integrations", list_integrations),
    operators("GET", _ONE, show_integration),
    operators("POST", _ONE + "/pause", _acted(pausing.pause)),
    operators("POST", _ONE + "/resume", _acted(pausing.resume)),
)
