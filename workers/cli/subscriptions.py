"""`fleet subscriptions`: who is told of events by webhook, and how that goes."""

from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Group
from rich.text import Text

from workers.cli import say, subscribed, words
from workers.cli.connect_by_keys import Workspace, the_only_workspace
from workers.cli.enqueue import AsJson
from workers.cli.integrations import STYLES

app = typer.Typer(
    help="Webhooks of events: create, list, show, pause, resume, rotate, delete, replay.",
    no_args_is_help=True,
)
SubscriptionId = Annotated[str, typer.Argument(metavar="ID", help="Its id, or the beginning.")]


def _span(text: str | None) -> timedelta | None:
    try:
        return None if text is None else words.read_span(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


@app.command()
def create(  # noqa: PLR0913 - one per part of the filter
    url: Annotated[str, typer.Argument(help="Where events are posted to: https://…")],
    types: Annotated[
        list[str], typer.Option("--type", help="action.*, invoice.created …; may be repeated.")
    ] = ["*"],  # noqa: B006 - typer reads it and never changes it
    integration: Annotated[UUID | None, typer.Option(help="Only events that name it.")] = None,
    deal: Annotated[UUID | None, typer.Option(help="Only this deal's events.")] = None,
    description: Annotated[str, typer.Option(help="What it is for.")] = "",
    *,
    paused: Annotated[bool, typer.Option("--paused", help="Send nothing before resume.")] = False,
    workspace: Workspace = None,
    as_json: AsJson = False,
) -> None:
    """Have events posted to a URL. Prints the signing secret: this once, and never again."""
    from infra.envelope import Refused  # noqa: PLC0415
    from workers import subscriptions  # noqa: PLC0415
    from workers.cli import reach  # noqa: PLC0415
    from workers.subscribing import Wanted  # noqa: PLC0415

    wanted = Wanted(url, types, integration, deal, description, not paused)
    with reach.fleet() as fleet:
        try:
            made = subscriptions.create(
                fleet, workspace or the_only_workspace(fleet.database), wanted
            )
        except Refused as refused:
            problems = [f"{one.field or 'subscription'}: {one.problem}" for one in refused.problems]
            raise say.Failed("refused; nothing is stored", problems) from refused
    plain = {"id": made.id, "secret": made.secret}
    say.answer(as_json, plain, _secret_shown(f"✓ subscription {made.id}", made.secret))


@app.command("list")
def list_(
    *,
    workspace: Annotated[UUID | None, typer.Option(help="Only this workspace's.")] = None,
    as_json: AsJson = False,
) -> None:
    """List subscriptions and what became of their deliveries."""
    from workers import subscriptions  # noqa: PLC0415
    from workers.cli import reach  # noqa: PLC0415

    with reach.database() as database, database.reading() as tx:
        rows = subscriptions.listed(tx, workspace)
    table = say.table(
        ("id", {"no_wrap": True, "style": "bold"}), ("url", {"ratio": 1, "overflow": "fold"}),
        "events", "status", *((name, {"justify": "right"}) for name in COUNTS),
    )  # fmt: skip
    for row in rows:
        counts = [str(row[name]) for name in COUNTS]
        status = Text(row["status"], style=STYLES.get(row["status"], ""))
        table.add_row(words.short(row["id"]), row["url"], ", ".join(row["types"]), status, *counts)
    say.answer(as_json, rows, table if rows else Text("no subscriptions", style="dim"))


COUNTS = ("delivered", "waiting", "failed")


@app.command()
def show(
    *,
    subscription: SubscriptionId,
    status: Annotated[str | None, typer.Option(help="Only deliveries in this status.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many deliveries, newest first.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Show one subscription and its delivery log. `fleet actions show` tells a delivery's story."""
    from infra.clock import utc_now  # noqa: PLC0415
    from workers import subscriptions  # noqa: PLC0415
    from workers.cli import reach  # noqa: PLC0415

    with reach.database() as database, database.reading() as tx:
        row = subscribed.the_one(tx, subscription)
        log = subscriptions.deliveries(tx, row["id"], status=status, limit=limit)
    grid, now = say.table("", ("", {"ratio": 1})), utc_now()
    for name, value in row.items():
        grid.add_row(name.replace("_", " "), Text(_shown(value)))
    table = say.table(
        ("delivery", {"no_wrap": True, "style": "bold"}), "event", ("age", {"justify": "right"}),
        "status", ("tries", {"justify": "right"}), ("HTTP", {"justify": "right"}),
        ("why", {"ratio": 1}),
    )  # fmt: skip
    for one in log:
        why = one["words"] if one["status"] != "succeeded" else ""
        if one["finished_at"] is None and one["due_at"] > now:
            why = f"{why or ''}; again in {words.span(one['due_at'] - now)}".removeprefix("; ")
        table.add_row(
            words.short(one["id"]), one["type"], words.age(one["created_at"], now),
            words.status(one["status"]), str(one["attempts"] or 0),
            str(one["http_status"] or ""), Text(why or ""),
        )  # fmt: skip
    nothing = Text("no deliveries", style="dim")
    say.answer(as_json, {**row, "deliveries": log}, Group(grid, table if log else nothing))


@app.command()
def pause(*, subscription: SubscriptionId, as_json: AsJson = False) -> None:
    """Send nothing more until it is resumed."""
    from workers import subscriptions  # noqa: PLC0415
    from workers.cli import reach  # noqa: PLC0415

    with reach.fleet() as fleet:
        row = subscribed.the_one_of(fleet, subscription)
        if not subscriptions.pause(fleet, row["id"], reach.who()):
            raise say.Failed(f"{row['url']} is not active; nothing was changed")
    _done(as_json, {"id": row["id"], "status": "inactive"}, f"{row['url']} is paused")


@app.command()
def resume(*, subscription: SubscriptionId, as_json: AsJson = False) -> None:
    """Go on, with what came meanwhile, as long as events are kept."""
    from workers import subscriptions  # noqa: PLC0415
    from workers.cli import reach  # noqa: PLC0415

    with reach.fleet() as fleet:
        row = subscribed.the_one_of(fleet, subscription)
        if row["status"] == "active" and not row["stopped_at"]:
            raise say.Failed(f"{row['url']} is active; nothing was changed")
        count = subscriptions.resume(fleet, row["id"])
    plain = {"id": row["id"], "status": "active", "queued": count}
    _done(as_json, plain, f"{row['url']} goes on; {count} events that came meanwhile are queued")


@app.command()
def rotate(
    *,
    subscription: SubscriptionId,
    former_for: Annotated[
        str, typer.Option(metavar="24h", help="How long the former secret signs, too.")
    ] = "24h",
    as_json: AsJson = False,
) -> None:
    """Make a new signing secret and print it, this once; for a while both secrets sign."""
    from workers import subscriptions  # noqa: PLC0415
    from workers.cli import reach  # noqa: PLC0415

    span = _span(former_for) or timedelta(0)
    with reach.fleet() as fleet:
        row = subscribed.the_one_of(fleet, subscription)
        secret = subscriptions.rotate(fleet, row["id"], former_counts_for=span)
    plain = {"id": row["id"], "secret": secret}
    say.answer(as_json, plain, _secret_shown(f"✓ a new secret for {row['url']}", secret))


@app.command()
def delete(
    *,
    subscription: SubscriptionId,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Forget a subscription, its secret and its deliveries, sent or not."""
    from workers import subscriptions  # noqa: PLC0415
    from workers.cli import reach  # noqa: PLC0415

    with reach.fleet() as fleet:
        row = subscribed.the_one_of(fleet, subscription)
        if not yes:
            typer.confirm(f"Delete {row['url']}; {row['waiting']} deliveries wait?", abort=True)
        subscriptions.delete(fleet, row["id"])
    _done(as_json, {"id": row["id"], "deleted": True}, f"{row['url']} is deleted")


@app.command()
def replay(  # noqa: PLR0913
    *,
    subscription: SubscriptionId,
    delivery: Annotated[
        str | None, typer.Option(metavar="ID", help="Only this delivery: id or beginning.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(metavar="2h", help="Events since so long ago.")
    ] = None,
    start: Annotated[
        datetime | None, typer.Option("--from", help="Events from then on (UTC).")
    ] = None,
    until: Annotated[datetime | None, typer.Option(help="Events before then (UTC).")] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Only what was given up.")] = False,
    as_json: AsJson = False,
) -> None:
    """Deliver again, under the same webhook-ids: one delivery, or the events of a time."""
    from workers.cli import reach  # noqa: PLC0415

    with reach.fleet() as fleet:
        row = subscribed.the_one_of(fleet, subscription)
        if delivery is not None:
            if since or start or until or failed:
                raise say.Failed("--delivery stands alone")
            queued = subscribed.one(fleet, row["id"], delivery, reach.who())
        else:
            span = subscribed.span(fleet.now(), _span(since), start, until)
            queued = subscribed.many(fleet, row["id"], span, reach.who(), failed=failed)
    plain = {"id": row["id"], "queued": queued}
    _done(as_json, plain, f"{queued} queued for {row['url']}")


def _shown(value: Any) -> str:
    if isinstance(value, datetime):
        return words.moment(value)
    return ", ".join(value) if isinstance(value, list) else str("" if value is None else value)


def _secret_shown(head: str, secret: str) -> Group:
    note = "Keep it now: it is not shown again."
    return Group(Text(head, style="green"), Text(f"secret  {secret}"), Text(note, style="dim"))


def _done(as_json: bool, plain: Any, sentence: str) -> None:  # noqa: FBT001
    say.answer(as_json, plain, Text.assemble(("✓ ", "green"), sentence))
