"""`fleet integrations`: what is connected, how it is, and stopping or letting it go on by hand."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from workers.cli import say, words
from workers.cli.enqueue import AsJson

if TYPE_CHECKING:
    from infra.database.engine import Transaction

app = typer.Typer(help="What is connected: list, show, pause, resume, set.", no_args_is_help=True)
IntegrationId = Annotated[str, typer.Argument(metavar="ID", help="Its id, or the beginning.")]
NUMBERS = frozenset({"due_days", "document_within_s"})
STYLES = {"active": "green", "error": "bold red", "inactive": "dim"}


@app.command("list")
def list_(*, as_json: AsJson = False) -> None:
    """List integrations, with why they are paused."""
    from workers.cli import reach  # noqa: PLC0415

    with reach.database() as database, database.reading() as tx:
        rows = _listed(tx)
    table = say.table(
        ("id", {"no_wrap": True, "style": "bold"}), "platform", "name", "status",
        ("waiting", {"justify": "right"}), ("why", {"ratio": 1}),
    )  # fmt: skip
    for row in rows:
        status = Text(row["status"], style=STYLES.get(row["status"], ""))
        why = row["status_reason"] or ""
        table.add_row(
            words.short(row["id"]), row["platform"], row["name"], status, str(row["waiting"]), why
        )
    say.answer(as_json, rows, table if rows else Text("no integrations", style="dim"))


@app.command()
def show(*, integration: IntegrationId, as_json: AsJson = False) -> None:
    """Show one integration: its tenant, its settings, what waits for it. Nothing secret."""
    from workers.cli import reach  # noqa: PLC0415

    with reach.database() as database, database.reading() as tx:
        row = the_one(tx, integration)
    grid = say.table("", ("", {"ratio": 1}))
    for name, value in row.items():
        shown = json.dumps(value, indent=2) if isinstance(value, dict) else str(value or "")
        grid.add_row(name.replace("_", " "), Text(shown))
    say.answer(as_json, row, grid)


@app.command()
def pause(*, integration: IntegrationId, as_json: AsJson = False) -> None:
    """Stop one integration: requests for it are refused, and what is under way waits."""
    from workers import pausing  # noqa: PLC0415

    _do(integration, "inactive", pausing.pause, as_json=as_json)


@app.command()
def resume(*, integration: IntegrationId, as_json: AsJson = False) -> None:
    """Let an integration go on that was paused by hand, or by its platform for no good reason."""
    from workers import pausing  # noqa: PLC0415

    _do(integration, "active", pausing.resume, as_json=as_json)


@app.command("set")
def set_(
    *,
    integration: IntegrationId,
    values: Annotated[
        list[str],
        typer.Argument(metavar="NAME=VALUE…", help="account_code=200; an empty value removes it."),
    ],
    as_json: AsJson = False,
) -> None:
    """Change settings of an integration: the defaults for its invoices, its limits."""
    from infra.database import connections  # noqa: PLC0415
    from workers.cli import reach  # noqa: PLC0415

    changes: dict[str, Any] = {}
    for pair in values:
        name, sign, value = pair.partition("=")
        if not name or not sign:
            raise say.Failed(f"{pair} is not NAME=VALUE")
        changes[name] = _value(name, value)
    with reach.database() as database, database.transaction() as tx:
        row = the_one(tx, integration)
        merged = {**row["settings"], **changes}
        kept = {name: value for name, value in merged.items() if value is not None}
        connections.set_settings(tx, row["id"], kept)
    say.answer(as_json, {"id": row["id"], "settings": kept}, Text(json.dumps(kept, indent=2)))


def _listed(tx: "Transaction") -> list[dict[str, Any]]:
    from infra.database import connections  # noqa: PLC0415

    waiting = connections.waiting(tx)
    return [{**row, "waiting": waiting.get(row["id"], 0)} for row in connections.listed(tx)]


def the_one(tx: "Transaction", beginning: str) -> dict[str, Any]:
    """Return the integration whose id begins so.

    Raises:
        Failed: there is none, or there are several.
    """
    rows = [row for row in _listed(tx) if str(row["id"]).startswith(beginning.lower())]
    none = f"no integration begins with {beginning}"
    return say.the_one(rows, beginning, none, told=lambda row: f"{row['id']}  {row['name']}")


def _do(beginning: str, after: str, command: Callable[..., str], *, as_json: bool) -> None:
    from infra.clock import utc_now  # noqa: PLC0415
    from workers.cli import reach  # noqa: PLC0415
    from workers.commands import NotPossible  # noqa: PLC0415

    with reach.database() as database:
        with database.reading() as tx:
            row = the_one(tx, beginning)
        if row["platform"] == "webhook":  # it would forget what comes meanwhile
            hint = f"fleet subscriptions {'resume' if after == 'active' else 'pause'} {row['id']}"
            raise say.Failed(f"{row['name']} is a subscription to events", [hint])
        try:
            command(database, row["id"], who=reach.who(), now=utc_now())
        except NotPossible as error:
            raise say.Failed(f"{row['name']}: {error}") from error
    plain = {"id": row["id"], "name": row["name"], "status": after}
    say.answer(as_json, plain, Text.assemble(("✓ ", "green"), f"{row['name']} is {after}"))


def _value(name: str, written: str) -> Any:
    """Read a setting as it is stored: text (an account code 200 is one), a number, or JSON."""
    if not written:
        return None
    if name not in NUMBERS and not written.startswith(("{", "[")):
        return written
    try:
        return json.loads(written)
    except ValueError as error:
        raise say.Failed(f"{name} must be {'a number' if name in NUMBERS else 'JSON'}") from error
