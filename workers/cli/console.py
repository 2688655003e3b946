"""`fleet console`: how people get into the console."""

from datetime import timedelta
from typing import Annotated

import typer
from rich.text import Text

from domain.access import SCOPES_OF, Role
from workers.cli import say, words
from workers.cli.enqueue import AsJson

app = typer.Typer(help="The invoices console: links that open it.", no_args_is_help=True)


@app.command()
def link(
    *,
    deal: Annotated[
        str, typer.Option(help="The deal's id or its beginning, or words of its name.")
    ],
    who: Annotated[
        str | None, typer.Option(help="How the person is recorded; default: who types.")
    ] = None,
    role: Annotated[Role, typer.Option(help="What they may do.")] = Role.EDITOR,
    as_json: AsJson = False,
) -> None:
    """Sign a link that opens one deal in the console, once, within minutes."""
    from infra.clock import utc_now  # noqa: PLC0415
    from infra.settings import comma_separated  # noqa: PLC0415
    from workers.cli import reach  # noqa: PLC0415
    from workers.cli.deals import the_one  # noqa: PLC0415
    from workers.console import links  # noqa: PLC0415

    chosen = reach.settings()
    keys = comma_separated(chosen.console_link_key)
    if not keys:
        hint = "Set FLEET_CONSOLE_LINK_KEY, for the web process too; the CRM signs with the same."
        raise say.Failed("there is no key to sign links with", [hint])
    with reach.database() as database:
        found = the_one(database, deal)
    person, scopes = who or reach.who(), SCOPES_OF[role]
    made = links.signed(keys[0], found["workspace_id"], found["id"], person, scopes, utc_now())
    base = reach.console_url(chosen)
    life = timedelta(seconds=chosen.console_link_s)
    plain = {"url": f"{base}/enter?link={made}", "deal": found["name"], "who": person, "role": role}
    if as_json:
        say.answer(as_json, plain)
        return
    out = say.console()
    # In one line however long it is, so that it can be copied.
    out.print(Text(plain["url"], style="bold"), soft_wrap=True)
    about = f"{found['name']}, as {person} ({role}); opens once, for {words.span(life)}"
    out.print(Text(about, style="dim"))
