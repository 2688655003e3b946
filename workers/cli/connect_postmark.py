"""`fleet connect postmark`: a server token, and who the workspace's branded emails come from."""

from collections.abc import Iterator
from typing import Annotated
from uuid import UUID

import typer

from workers.cli import say
from workers.cli.connect_by_keys import Workspace, secret, show_connected, the_only_workspace
from workers.cli.enqueue import AsJson


def postmark(  # noqa: PLR0913 - each is an option
    *,
    sender: Annotated[
        str, typer.Option("--from", metavar="ADDRESS", help="A confirmed sender of the server.")
    ],
    workspace: Workspace = None,
    from_name: Annotated[str | None, typer.Option(help="Shown beside the address.")] = None,
    company: Annotated[
        str | None, typer.Option(help="Whose invoices they are; else the sender's name.")
    ] = None,
    reply_to: Annotated[str | None, typer.Option(metavar="ADDRESS")] = None,
    logo_url: Annotated[
        str | None, typer.Option(help="An http(s) picture, shown 48 pixels high.")
    ] = None,
    colour: Annotated[str | None, typer.Option(metavar="#RRGGBB", help="Of the button.")] = None,
    footer: Annotated[str | None, typer.Option(help="Small print: address, tax number.")] = None,
    stream: Annotated[str | None, typer.Option(help="A message stream; else outbound.")] = None,
    as_json: AsJson = False,
) -> None:
    """Connect Postmark by a server token: POSTMARK_SERVER_TOKEN, else it is asked for.

    Becomes the workspace's sender of branded invoice emails where it has none yet.
    """
    from infra.database import email_configs  # noqa: PLC0415
    from infra.database.connections import Tenant  # noqa: PLC0415
    from workers import connecting  # noqa: PLC0415
    from workers.cli import reach  # noqa: PLC0415

    given = {
        "from_email": sender,
        "from_name": from_name,
        "company_name": company,
        "reply_to": reply_to,
        "logo_url": logo_url,
        "colour": colour,
        "footer": footer,
        "message_stream": stream,
    }
    settings = {name: value for name, value in given.items() if value}
    problems = list(_problems(settings))
    if problems:
        raise say.Failed("; ".join(problems))
    with reach.fleet() as fleet:
        owner: UUID = workspace or the_only_workspace(fleet.database)
        token = secret("POSTMARK_SERVER_TOKEN", "Server token")
        server = connecting.postmark_server(fleet, token)
        connected = connecting.store(
            fleet,
            workspace_id=owner,
            platform="postmark",
            credentials={"token": token},
            chosen=[Tenant(server.tenant, server.name)],
            reached={server.tenant},
        )
        with fleet.database.transaction() as tx:
            email_configs.put(tx, owner, connected[0].integration_id, settings)
    show_connected(connected, as_json=as_json)


def _problems(settings: dict[str, str]) -> Iterator[str]:
    from domain.email.colour import normal  # noqa: PLC0415
    from domain.email.letter import web_address  # noqa: PLC0415
    from domain.email.recipients import is_address  # noqa: PLC0415

    for option, name in (("--from", "from_email"), ("--reply-to", "reply_to")):
        if name in settings and not is_address(settings[name]):
            yield f"{option}: {settings[name]!r} is not one email address"
    if "logo_url" in settings and web_address(settings["logo_url"]) is None:
        yield "--logo-url: give an http(s) address"
    if "colour" in settings and normal(settings["colour"]) is None:
        yield "--colour: give it as #rrggbb"
