"""`fleet keys api`: keys with which other programs call the HTTP API."""

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer
from rich.text import Text

from domain.access import NO_WORKSPACE, SCOPES_OF, Role, Scope
from workers.cli import say, words
from workers.cli.connect_by_keys import the_only_workspace
from workers.cli.enqueue import AsJson

if TYPE_CHECKING:
    from workers.api_keys import Made

app = typer.Typer(help="Keys of the HTTP API: create, list, rotate, revoke.", no_args_is_help=True)
Key = Annotated[
    str, typer.Argument(metavar="KEY", help="Its name, its prefix, or the beginning of its id.")
]


@app.command()
def create(  # noqa: PLR0913 - one per option
    *,
    name: Annotated[str, typer.Argument(help="What uses it; it is recorded with what it does.")],
    workspace: Annotated[
        UUID | None, typer.Option(help="Whose it is; not needed where there is only one.")
    ] = None,
    role: Annotated[Role | None, typer.Option(help="A preset of scopes.")] = None,
    scope: Annotated[
        list[Scope] | None, typer.Option(help="A single scope; may be given several times.")
    ] = None,
    operator: Annotated[
        bool,
        typer.Option(
            "--operator", help="It opens the operators' console: of --workspace, else of all."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make a key and show it, this once. Say --role, or each --scope, or --operator."""
    from infra.clock import utc_now  # noqa: PLC0415
    from workers import api_keys  # noqa: PLC0415
    from workers.cli import reach  # noqa: PLC0415

    if not 0 < len(name) <= 100:
        raise say.Failed("a name has 1 to 100 characters")
    of_all = operator and workspace is None
    scopes = _granted(role, scope or (), operator=operator, of_all=of_all)
    with reach.database() as database:
        whose = NO_WORKSPACE if of_all else workspace or the_only_workspace(database)
        made = api_keys.made_key(database, whose, name, scopes, utc_now())
    _show_new(made, scopes, as_json=as_json)


@app.command("list")
def list_(*, as_json: AsJson = False) -> None:
    """List keys, newest first, with what they may do and when they were last used."""
    from infra.clock import utc_now  # noqa: PLC0415
    from infra.database import api_keys  # noqa: PLC0415
    from workers.cli import reach  # noqa: PLC0415

    with reach.database() as database, database.reading() as tx:
        rows = api_keys.listed(tx)
    now = utc_now()
    table = say.table(
        ("key", {"no_wrap": True, "style": "bold"}), "name", ("workspace", {"style": "dim"}),
        ("scopes", {"ratio": 1}), "last used", "state",
    )  # fmt: skip
    for row in rows:
        used, ends = row["last_used_at"], row["revoked_at"]
        state = "living" if ends is None else _ends(ends, now)
        table.add_row(
            f"{row['prefix']}…",
            Text(row["name"]),
            "every one"
            if row["workspace_id"] == NO_WORKSPACE
            else words.short(row["workspace_id"]),
            ", ".join(row["scopes"]),
            "never" if used is None else f"{words.age(used, now)} ago",
            state,
        )
    say.answer(as_json, rows, table if rows else Text("no keys", style="dim"))


@app.command()
def rotate(
    *,
    key: Key,
    grace: Annotated[
        str, typer.Option(help="For how long the old one still opens: 0s, 30m, 24h, 7d.")
    ] = "24h",
    as_json: AsJson = False,
) -> None:
    """Make a key in place of another, with the same name and scopes."""
    from infra.clock import utc_now  # noqa: PLC0415
    from workers import api_keys  # noqa: PLC0415
    from workers.cli import reach  # noqa: PLC0415

    try:
        span = words.read_span(grace)
    except ValueError as error:
        raise say.Failed(str(error)) from error
    with reach.database() as database:
        try:
            made, scopes = api_keys.rotate(database, key, span, utc_now())
        except api_keys.NoSuchKey as error:
            raise say.Failed(str(error)) from error
    _show_new(made, scopes, as_json=as_json, old_for=span)


@app.command()
def revoke(*, key: Key, as_json: AsJson = False) -> None:
    """Let a key open nothing from now on."""
    from infra.clock import utc_now  # noqa: PLC0415
    from workers import api_keys  # noqa: PLC0415
    from workers.cli import reach  # noqa: PLC0415

    with reach.database() as database:
        try:
            row = api_keys.revoke(database, key, utc_now())
        except api_keys.NoSuchKey as error:
            raise say.Failed(str(error)) from error
    plain = {"id": row["id"], "name": row["name"], "prefix": row["prefix"], "revoked": True}
    say.answer(as_json, plain, Text.assemble(("✓ ", "green"), f"{row['name']} opens nothing now"))


def _granted(
    role: Role | None, scope: Iterable[Scope], *, operator: bool, of_all: bool
) -> frozenset[Scope]:
    """Return what a key may do.

    Raises:
        Failed: nothing is said, or what does not go together.
    """
    named = frozenset(scope)
    if (role is not None and named) or not (role or named or operator):
        raise say.Failed("say what it may do: --role, or --scope, or --operator", [_roles()])
    if of_all and (role or named):
        why = "who operates every workspace belongs to none, and has no other scope"
        raise say.Failed(why, ["Say --workspace, or --operator alone."])
    granted = SCOPES_OF[role] if role is not None else named
    return granted | {Scope.OPERATE} if operator else granted


def _show_new(
    made: "Made",
    scopes: frozenset[Scope],
    *,
    as_json: bool,
    old_for: timedelta | None = None,
) -> None:
    may = sorted(scope.value for scope in scopes)
    plain = {"id": made.id, "name": made.name, "key": made.secret, "scopes": may}
    text = Text.assemble((made.secret, "bold"), f"\nmay {', '.join(may)}")
    text.append("\nIt is not shown again: only its hash is kept.", style="dim")
    if old_for is not None:
        text.append(f"\nThe old one still opens for {words.span(old_for)}.", style="dim")
    say.answer(as_json, plain, text)


def _ends(ends: Any, now: Any) -> str:
    return f"ends in {words.span(ends - now)}" if ends > now else "revoked"


def _roles() -> str:
    return "; ".join(f"{role}: {', '.join(sorted(SCOPES_OF[role]))}" for role in Role)
