"""`fleet connect <platform>` where keys are all it takes: asked for as the platform declares."""

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer
from rich.text import Text

from workers.cli import say
from workers.cli.enqueue import AsJson

if TYPE_CHECKING:
    from infra.connecting import Connecting, Field
    from infra.database.connections import Connected
    from infra.database.engine import Database

Workspace = Annotated[
    UUID | None, typer.Option(help="Whose it is. May be left out where there is only one.")
]


def command(name: str) -> Any:
    """Return the command that connects the platform of this name, if keys are all it takes."""
    from infra.platforms import CATALOGUE  # noqa: PLC0415

    platform = CATALOGUE.platforms.get(name)
    if platform is None or platform.connecting is None:
        return None
    variables = ", ".join(one.variable for one in platform.connecting.fields)

    def connect_it(*, workspace: Workspace = None, as_json: AsJson = False) -> None:
        connect(name, workspace, as_json=as_json)

    connect_it.__doc__ = f"Connect {name.title()} by {variables}, else what is asked for."
    single = typer.Typer(add_completion=False)
    single.command(name)(connect_it)
    return typer.main.get_command(single)


def connect(name: str, workspace: UUID | None, *, as_json: bool) -> None:
    """Ask for the platform's keys, try them, store them, and say what is left to do."""
    from infra.platforms import CATALOGUE  # noqa: PLC0415
    from workers import connecting  # noqa: PLC0415
    from workers.cli import reach  # noqa: PLC0415

    platform = CATALOGUE.platforms[name]
    if platform.connecting is None:
        raise say.Failed(f"{name} is not connected by keys")
    with reach.fleet() as fleet:
        owner = workspace or the_only_workspace(fleet.database)
        given = _given(platform.connecting)
        found = connecting.by_keys(fleet, platform, given)
        connected, notes = connecting.store_by_keys(fleet, owner, platform, given, found)
    show_connected([connected], as_json=as_json, notes=notes)


def _given(connecting: "Connecting") -> dict[str, str]:
    answers = {one.name: _answer(one) for one in connecting.fields}
    return {name: answer for name, answer in answers.items() if answer}


def _answer(wanted: "Field") -> str:
    if wanted.optional:
        return os.environ.get(wanted.variable, "")
    return secret(wanted.variable, wanted.prompt, hidden=wanted.hidden)


def the_only_workspace(database: "Database") -> UUID:
    """Return the workspace meant when none is named.

    Raises:
        Failed: there are none or several.
    """
    from infra.database import connections  # noqa: PLC0415

    with database.reading() as tx:
        found = connections.workspaces(tx)
    if len(found) == 1:
        return found[0]
    hints = [f"--workspace {one}" for one in found]
    raise say.Failed("say whose it is: --workspace ID", hints)


def secret(variable: str, prompt: str, *, hidden: bool = True) -> str:
    """Return what is in the environment, else from the keyboard; never from argv.

    Raises:
        Failed: neither is there.
    """
    given = os.environ.get(variable)
    if not given and not sys.stdin.isatty():
        raise say.Failed(f"{variable} is not set, and nobody is here to ask")
    return given or str(typer.prompt(prompt, hide_input=hidden, err=True))


def show_connected(
    connected: Sequence["Connected"], *, as_json: bool, notes: Sequence[str] = ()
) -> None:
    """Answer with what is connected now, and what is left to do."""
    plain = [
        {
            "integration_id": str(one.integration_id),
            "tenant": one.tenant.key,
            "name": one.tenant.name,
            "created": one.created,
        }
        for one in connected
    ]
    table = say.table(("integration", {"no_wrap": True}), "name", "tenant", "")
    for one in connected:
        words = "connected" if one.created else "connected again; its actions go on"
        sign = Text.assemble(("✓ ", "green"), words)
        table.add_row(str(one.integration_id), one.tenant.name, one.tenant.key, sign)
    say.answer(as_json, plain, table)
    for note in notes:
        say.console(to_errors=True).print(Text(note), soft_wrap=True)
