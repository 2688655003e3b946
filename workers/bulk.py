"""One command for many actions: those a person was shown, as they were then, and no others.

Each is carried out by itself, as if alone: what has moved on since it was shown, or refuses the
command, is skipped and told.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.actions.status import ActionStatus
from infra.database.engine import PASSING
from infra.database.searching import OPEN
from infra.database.views import Row
from workers import commands
from workers.commands import NotPossible
from workers.fleet import Fleet

MANY_MAX = 200
"""So many actions a person is shown, and gives one command for, at a time."""
RESTING = frozenset({ActionStatus.PARKED.value, ActionStatus.WAITING.value})


@dataclass(frozen=True, slots=True)
class Command:
    """A command of `workers.commands` that may be given for many. `fits`: statuses it is for."""

    run: Callable[..., str]
    fits: frozenset[str]


COMMANDS: Mapping[str, Command] = {
    "resume": Command(commands.resume, RESTING),
    "give_up": Command(commands.give_up, RESTING),
    "cancel": Command(commands.cancel, OPEN),
}


@dataclass(frozen=True, slots=True)
class Shown:
    """An action as a person saw it: `seen` is its latest transition then."""

    id: UUID
    seen: int


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of it: `said` is the command's answer, or why it was skipped."""

    id: UUID
    is_done: bool
    said: str


def misfit(name: str, row: Row) -> str:
    """Return why a command would be refused as the action stands now; "" where it fits."""
    if row["status"] not in COMMANDS[name].fits:
        return f"it is {row['status']}"
    if row["effect_state"] != "unknown":
        return ""
    if name == "give_up":
        return "it may have happened: look, and say so on its own page"
    if name == "cancel" and row["status"] == "parked":
        return "it may have happened: resume it, or give it up with a statement"
    return ""


def carry_out(fleet: Fleet, name: str, shown: Sequence[Shown], *, who: str) -> list[Fate]:
    """Give a command for each of these actions; return what became of each, in order."""
    return [_one(fleet, COMMANDS[name], one, who) for one in shown[:MANY_MAX]]


def _one(fleet: Fleet, command: Command, one: Shown, who: str) -> Fate:
    try:
        return Fate(one.id, is_done=True, said=command.run(fleet, one.id, who=who, seen=one.seen))
    except NotPossible as error:
        return Fate(one.id, is_done=False, said=str(error))
    except PASSING:
        words = "the database did not answer, or it is being worked on: look before trying again"
        return Fate(one.id, is_done=False, said=words)
