"""`fleet connect`: credentials from a person's hand, checked with the platform, stored sealed."""

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer
from click import Choice
from typer.core import TyperGroup

from workers.cli import connect_by_keys, say, sign_in
from workers.cli.connect_by_keys import Workspace, secret, show_connected, the_only_workspace
from workers.cli.enqueue import AsJson

if TYPE_CHECKING:
    from infra.platforms.xero.authorisation import Organisation
    from workers.fleet import Fleet


class Platforms(TyperGroup):
    """The commands written here, and one for every platform that is connected by keys alone."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of all."""
        from infra.platforms import PLATFORMS  # noqa: PLC0415

        keyed = {one.name for one in PLATFORMS if one.connecting is not None}
        return sorted({*super().list_commands(ctx), *keyed})

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return the command of that name, if there is one."""
        written = super().get_command(ctx, cmd_name)
        return written if written is not None else connect_by_keys.command(cmd_name)


app = typer.Typer(
    cls=Platforms,
    help="Connect a platform, or connect it again; what waited for it goes on.",
    no_args_is_help=True,
)
REDIRECT_URI = "http://localhost:8765/callback"


@app.command()
def xero(  # noqa: PLR0913
    *,
    workspace: Workspace = None,
    organisation: Annotated[
        list[str] | None, typer.Option(help="Name or tenant id; may be given several times.")
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Every organisation you let it into.")
    ] = False,
    redirect_uri: sign_in.RedirectUri = REDIRECT_URI,
    wait: sign_in.Wait = sign_in.WAIT_S,
    browser: sign_in.Browser = True,
    as_json: AsJson = False,
) -> None:
    """Connect Xero organisations, by signing in to Xero in your browser.

    The app's id and secret come from XERO_CLIENT_ID and XERO_CLIENT_SECRET, else from what the
    workspace has stored, else they are asked for.
    """
    from infra.database.connections import Tenant  # noqa: PLC0415
    from infra.platforms.xero import authorisation  # noqa: PLC0415
    from workers import connecting  # noqa: PLC0415
    from workers.cli import reach  # noqa: PLC0415

    with reach.fleet() as fleet:
        owner = workspace or the_only_workspace(fleet.database)
        client = _app_of(fleet, owner)
        asked = authorisation.ask(fleet.settings.xero_login_url, client["client_id"], redirect_uri)
        code = sign_in.code_of("Xero", asked, wait, open_browser=browser)
        held = connecting.xero_credentials(fleet, asked, client, code)
        reached = connecting.xero_organisations(fleet, held)
        chosen = _chosen(reached, organisation or [], every=every)
        for one in chosen:
            connecting.try_organisation(fleet, held, one.tenant)
        connected = connecting.store(
            fleet,
            workspace_id=owner,
            platform="xero",
            credentials=held,
            chosen=[Tenant(one.tenant, one.name) for one in chosen],
            reached={one.tenant for one in reached},
        )
    show_connected(connected, as_json=as_json)


def _app_of(fleet: "Fleet", workspace_id: UUID) -> dict[str, str]:
    """Return the app's own id and secret."""
    from infra.database import connections  # noqa: PLC0415

    stored: dict[str, Any] = {}
    if not os.environ.get("XERO_CLIENT_ID"):
        with fleet.database.reading() as tx:
            sealed = connections.newest_sealed(tx, workspace_id, "xero")
        stored = fleet.vault.unlock(sealed) if sealed else {}
    if stored.get("client_id") and stored.get("client_secret"):
        return {name: str(stored[name]) for name in ("client_id", "client_secret")}
    return {
        "client_id": secret("XERO_CLIENT_ID", "Client id of your Xero app"),
        "client_secret": secret("XERO_CLIENT_SECRET", "Client secret"),
    }


def _chosen(
    reached: Sequence["Organisation"], named: Sequence[str], *, every: bool
) -> Sequence["Organisation"]:
    if not reached:
        raise say.Failed("you let the app into no organisation; nothing was changed")
    if every or (len(reached) == 1 and not named):
        return reached
    if not named:
        return [_asked_for(reached)]
    found = [_named(reached, name) for name in named]
    return list(dict.fromkeys(found))


def _named(reached: Sequence["Organisation"], name: str) -> "Organisation":
    matches = [one for one in reached if name.casefold() in {one.tenant, one.name.casefold()}]
    if len(matches) == 1:
        return matches[0]
    why = "several are called" if matches else "you let the app into no organisation called"
    hints = [f"{one.tenant}  {one.name}" for one in reached]
    raise say.Failed(f"{why} {name}; nothing was changed", hints)


def _asked_for(reached: Sequence["Organisation"]) -> "Organisation":
    if not sys.stdin.isatty():
        hints = [f"--organisation {one.tenant}  ({one.name})" for one in reached]
        raise say.Failed("say which organisation, or --all; nothing was changed", hints)
    table = say.table(("", {"justify": "right"}), "organisation", "tenant")
    for number, one in enumerate(reached, 1):
        table.add_row(str(number), one.name, one.tenant)
    say.console(to_errors=True).print(table)
    choices = [str(number) for number in range(1, len(reached) + 1)]
    choice = typer.prompt("Which one", type=Choice(choices), show_choices=False, err=True)
    return reached[int(choice) - 1]
