"""`fleet email`: how a workspace's branded emails look."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from workers.cli import say
from workers.cli.connect_by_keys import Workspace, the_only_workspace
from workers.cli.enqueue import AsJson

app = typer.Typer(help="Branded emails: how they look.", no_args_is_help=True)

SAMPLE = {
    "id": "sample",
    "number": "INV-0042",
    "currency": "AUD",
    "total": "1234.50",
    "amount_due": "1234.50",
    "due_date": "2026-12-31",
}


@app.command()
def preview(
    *,
    out: Annotated[Path, typer.Argument(help="The HTML file to write.")] = Path("email.html"),
    workspace: Workspace = None,
    subject: Annotated[str | None, typer.Option(help="With merge tags; else the default.")] = None,
    body: Annotated[str | None, typer.Option(help="With merge tags; else the default.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write the email of a made-up invoice to a file, as its sender's would look. Sends nothing."""
    from infra.database import email_configs  # noqa: PLC0415
    from infra.platforms.postmark.sending import letter  # noqa: PLC0415
    from workers.cli import reach  # noqa: PLC0415

    problems = [*_problems("--subject", subject), *_problems("--body", body)]
    if problems:
        raise say.Failed("; ".join(problems))
    with reach.fleet() as fleet:
        owner = workspace or the_only_workspace(fleet.database)
        with fleet.database.reading() as tx:
            config = email_configs.default(tx, owner)
    if config is None:
        hint = "fleet connect postmark --from ADDRESS"
        raise say.Failed("the workspace has no sender of branded emails", [hint])
    wish = {"subject": subject, "body": body, "first_name": "Sam"}
    given = {**wish, "invoice": SAMPLE, "pay_url": "https://in.xero.com/sample"}
    written = letter(config, given, has_pdf=True)
    out.write_text(written.html, encoding="utf-8")
    plain = {"file": str(out), "subject": written.subject, "bytes": len(written.html.encode())}
    say.answer(as_json, plain, None if as_json else f"{written.subject}\n{out}")


def _problems(option: str, text: str | None) -> Iterator[str]:
    from domain.email.merge_tags import tag_problems  # noqa: PLC0415

    for problem in tag_problems(text or ""):
        yield f"{option}: {problem}"
