"""The command `fleet`. Every command imports what it needs when it runs, so that help is quick."""

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from workers.cli import actions, deals, demo, doctor, enqueue, letters, run, say
from workers.cli.reach import STATE_VARIABLE


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


app = typer.Typer(
    name="fleet",
    cls=Commands,
    help="Carries out CRM actions on Xero and Slack: each one once, whatever breaks.",
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
    if state is not None:
        os.environ[STATE_VARIABLE] = str(state.absolute())


RUNNING, REQUESTS, UPKEEP = "Run it", "Requests and actions", "Look after it"

app.command(rich_help_panel=RUNNING)(demo.demo)
app.command(rich_help_panel=RUNNING)(run.up)
app.command(rich_help_panel=RUNNING)(run.sandbox)
app.command(rich_help_panel=REQUESTS)(enqueue.enqueue)
app.command(rich_help_panel=REQUESTS)(enqueue.sync)
app.add_typer(actions.app, name="actions", rich_help_panel=REQUESTS)
app.add_typer(deals.app, name="deals", rich_help_panel=REQUESTS)
app.add_typer(letters.app, name="dead-letters", rich_help_panel=UPKEEP)
app.command(rich_help_panel=UPKEEP)(doctor.doctor)
app.command(rich_help_panel=UPKEEP)(run.migrate)

if __name__ == "__main__":
    app()
