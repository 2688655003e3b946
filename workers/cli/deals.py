"""`fleet deals`: a deal's products, what is invoiced and paid of them, its invoices and history."""

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from workers.cli import say, words
from workers.cli.enqueue import AsJson

if TYPE_CHECKING:
    from infra.database.engine import Database
    from infra.database.views import Row

app = typer.Typer(help="Deals: products, payment statuses, invoices.", no_args_is_help=True)
NUMBER = {"justify": "right", "no_wrap": True}


@app.command()
def show(
    *,
    deal: Annotated[
        str, typer.Argument(help="The deal's id or its beginning, or words of its name.")
    ],
    as_json: AsJson = False,
) -> None:
    """Show a deal: what each product's money comes to, its invoices, every change of status."""
    from infra.clock import utc_now  # noqa: PLC0415
    from infra.database import views  # noqa: PLC0415
    from workers.cli import reach  # noqa: PLC0415
    from workers.deal_products import products_of  # noqa: PLC0415

    with reach.database() as database:
        found = the_one(database, deal)
        with database.transaction() as tx:
            products = products_of(tx, found["id"], found["currency"])
            invoices = views.deal_invoices(tx, found["id"])
            history = views.deal_history(tx, found["id"])
    plain = {**found, "products": products, "invoices": invoices, "history": history}
    now = utc_now()
    parts: list[RenderableType] = [_headline(found), products_table(products)]
    if invoices:
        parts += [Text("Invoices", style="bold"), _invoices(invoices)]
    if history:
        parts += [Text("History (UTC)", style="bold"), _history(history, now)]
    say.answer(as_json, plain, Group(*parts))


def the_one(database: "Database", said: str) -> "Row":
    """Return the deal a person means.

    Raises:
        Failed: none is, or several are.
    """
    from infra.database import views  # noqa: PLC0415

    with database.transaction() as tx:
        found = views.deals(tx, said)
    return say.the_one(
        found,
        said,
        f"there is no deal {said!r}",
        ["Give its id, or words of its name."],
        lambda row: f"{row['id']}  {row['name']}",
    )


def _headline(deal: "Row") -> Text:
    text = Text.assemble((deal["name"], "bold"), f"  {deal['currency'] or ''}")
    who = ", ".join(str(one) for one in (deal["customer"], deal["contact"]) if one)
    return text.append(f"\n{deal['id']}  {who}", style="dim")


def products_table(products: list[dict[str, Any]]) -> RenderableType:
    """Return deal products with their money as a table."""
    table = say.table(
        ("product", {"ratio": 1}), ("amount", NUMBER), ("invoiced", NUMBER), ("paid", NUMBER),
        ("to invoice", NUMBER), ("status", {"no_wrap": True}),
    )  # fmt: skip
    for one in products:
        money = [
            words.money(one[name]) if name in one else "-"
            for name in ("amount", "invoiced_amount", "paid_amount", "remaining_to_invoice")
        ]
        table.add_row(Text(_name(one)), *money, words.payment(one["payment_status"]))
    return table


def _name(product: dict[str, Any]) -> str:
    discount = product["discount_percent"]
    less = f", less {discount.normalize():f} %" if discount else ""
    quantity = f"{product['quantity'].normalize():f}"
    price = words.money(product["unit_price"])
    return f"{product['name']}\n{quantity} × {price}{less}"  # noqa: RUF001 - multiplied by


def _invoices(invoices: list["Row"]) -> RenderableType:
    table = say.table(
        "number",
        "portion",
        "status",
        ("total", NUMBER),
        ("due", NUMBER),
        ("due date", {"no_wrap": True}),
    )
    for one in invoices:
        table.add_row(
            Text(one["number"] or words.short(one["platform_invoice_id"]), style="bold"),
            one["portion"] or ("raised in Xero" if one["origin"] != "fleet" else ""),
            one["status"],
            words.money(one["total"], one["currency"]),
            words.money(one["amount_due"]),
            str(one["due_date"] or ""),
        )
    return table


def _history(history: list["Row"], now: Any) -> RenderableType:
    table = say.table("at", "product", "from", "to", "by")
    for one in history:
        table.add_row(
            Text(words.moment(one["at"], now), style="dim"),
            one["product"] or "",
            words.payment(one["before"]),
            words.payment(one["after"]),
            " ".join(str(part) for part in (one["by"], one["invoice"], one["reason"]) if part),
        )
    return table
