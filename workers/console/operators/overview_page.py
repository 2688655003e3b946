"""The page for three in the morning: is anything wrong, and where. It looks again by itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import psycopg
from starlette.responses import Response

from infra.database import budgets, overview
from infra.database.overview import Figures
from infra.database.views import Row
from infra.http.problems import HttpProblem
from infra.settings import plain_database_url
from workers import liveness
from workers.console.operators.alarms import LATER, NOW, Alarm, alarms
from workers.console.operators.operating import looking, operators, reach, shown
from workers.console.operators.workings import (
    Process,
    Queue,
    Tile,
    processes_of,
    queues_of,
    tiles_of,
)
from workers.console.visit import Visit

TENANTS_SHOWN, BUDGETS_SHOWN, CALLS_SHOWN = 15, 12, 12


@dataclass(frozen=True, slots=True)
class Overview:
    """What the page shows."""

    figures: Figures
    alarms: Sequence[Alarm]
    queues: Sequence[Queue]
    tenants: Sequence[Queue]
    processes: Sequence[Process]
    budgets: Sequence[Row]
    calls: Sequence[Row]
    tiles: Sequence[Tile]

    @property
    def urgent(self) -> int:
        """How many things are worth waking for."""
        return sum(alarm.level == NOW for alarm in self.alarms)

    @property
    def verdict(self) -> str:
        """The answer to "is anything wrong?"."""
        if self.urgent:
            return "Something is wrong" if self.urgent == 1 else f"{self.urgent} things are wrong"
        return "Nothing urgent" if self.alarms else "All is well"

    @property
    def tone(self) -> str:
        """The colour of the answer."""
        if self.urgent:
            return "red"
        return "amber" if self.alarms else "green"


def seen(visit: Visit) -> Overview:
    """Look at everything."""
    workspace, now, settings = reach(visit), visit.fleet.now(), visit.fleet.settings
    with looking(visit) as tx:
        figures = overview.read(tx, workspace, now)
        rows = budgets.left(tx, now)
    try:
        stuck = liveness.stuck(plain_database_url(settings.database_url))
    except psycopg.Error as error:
        words = "The database takes no further connection: look there first."
        raise HttpProblem("unavailable", words) from error
    mine = [row for row in rows if workspace in {None, row["workspace_id"]}]
    queues, tenants = queues_of(figures)
    processes = processes_of(figures, stuck)
    every = timedelta(seconds=settings.sync_every_s)
    waiting = [one for one in tenants if one.due or one.later or one.carried]
    return Overview(
        figures=figures,
        alarms=alarms(figures, queues, processes, mine, every),
        queues=queues,
        tenants=waiting[:TENANTS_SHOWN],
        processes=processes,
        budgets=sorted((row for row in mine if row["calls"]), key=share_left)[:BUDGETS_SHOWN],
        calls=sorted(figures.calls, key=_worst)[:CALLS_SHOWN],
        tiles=tiles_of(figures, queues),
    )


def share_left(row: Row) -> float:
    """Return what share of a window's calls is left."""
    share: float = max(row["calls"] - row["used"], 0) / row["calls"]
    return share


def _worst(row: Row) -> tuple[float, int]:
    return -row["failed"] / row["calls"], -row["calls"]


def show(visit: Visit) -> Response:
    """Show how the fleet is; only what changes, if the page asks for that."""
    template = "overview_live.html" if visit.is_part else "overview.html"
    return shown(
        visit, template, "overview", it=seen(visit), share_left=share_left, NOW=NOW, LATER=LATER
    )


PAGES = (operators("GET", "", show),)
