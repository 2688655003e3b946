"""One command for all that match a search: shown first, each of them; then what became of each."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from starlette.responses import Response

from infra.database import views
from infra.database.views import Row, Wanted
from infra.http.problems import HttpProblem
from workers import bulk, words
from workers.bulk import COMMANDS, MANY_MAX, Shown
from workers.console.operators.action_query import ActionQuery
from workers.console.operators.actions_page import searched
from workers.console.operators.operating import looking, operators, reach, shown
from workers.console.visit import Visit

NAMES = {"resume": "Resume", "give_up": "Give up", "cancel": "Cancel"}
DOES = {
    "resume": "They go on at once. Where an outcome is unknown, the platform is asked first.",
    "give_up": "They end as rejected. What has happened stays.",
    "cancel": "What is left of them is stopped. Nothing is undone.",
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """An action the command is for, or not: `misfit` says why not."""

    row: Row
    misfit: str

    @property
    def token(self) -> str:
        """What names it, as it is now, in the form."""
        return f"{self.row['id']}.{self.row['transition']}"


def preview(visit: Visit) -> Response:
    """Show which actions a command would be given for, before anything is done."""
    name = _command(visit.query.one("command"))
    query = ActionQuery.of(visit.query).only(COMMANDS[name].fits)
    listed = searched(visit, query, MANY_MAX)
    candidates = [Candidate(row, bulk.misfit(name, row)) for row in listed.rows]
    fitting = [one for one in candidates if not one.misfit]
    now = visit.fleet.now()
    return shown(
        visit, "bulk.html", "actions",
        name=name, title=NAMES[name], does=DOES[name], query=query, candidates=candidates,
        fitting=len(fitting), problem=listed.problem, more=listed.found.more,
        by_type=Counter(one.row["action_type"] for one in fitting).most_common(),
        by_why=Counter(words.why(one.row, now) for one in fitting).most_common(8),
        in_doubt=sum(one.row["effect_state"] == "unknown" for one in fitting), most=MANY_MAX,
    )  # fmt: skip


def carry_out(visit: Visit) -> Response:
    """Give the command for the actions that were shown and are still ticked."""
    name = _command(visit.form.one("command"))
    chosen = _chosen(visit.form.all("action"))
    with looking(visit) as tx:
        wanted = Wanted(workspace=reach(visit), ids=[one.id for one in chosen], limit=MANY_MAX)
        rows = {row["id"]: row for row in views.actions(tx, wanted)} if chosen else {}
    mine = [one for one in chosen if one.id in rows]
    fates = bulk.carry_out(visit.fleet, name, mine, who=visit.caller.who)
    return shown(
        visit, "bulk_done.html", "actions",
        title=NAMES[name], done=[(one, rows[one.id]) for one in fates if one.is_done],
        skipped=[(one, rows[one.id]) for one in fates if not one.is_done],
        missing=len(chosen) - len(mine),
    )  # fmt: skip


def _command(said: str) -> str:
    """Return the name of a command that may be given for many.

    Raises:
        HttpProblem: it is none.
    """
    if said not in COMMANDS:
        raise HttpProblem("not_found", "There is no such command.")
    return said


def _chosen(tokens: Sequence[str]) -> list[Shown]:
    """Read which actions were chosen, as they were shown; each once.

    Raises:
        HttpProblem: the form is not one of ours.
    """
    found: dict[UUID, Shown] = {}
    try:
        for token in tokens[:MANY_MAX]:
            action_id, _, seen = token.partition(".")
            one = Shown(UUID(action_id), int(seen[:19]))
            found.setdefault(one.id, one)
    except ValueError as error:
        raise HttpProblem("unreadable", "This form is not one of ours. Load it again.") from error
    return list(found.values())


PAGES = (
    operators("GET", "/bulk", preview),
    operators("POST", "/bulk", carry_out),
)
