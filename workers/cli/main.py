"""The command `fleet`. Every command imports what it needs when it runs, so that help is quick."""

import io
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from workers.cli import (
    actions,
    budgets,
    catalogue,
    connect,
    connect_postmark,
    connect_zoom,
    console,
    deals,
    doctor,
    email,
    enqueue,
    integrations,
    invoice,
    keys,
    letters,
    run,
    say,
    subscriptions,
    xero,
)
from workers.cli.demo.command import demo
from workers.cli.reach import STATE_VARIABLE

RUNNING, REQUESTS, UPKEEP = "Run it", "Requests and actions", "Look after it"
HINTS = """\
Every command takes [cyan]--json[/cyan], and [cyan]--help[/cyan] to tell more.
[cyan]fleet --state DIR …[/cyan] talks to the local fleet on that folder (default: .run); \
DATABASE_URL and BROKER_URL, when set, name another one.
Exit status: 0 done, 1 refused or failed, 2 not understood."""


class Commands(TyperGroup):
    """Turns expected failures into one sentence and exit status 1."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command chosen."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            words = say.explained(error)
            if words is None:
                raise
            say.fail(*words, as_json="--json" in sys.argv)

    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - the base's signature
        """Print the overview: the commands by what they are for."""
        from rich.table import Table  # noqa: PLC0415

        grid = Table.grid(padding=(0, 3, 0, 0))
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        commands: list[Any] = [self.get_command(ctx, name) for name in self.list_commands(ctx)]
        for panel in (RUNNING, REQUESTS, UPKEEP):
            grid.add_row()
            grid.add_row(f"[bold]{panel}[/bold]")
            for command in commands:
                if command.rich_help_panel == panel:
                    words = (command.help or "").split("\n")[0].split(". ")[0].rstrip(".")
                    grid.add_row(f"  [cyan]{command.name}[/cyan]", words)
        out = say.console()
        out.print(f"[bold]fleet[/bold] COMMAND …   {self.help}", grid, "", HINTS, sep="\n")


app = typer.Typer(
    name="fleet",
    cls=Commands,
    help="Carries out CRM actions on other platforms: each one once, whatever breaks.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def _anywhere(
    state: Annotated[
        Path | None,
        typer.Option(help="State folder of the local fleet to talk to (default: .run)."),
    ] = None,
) -> None:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that cannot show ✓ shows ?
    if state is not None:
        os.environ[STATE_VARIABLE] = str(state.absolute())


app.command(rich_help_panel=RUNNING)(demo)
app.command(rich_help_panel=RUNNING)(run.up)
app.command(rich_help_panel=RUNNING)(run.sandbox)
app.command(rich_help_panel=REQUESTS)(catalogue.catalogue)
app.command(rich_help_panel=REQUESTS)(enqueue.enqueue)
app.command(rich_help_panel=REQUESTS)(enqueue.sync)
app.add_typer(actions.app, name="actions", rich_help_panel=REQUESTS)
app.add_typer(deals.app, name="deals", rich_help_panel=REQUESTS)
app.add_typer(invoice.app, name="invoice", rich_help_panel=REQUESTS)
app.add_typer(xero.app, name="xero", rich_help_panel=REQUESTS)
connect.app.command()(connect_postmark.postmark)
connect.app.command()(connect_zoom.zoom)
app.add_typer(connect.app, name="connect", rich_help_panel=UPKEEP)
app.add_typer(console.app, name="console", rich_help_panel=UPKEEP)
app.add_typer(email.app, name="email", rich_help_panel=UPKEEP)
app.add_typer(integrations.app, name="integrations", rich_help_panel=UPKEEP)
app.add_typer(subscriptions.app, name="subscriptions", rich_help_panel=UPKEEP)
app.add_typer(letters.app, name="dead-letters", rich_help_panel=UPKEEP)
app.add_typer(keys.app, name="keys", rich_help_panel=UPKEEP)
app.command(rich_help_panel=UPKEEP)(doctor.doctor)
app.command(rich_help_panel=UPKEEP)(budgets.budgets)
app.command(rich_help_panel=UPKEEP)(run.migrate)

if __name__ == "__main__":
    app()
