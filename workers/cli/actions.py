"""`fleet actions`: what was asked, where it stands, and what a person may do about it."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer
from rich.text import Text

from workers.cli import say, words
from workers.cli.enqueue import AsJson
from workers.cli.listing import listed

if TYPE_CHECKING:
    from infra.database.engine import Database
    from infra.database.views import Row
    from workers.fleet import Fleet

app = typer.Typer(
    help="What was asked, where it stands, and what to do about it.", no_args_is_help=True
)
STATUSES = (
    "queued", "running", "waiting", "reconciling", "parked", "succeeded", "rejected", "cancelled",
)  # fmt: skip
OPEN = STATUSES[:5]

ActionId = Annotated[
    str, typer.Argument(metavar="ID", help="The action's id or its beginning, or the request's id.")
]
Happened = Annotated[
    str | None,
    typer.Option(metavar="ID", help="State that the effect happened, and the platform's id of it."),
]
DidNotHappen = Annotated[
    bool, typer.Option("--did-not-happen", help="State that the effect did not happen.")
]


def _span(text: str | None) -> Any:
    if text is None:
        return None
    try:
        return words.read_span(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _status(given: list[str]) -> list[str]:
    for status in given:
        if status not in {*STATUSES, "open"}:
            known = ", ".join([*STATUSES, "open"])
            raise typer.BadParameter(f"{status!r} is no status; known: {known}")
    return given


Statuses = Annotated[
    list[str],
    typer.Option(help="Only in this status; may be repeated. `open`: not final.", callback=_status),
]
OlderThan = Annotated[str | None, typer.Option(metavar="10m", help="Asked longer ago than this.")]
NewerThan = Annotated[str | None, typer.Option(metavar="2h", help="Asked more recently than this.")]


@app.command("list")
def list_(  # noqa: PLR0913 - one per filter
    *,
    workspace: Annotated[UUID | None, typer.Option(help="Only this workspace's.")] = None,
    integration: Annotated[UUID | None, typer.Option(help="Only this integration's.")] = None,
    platform: Annotated[str | None, typer.Option(help="Only this platform's.")] = None,
    status: Statuses = [],  # noqa: B006 - typer reads it and never changes it
    deal: Annotated[UUID | None, typer.Option(help="Only for this deal.")] = None,
    action_type: Annotated[str | None, typer.Option("--type", help="Only of this type.")] = None,
    older_than: OlderThan = None,
    newer_than: NewerThan = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most, newest first.")] = 30,
    as_json: AsJson = False,
) -> None:
    """List actions, newest first."""
    from infra.clock import utc_now  # noqa: PLC0415
    from infra.database import views  # noqa: PLC0415
    from workers.cli import reach  # noqa: PLC0415

    now, older, newer = utc_now(), _span(older_than), _span(newer_than)
    statuses = [s for one in status for s in (OPEN if one == "open" else (one,))]
    wanted = views.Wanted(
        workspace=workspace,
        integration=integration,
        platform=platform,
        deal=deal,
        action_type=action_type,
        statuses=statuses,
        created_before=None if older is None else now - older,
        created_after=None if newer is None else now - newer,
        limit=limit,
    )
    with reach.database() as database, database.transaction() as tx:
        rows = views.actions(tx, wanted)
    say.answer(as_json, [_plain(row, now) for row in rows], listed(rows, now))


def _plain(row: "Row", now: datetime) -> dict[str, Any]:
    return {**row, "why": words.why(row, now)}


@app.command()
def show(*, action: ActionId, as_json: AsJson = False) -> None:
    """Tell an action's story: what was asked, each attempt, what comes next."""
    from infra.clock import utc_now  # noqa: PLC0415
    from infra.database import views  # noqa: PLC0415
    from workers.cli import reach, story  # noqa: PLC0415

    with reach.database() as database:
        action_id = the_one(database, action)
        with database.transaction() as tx:
            found = views.story(tx, action_id)
    if found is None:
        raise say.Failed(f"there is no action {action_id}")
    now = utc_now()
    shown = None if as_json else story.told(found, now)
    say.answer(as_json, story.plain(found, now), shown)


def the_one(database: "Database", said: str) -> UUID:
    """Return the id of the action a person means.

    Raises:
        Failed: none is, or several are.
    """
    from infra.database import views  # noqa: PLC0415

    with database.transaction() as tx:
        found = views.action_ids(tx, said)
    hint = "Give the beginning of its id (fleet actions list) or the request's id."
    return say.the_one(found, said, f"there is no action {said!r}", [hint])


@app.command()
def resume(
    *,
    action: ActionId,
    happened: Happened = None,
    did_not_happen: DidNotHappen = False,
    params: Annotated[
        str | None, typer.Option(metavar="JSON", help="New params, replacing the old ones.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Let a parked or waiting action go on."""
    from workers import commands  # noqa: PLC0415

    edited = _params(params)
    _do(action, as_json, lambda fleet, found, who: commands.resume(
        fleet, found, who=who, params=edited, happened=happened, did_not_happen=did_not_happen
    ))  # fmt: skip


@app.command("give-up")
def give_up(
    *,
    action: ActionId,
    happened: Happened = None,
    did_not_happen: DidNotHappen = False,
    as_json: AsJson = False,
) -> None:
    """End a parked or waiting action as rejected; what has happened stays."""
    from workers import commands  # noqa: PLC0415

    _do(action, as_json, lambda fleet, found, who: commands.give_up(
        fleet, found, who=who, happened=happened, did_not_happen=did_not_happen
    ))  # fmt: skip


@app.command()
def cancel(*, action: ActionId, as_json: AsJson = False) -> None:
    """Stop what is left of an action; undo nothing."""
    from workers import commands  # noqa: PLC0415

    _do(action, as_json, lambda fleet, found, who: commands.cancel(fleet, found, who=who))


@app.command()
def reveal(*, action: ActionId, as_json: AsJson = False) -> None:
    """Show what an action brought for its asker alone (a host's start address); it is recorded."""
    from workers import commands  # noqa: PLC0415
    from workers.cli import reach  # noqa: PLC0415

    with reach.fleet() as fleet:
        action_id = the_one(fleet.database, action)
        found = commands.reveal(fleet, action_id, who=reach.who())
    if as_json or not found:
        say.answer(as_json, found, Text("nothing secret is kept of it", "dim"))
        return
    for name, value in found.items():  # each in one line, however long: it is there to be copied
        say.console().print(Text.assemble((name, "dim"), "  ", str(value)), soft_wrap=True)


def _do(said: str, as_json: bool, command: Callable[["Fleet", UUID, str], str]) -> None:  # noqa: FBT001
    from workers.cli import reach  # noqa: PLC0415

    with reach.fleet() as fleet:
        action_id = the_one(fleet.database, said)
        happens_next = command(fleet, action_id, reach.who())
    shown = Text.assemble(("✓ ", "green"), (words.short(action_id), "bold"), " ", happens_next)
    say.answer(as_json, {"action_id": str(action_id), "answer": happens_next}, shown)


def _params(given: str | None) -> dict[str, Any] | None:
    if given is None:
        return None
    try:
        found = json.loads(given)
    except ValueError as error:
        raise typer.BadParameter(f"--params is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise typer.BadParameter("--params must be a JSON object")
    return found
