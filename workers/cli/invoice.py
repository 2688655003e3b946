"""`fleet invoice preview`: what an invoice would be, for the person who answers for it."""

from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from domain.invoices.portions import LineAmountTypes, Portion
from workers.cli import say, words
from workers.cli.enqueue import AsJson

if TYPE_CHECKING:
    from infra.database.views import Row
    from workers.preview import Preview, PreviewLine

app = typer.Typer(help="Look at invoices before they are raised.", no_args_is_help=True)

NUMBER = {"justify": "right", "no_wrap": True}
SIGNS = {"chosen": ("✓", "bold green"), "offered": ("·", ""), "dimmed": ("·", "dim"),
         "skipped": ("-", "dim")}  # fmt: skip
BASIS = {
    LineAmountTypes.EXCLUSIVE: "amounts without tax",
    LineAmountTypes.INCLUSIVE: "amounts include tax",
    LineAmountTypes.NO_TAX: "no tax",
}


@app.command()
def preview(  # noqa: PLR0913 - what an invoice may say
    *,
    deal: Annotated[str, typer.Option(help="The deal's id, its beginning, or words of its name.")],
    portion: Annotated[Portion, typer.Option(help="Which part to bill.")] = Portion.FULL,
    lines: Annotated[
        list[str] | None,
        typer.Option(
            "--line", "--lines",
            help="Bill these products: beginnings of ids, or words of names; comma separated.",
        ),
    ] = None,
    integration: Annotated[
        str, typer.Option(help="Id or words of the name; not needed when there is only one.")
    ] = "",
    include_usage_based: Annotated[
        bool, typer.Option("--include-usage-based", help="Tick Usage-Based products too (ongoing).")
    ] = False,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Show what an invoice would bill and why, its tax and total; nothing is created."""
    from infra.envelope import Refused  # noqa: PLC0415
    from workers import preview as previews  # noqa: PLC0415
    from workers.cli import deals, reach  # noqa: PLC0415
    from workers.cli.meant import the_integration  # noqa: PLC0415
    from workers.deal_products import products_of  # noqa: PLC0415

    with reach.fleet() as fleet:
        found = deals.the_one(fleet.database, deal)
        with fleet.database.reading() as tx:
            chosen = the_integration(tx, "xero", integration, found["workspace_id"])
            products = products_of(tx, found["id"], found["currency"])
        params: dict[str, Any] = {"portion": portion.value}
        if include_usage_based:
            params["include_usage_based"] = True
        if lines:
            params["deal_product_ids"] = _named(lines, products)
        try:
            made = previews.preview(fleet, chosen, found["id"], params, asked_by=reach.who())
        except Refused as refused:
            raise say.Failed(str(refused)) from refused
    say.answer(as_json, asdict(made), _shown(made, found))


def _named(said: Sequence[str], products: Sequence["Row"]) -> list[str]:
    """Return the ids of the deal's products that a person means."""
    wanted = [part.strip() for one in said for part in one.split(",") if part.strip()]
    return [str(_the_product(one, products)["id"]) for one in wanted]


def _the_product(said: str, products: Sequence["Row"]) -> "Row":
    low = said.casefold()
    found = [
        one for one in products if str(one["id"]).startswith(low) or low in one["name"].casefold()
    ]
    if len(found) == 1:
        return found[0]
    hints = [f"{one['id']}  {one['name']}" for one in found or products]
    problem = "may be any of these" if found else "is no product of the deal; it has"
    raise say.Failed(f"{said!r} {problem}:", hints)


def _shown(made: "Preview", deal: "Row") -> RenderableType:
    parts: list[RenderableType] = [_headline(made, deal), _table(made), _sums(made)]
    for said, sign, style in (
        (made.warnings, "⚠", "yellow"),
        (made.notes, "i", "dim"),
        ([problem.message for problem in made.problems], "✗", "red"),
    ):
        parts += [Text.assemble((f"{sign} ", style), (one, style)) for one in said]
    if made.problems:
        parts.append(Text("It would be refused as it stands.", style="bold red"))
    else:
        parts.append(Text("Nothing has been created.", style="dim"))
    return Group(*parts)


def _headline(made: "Preview", deal: "Row") -> Text:
    kind = "Repeating invoice, each time" if made.portion is Portion.ONGOING else "Invoice"
    due = f", due {made.due_date}" if made.due_date else ""
    text = Text.assemble((deal["name"], "bold"), f"\n{kind}: {made.portion.value}")
    return text.append(f" in {made.currency}, {BASIS[made.line_amount_types]}{due}", style="dim")


def _table(made: "Preview") -> RenderableType:
    recurs = made.portion is Portion.ONGOING
    left = () if recurs else (("still to invoice", NUMBER),)
    table = say.table(
        "", ("product", {"ratio": 2}), ("status", {"no_wrap": True}), ("this invoice", NUMBER),
        ("tax", NUMBER), *left, ("why", {"ratio": 2, "overflow": "fold"}),
    )  # fmt: skip
    for line in made.lines:
        sign, style = SIGNS[line.state.value]
        after = () if recurs else (words.money(line.remaining_after or 0),)
        table.add_row(
            Text(sign, style=style),
            _product(line),
            words.payment(line.payment_status.value),
            words.money(line.amount) if line.is_chosen else "",
            _tax(line),
            *after,
            Text(line.reason),
            style="" if line.is_chosen else "dim",
        )
    return table


def _product(line: "PreviewLine") -> Text:
    less = f", less {line.discount_percent.normalize():f} %" if line.discount_percent else ""
    price = f"{line.quantity.normalize():f} × {words.money(line.unit_price)}{less}"  # noqa: RUF001
    struck = "strike" if line.state.value == "dimmed" else ""
    return Text.assemble(line.name, "\n", (price, struck))


def _tax(line: "PreviewLine") -> str:
    if not line.is_chosen:
        return ""
    return "?" if line.tax is None else words.money(line.tax)


def _sums(made: "Preview") -> RenderableType:
    table = say.table(("", {"justify": "right"}), ("", NUMBER))
    table.show_header = False
    table.box = None
    name = "of which tax" if made.line_amount_types is LineAmountTypes.INCLUSIVE else "tax"
    unknown = " (without what is not known)" if made.unknown_tax_types else ""
    rows: tuple[tuple[str, Decimal], ...] = (
        ("subtotal", made.subtotal),
        (name + unknown, made.tax),
    )
    for title, amount in rows:
        table.add_row(title, words.money(amount, made.currency))
    total = words.money(made.total, made.currency)
    table.add_row(Text("total" + unknown, style="bold"), Text(total, style="bold"))
    return table
