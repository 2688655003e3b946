"""`fleet enqueue` and `fleet sync`: requests from a person's hand."""

import time
from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID, uuid4

import typer

from workers.cli import say

if TYPE_CHECKING:
    from infra.database.views import Row
    from workers.cli.sending import Sent
    from workers.fleet import Fleet

POLL_S = 0.2
SYNC_WAIT_S = 120.0
SETTLED = {"succeeded", "rejected", "cancelled", "parked"}


class Via(StrEnum):
    """How a request travels."""

    DIRECT = "direct"
    CELERY = "celery"
    PLAIN = "plain"


AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]


def enqueue(
    *,
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE…", help="JSON: one request, a list, or one per line; - is stdin."
        ),
    ],
    via: Annotated[
        Via,
        typer.Option(help="direct: the row is written before you get the answer."),
    ] = Via.DIRECT,
    wait: Annotated[
        float, typer.Option(metavar="SECONDS", min=0, help="Wait so long for the outcomes.")
    ] = 0.0,
    as_json: AsJson = False,
) -> None:
    """Send requests. Each bad one is refused with every problem, by field path."""
    from workers.cli import reach, sending  # noqa: PLC0415

    requests = sending.read(files)
    with reach.fleet() as fleet:
        sent = sending.send(fleet, requests, via.value)
        if not as_json:
            show_sent(sent)
        rows = outcomes(fleet, _ids(sent), wait, live=not as_json) if wait else []
        if as_json:
            say.answer(as_json, [_plain(one, rows) for one in sent])
        elif rows:
            show_outcomes(fleet, rows)
    if any(one.problems for one in sent) or (wait and not _all_succeeded(sent, rows)):
        raise typer.Exit(1)


def sync(
    *,
    integration: Annotated[UUID, typer.Option(help="Id of a Xero integration.")],
    deal: Annotated[UUID | None, typer.Option(help="Only the invoices of this deal.")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until it is done.")] = False,
    as_json: AsJson = False,
) -> None:
    """Pull the latest of a workspace's invoices from Xero."""
    from workers.cli import reach, sending  # noqa: PLC0415

    request: dict[str, Any] = {
        "id": str(uuid4()),
        "integration_id": str(integration),
        "action_type": "xero_sync_invoices",
        "params": {},
        "requested_by": reach.who(),
    }
    if deal is not None:
        request["data"] = {"deal": {"id": str(deal)}}
    with reach.fleet() as fleet:
        sent = sending.send(fleet, [("the sync", request)], Via.DIRECT.value)
        if not as_json:
            show_sent(sent)
        seconds = SYNC_WAIT_S if wait else 0.0
        rows = outcomes(fleet, _ids(sent), seconds, live=not as_json) if wait else []
        if as_json:
            say.answer(as_json, _plain(sent[0], rows))
        elif rows:
            show_outcomes(fleet, rows)
    if sent[0].problems or (wait and not _all_succeeded(sent, rows)):
        raise typer.Exit(1)


def show_sent(sent: Sequence["Sent"]) -> None:
    """Print what was taken in, then every problem of what was not."""
    out = say.console()
    good = [one for one in sent if not one.problems]
    if good:
        table = say.table(("action", {"no_wrap": True}), "type", "taken in")
        for one in good:
            table.add_row(str(one.action_id), one.request["action_type"], one.answer)
        out.print(table)
    for one in good:
        if one.given_id:
            out.print(f"[dim]{one.place} had no id; it was given {one.request['id']}[/dim]")
    for one in sent:
        if one.problems:
            out.print(f"[bold red]✗[/bold red] {one.place} is refused; nothing of it is stored:")
            for problem in one.problems:
                field = problem["field"] or "the request"
                out.print(f"    [bold]{field}[/bold]  {problem['problem']}", soft_wrap=True)


def outcomes(
    fleet: "Fleet", ids: Sequence[UUID], seconds: float, *, live: bool = True
) -> list["Row"]:
    """Wait until every action is settled (or parked), or the time is over; return them."""
    from infra.database import views  # noqa: PLC0415

    until = time.monotonic() + seconds
    out = say.console(to_errors=True)
    with out.status("waiting for the outcome") if live and out.is_terminal else _nothing():
        while True:
            with fleet.database.transaction() as tx:
                rows = views.actions(tx, views.Wanted(ids=ids, limit=max(len(ids), 1)))
            settled = sum(row["status"] in SETTLED for row in rows)
            if settled >= len(set(ids)) or time.monotonic() > until:
                order = {identity: place for place, identity in enumerate(ids)}
                return sorted(rows, key=lambda row: order[row["id"]])
            time.sleep(POLL_S)


def show_outcomes(fleet: "Fleet", rows: Sequence["Row"]) -> None:
    """Print where actions stand."""
    from workers.cli.listing import listed  # noqa: PLC0415

    say.console().print(listed(rows, fleet.now()))


def _nothing() -> Any:
    from contextlib import nullcontext  # noqa: PLC0415

    return nullcontext()


def _ids(sent: Sequence["Sent"]) -> list[UUID]:
    return [one.action_id for one in sent if one.action_id is not None and not one.problems]


def _all_succeeded(sent: Sequence["Sent"], rows: Sequence["Row"]) -> bool:
    done = {row["id"] for row in rows if row["status"] == "succeeded"}
    return set(_ids(sent)) <= done


def _plain(one: "Sent", rows: Sequence["Row"]) -> dict[str, Any]:
    row = next((row for row in rows if row["id"] == one.action_id), None)
    told: dict[str, Any] = {
        "request_id": one.request_id,
        "place": one.place,
        "given_id": one.given_id,
        "action_id": None if one.action_id is None else str(one.action_id),
        "answer": one.answer or "refused",
        "problems": list(one.problems),
    }
    if row is not None:
        told |= {name: row[name] for name in ("status", "result", "error", "partial")}
    return told
