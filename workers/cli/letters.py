"""`fleet dead-letters`: messages nobody could understand, and what to do about them."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from workers.cli import say, words
from workers.cli.enqueue import AsJson

if TYPE_CHECKING:
    from infra.database.engine import Database
    from infra.database.views import Row
    from workers.fleet import Fleet

app = typer.Typer(help="Messages nobody could understand.", no_args_is_help=True)
LetterId = Annotated[
    str, typer.Argument(metavar="ID", help="The dead letter's id, or its beginning.")
]
SHOWN_BYTES = 4_000


@app.command("list")
def list_(
    *,
    settled: Annotated[
        bool, typer.Option("--all", help="Those dealt with too, not only the open ones.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, help="How many at most, newest first.")] = 30,
    as_json: AsJson = False,
) -> None:
    """List dead letters, newest first."""
    from infra.clock import utc_now  # noqa: PLC0415
    from infra.database import views  # noqa: PLC0415
    from workers.cli import reach  # noqa: PLC0415

    with reach.database() as database, database.transaction() as tx:
        rows = views.dead_letters(tx, settled=settled, limit=limit)
    now = utc_now()
    table = say.table(
        ("id", {"no_wrap": True, "style": "bold"}), "came", ("age", {"justify": "right"}),
        ("times", {"justify": "right"}), ("bytes", {"justify": "right"}), ("why", {"ratio": 1}),
        "dealt with",
    )  # fmt: skip
    for row in rows:
        table.add_row(
            words.short(row["id"]),
            words.SOURCES.get(row["source"], row["source"]),
            words.age(row["at"], now),
            str(row["times"]),
            f"{row['size']:,}",
            Text(_why(row)),
            row["settled_how"] or "",
        )
    shown: RenderableType = table if rows else Text("no dead letters", style="dim")
    say.answer(as_json, [_plain(row) for row in rows], shown)


def _why(row: "Row") -> str:
    problems = "; ".join(f"{p['field']} {p['problem']}".strip() for p in row["problems"])
    return f"{row['reason']}: {problems}" if problems else row["reason"]


@app.command()
def show(*, letter: LetterId, as_json: AsJson = False) -> None:
    """Show a dead letter whole: where it came from, what is wrong with it, its bytes."""
    from workers.cli import reach  # noqa: PLC0415

    with reach.database() as database:
        row = the_one(database, letter)
    body = row["body"][:SHOWN_BYTES].decode("utf-8", "backslashreplace")
    head = Text.assemble((row["reason"], "bold"), f"\n{row['id']}  {row['size']:,} bytes, ")
    head.append(f"{words.SOURCES.get(row['source'], row['source'])}, {words.moment(row['at'])} UTC")
    parts: list[RenderableType] = [head, ""]
    parts += [
        Text.assemble((p["field"] or "the message", "bold red"), "  ", p["problem"])
        for p in row["problems"]
    ]
    parts += ["", Text(body), ""]
    name = words.short(row["id"])
    if row["settled_at"]:
        parts.append(
            f"{row['settled_how']} by {row['settled_by']}, {words.moment(row['settled_at'])} UTC"
        )
    else:
        parts.append(Text(f"fleet dead-letters requeue {name}", style="bold"))
        parts.append(
            Text("  take it in again, once what made it unreadable is mended", style="dim")
        )
        parts.append(Text(f"fleet dead-letters discard {name}", style="bold"))
        parts.append(Text("  close it; it stays on record", style="dim"))
    say.answer(as_json, _plain(row), Group(*parts))


@app.command()
def requeue(*, letter: LetterId, as_json: AsJson = False) -> None:
    """Take a dead letter in again, as it is."""
    from workers import letters  # noqa: PLC0415

    _do(letter, as_json, lambda fleet, found, who: letters.requeue(fleet, found, who=who))


@app.command()
def discard(*, letter: LetterId, as_json: AsJson = False) -> None:
    """Close a dead letter; it stays on record."""
    from workers import letters  # noqa: PLC0415

    _do(letter, as_json, lambda fleet, found, who: letters.discard(fleet, found, who=who))


def the_one(database: "Database", said: str) -> "Row":
    """Return the dead letter a person means.

    Raises:
        Failed: none is, or several are.
    """
    from infra.database import views  # noqa: PLC0415

    with database.transaction() as tx:
        found = views.dead_letter(tx, said)
    hint = "See: fleet dead-letters list --all"
    return say.the_one(
        found, said, f"there is no dead letter {said!r}", [hint], lambda row: row["id"]
    )


def _do(said: str, as_json: bool, command: Callable[["Fleet", UUID, str], str]) -> None:  # noqa: FBT001
    from workers.cli import reach  # noqa: PLC0415

    with reach.fleet() as fleet:
        letter_id = the_one(fleet.database, said)["id"]
        happens_next = command(fleet, letter_id, reach.who())
    shown = Text.assemble(("✓ ", "green"), (words.short(letter_id), "bold"), " ", happens_next)
    say.answer(as_json, {"dead_letter_id": str(letter_id), "answer": happens_next}, shown)


def _plain(row: "Row") -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "fingerprint"}
