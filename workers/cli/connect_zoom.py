"""`fleet connect zoom`: an account's own app by its keys, or a person by signing in."""

from typing import Annotated, Any

import typer

from workers.cli import connect_by_keys, sign_in
from workers.cli.connect_by_keys import Workspace, secret, show_connected, the_only_workspace
from workers.cli.enqueue import AsJson

REDIRECT_URI = "http://localhost:8766/callback"


def zoom(  # noqa: PLR0913 - each is an option
    *,
    workspace: Workspace = None,
    as_user: Annotated[
        bool, typer.Option("--as-user", help="Sign in as a person, by a general app (OAuth).")
    ] = False,
    redirect_uri: sign_in.RedirectUri = REDIRECT_URI,
    wait: sign_in.Wait = sign_in.WAIT_S,
    browser: sign_in.Browser = True,
    as_json: AsJson = False,
) -> None:
    """Connect a Zoom account by a server-to-server app, or a person of it by signing in.

    By ZOOM_ACCOUNT_ID, ZOOM_CLIENT_ID and ZOOM_CLIENT_SECRET; with --as-user the last two are those
    of a general app. What is not in the environment is asked for.
    """
    if not as_user:
        connect_by_keys.connect("zoom", workspace, as_json=as_json)
        return
    from infra.database.connections import Tenant  # noqa: PLC0415
    from infra.platforms.zoom import authorisation  # noqa: PLC0415
    from workers import connecting  # noqa: PLC0415
    from workers.cli import reach  # noqa: PLC0415

    with reach.fleet() as fleet:
        owner = workspace or the_only_workspace(fleet.database)
        app: dict[str, Any] = {
            "client_id": secret("ZOOM_CLIENT_ID", "Client id of your Zoom app", hidden=False),
            "client_secret": secret("ZOOM_CLIENT_SECRET", "Client secret"),
        }
        asked = authorisation.ask(fleet.settings.zoom_oauth_url, app["client_id"], redirect_uri)
        code = sign_in.code_of("Zoom", asked, wait, open_browser=browser)
        held = connecting.zoom_credentials(fleet, asked, app, code)
        person = connecting.zoom_user(fleet, held)
        connected = connecting.store(
            fleet,
            workspace_id=owner,
            platform="zoom",
            credentials=held,
            chosen=[Tenant(person.tenant, person.name, {"kind": "oauth"})],
            reached={person.tenant},
        )
    show_connected(connected, as_json=as_json)
