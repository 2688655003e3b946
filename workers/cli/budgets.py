"""`fleet budgets`: what each platform still lets through, per integration and window."""

from rich.console import RenderableType
from rich.text import Text

from workers.cli import say
from workers.cli.enqueue import AsJson


def budgets(*, as_json: AsJson = False) -> None:
    """Show what is left of every integration's budget of calls."""
    from infra.clock import utc_now  # noqa: PLC0415
    from infra.database.budgets import left  # noqa: PLC0415
    from workers.cli import reach  # noqa: PLC0415

    now = utc_now()
    with reach.database() as database, database.reading() as tx:
        rows = left(tx, now)
    right = {"justify": "right"}
    table = say.table(
        "integration", "window", ("used", right), ("of", right), ("for people", right),
        ("in flight", right), "blocked until (UTC)",
    )  # fmt: skip
    for row in rows:
        blocked = row["blocked_until"]
        table.add_row(
            Text(row["integration"]),
            row["window"],
            str(row["used"]),
            "-" if row["calls"] is None else str(row["calls"]),
            str(row["reserve"]),
            str(row["in_flight"]),
            f"{blocked:%d %b %H:%M:%S}" if blocked and blocked > now else "",
        )
    shown: RenderableType = table if rows else Text("no calls yet", style="dim")
    say.answer(as_json, rows, shown)
