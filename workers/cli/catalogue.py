"""`fleet catalogue`: what the fleet can do, with which params, limits and guarantees."""

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from workers.cli import say
from workers.cli.enqueue import AsJson

if TYPE_CHECKING:
    from workers.catalogue import Offer


def catalogue(
    action: Annotated[
        str | None, typer.Argument(metavar="ACTION", help="Only this action, with its params.")
    ] = None,
    *,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="As docs/catalogue.md has it.")
    ] = False,
    python: Annotated[
        bool, typer.Option("--python", help="As actionfleet/requests.py has it, unformatted.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show every action: what it changes and how that is kept to once, its limits, its params."""
    from infra.platforms import CATALOGUE  # noqa: PLC0415
    from workers import catalogue as told  # noqa: PLC0415

    offers = [one for one in told.offers(CATALOGUE) if action in {None, one.name}]
    if not offers:
        raise say.Failed(f"there is no action {action}", [f"known: {', '.join(CATALOGUE.actions)}"])
    if python:
        from workers import typed_requests  # noqa: PLC0415

        sys.stdout.write(typed_requests.module(CATALOGUE))
        return
    if markdown:
        sys.stdout.write(told.markdown(offers))
        return
    plain = [asdict(one) for one in offers]
    say.answer(as_json, plain, _one(offers[0]) if action else _all(offers))


def _all(offers: "list[Offer]") -> RenderableType:
    table = say.table(
        ("action", {"no_wrap": True}), "an unknown outcome is", "limits of each tenant"
    )
    for one in offers:
        safe = dict.fromkeys(each.words for each in one.effects)
        table.add_row(one.name, "; or ".join(safe) or "reads only", ", ".join(one.limits))
    return Group(table, Text("fleet catalogue ACTION shows its params.", style="dim"))


def _one(one: "Offer") -> RenderableType:
    table = say.table(("param", {"no_wrap": True}), "is", "default")
    for each in one.params:
        default = "[bold]required[/bold]" if each.required else Text(each.default or "")
        table.add_row(each.name, Text(each.kind), default)
    needs = "\nneeds data.deal.id" if one.needs_deal else ""
    said = {each.words for each in one.effects}
    note = f"\n{one.note}" if one.note and one.note not in said else ""
    head = Text.assemble((one.name, "bold"), f"  {one.summary}{needs}\n", _safety(one), note)
    return Group(head, Text("; ".join(one.limits), style="dim"), table)


def _safety(one: "Offer") -> str:
    lines = [f"{each.effect}: {each.words}" for each in one.effects]
    return "\n".join(lines) or "reads only"
