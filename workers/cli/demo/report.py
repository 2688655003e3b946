"""What the demo says when the play is over."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from workers.cli import say, words
from workers.cli.demo.checks import Check, Findings
from workers.cli.demo.stage import Stage, path_of

if TYPE_CHECKING:
    from workers.cli.demo.play import Play

NUMBER: dict[str, Any] = {"justify": "right", "no_wrap": True}


_LEGEND = Text(
    "○ queued  ◐ running  ◑ outcome unknown, being found out  ◔ waiting for its next step",
    style="dim",
)


def show(
    stage: Stage, play: "Play", findings: Findings, checks: Sequence[Check], seconds: float
) -> None:
    """Print the tables, the checks and the summary."""
    out = stage.console
    out.print()
    out.print(_actions(stage, findings))
    out.print(_LEGEND)
    out.print(_products(play, findings))
    _checks(out, checks)
    out.print()
    out.print(_summary(findings, checks, seconds))


def _actions(stage: Stage, findings: Findings) -> Table:
    table = say.table(
        ("action", {"no_wrap": True}), ("calls", NUMBER), ("went through", {"no_wrap": True}),
        ("time", NUMBER), ("outcome", {"ratio": 1, "overflow": "fold"}),
    )  # fmt: skip
    for key, player in stage.players.items():
        row = findings.actions.get(key)
        if row is None:
            continue
        calls = [one for one in findings.attempts if one["action_id"] == row["id"]]
        took = (row["finished_at"] - row["created_at"]).total_seconds()
        table.add_row(
            player.name,
            str(len(calls)),
            path_of(player.path),
            words.seconds(max(took, 0.0)),
            Text(player.why),
        )
    return table


def _products(play: "Play", findings: Findings) -> Table:
    before = {row["id"]: row["payment_status"] for row in play.before}
    table = say.table(
        ("deal", {"no_wrap": True, "overflow": "ellipsis", "max_width": 29}),
        ("product", {"no_wrap": True, "overflow": "ellipsis", "max_width": 26}),
        ("before", {"no_wrap": True, "min_width": 7}), ("after", {"no_wrap": True, "min_width": 8}),
    )  # fmt: skip
    last = None
    for row in findings.products:
        deal = "" if row["deal"] == last else row["deal"]
        last = row["deal"]
        table.add_row(
            deal,
            row["name"],
            words.payment(before[row["id"]]),
            words.payment(row["payment_status"]),
        )
    return table


def _checks(out: Console, checks: Sequence[Check]) -> None:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=1)
    grid.add_column(overflow="fold")
    for one in checks:
        text = Text(one.claim, style="" if one.holds else "bold")
        if not one.holds:
            text.append(f"\nfound: {one.found}", style="red")
        elif one.note:
            text.append(f"\n{one.note}", style="dim")
        grid.add_row(Text("✓", style="green") if one.holds else Text("✗", style="bold red"), text)
    out.print(grid)


def _summary(findings: Findings, checks: Sequence[Check], seconds: float) -> Text:
    held = sum(one.holds for one in checks)
    if held < len(checks):
        return Text(
            f"Not all of it came true: {held} of {len(checks)} checks hold.", style="bold red"
        )
    text = Text.assemble(("All of it came true. ", "bold green"))
    text.append(
        f"{len(findings.actions)} actions made {len(findings.attempts)} calls; from an empty "
        f"folder to a stopped fleet it took {seconds:.1f} s. The simulated Xero took a deposit "
        "and its balance, lost two answers after it had raised the invoice, and was asked again "
        "without raising a second one. A payment made in Xero reached the deal by the sync."
    )
    text.append("\nNext: make run, and fleet actions list in another terminal.", style="dim")
    return text
