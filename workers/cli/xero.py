"""`fleet xero`: look things up in Xero, briefly cached and within the organisation's budget."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from workers.cli import say, words
from workers.cli.enqueue import AsJson

if TYPE_CHECKING:
    from workers.reading import Reading

app = typer.Typer(help="Look up accounts, tax rates, contacts, invoices.", no_args_is_help=True)

Which = Annotated[
    str,
    typer.Option(
        "--integration", help="Id or words of the name; not needed when there is only one."
    ),
]
Columns = Sequence[tuple[str, str, Mapping[str, Any]]]
ID: Mapping[str, Any] = {"no_wrap": True, "style": "dim"}
NUMBER: Mapping[str, Any] = {"justify": "right", "no_wrap": True}
WIDE: Mapping[str, Any] = {"overflow": "fold", "ratio": 1}

ACCOUNTS: Columns = (
    ("code", "code", {"no_wrap": True}),
    ("name", "name", WIDE),
    ("type", "type", {}),
    ("tax type", "tax_type", {}),
)
BANK_ACCOUNTS: Columns = (*ACCOUNTS[:2], ("currency", "currency", {}), ("id", "account_id", ID))
TAX_RATES: Columns = (
    ("tax type", "tax_type", {"no_wrap": True}),
    ("name", "name", WIDE),
    ("%", "rate", NUMBER),
)
CONTACTS: Columns = (
    ("name", "name", WIDE),
    ("email", "email", {}),
    ("number", "number", {"overflow": "fold"}),
    ("id", "contact_id", ID),
)
INVOICES: Columns = (
    ("number", "number", {"no_wrap": True}),
    ("status", "status", {}),
    ("date", "date", {"no_wrap": True}),
    ("due date", "due_date", {"no_wrap": True}),
    ("total", "total", NUMBER),
    ("due", "amount_due", NUMBER),
    ("", "currency", {}),
    ("reference", "reference", WIDE),
)


@app.command()
def accounts(*, integration: Which = "", as_json: AsJson = False) -> None:
    """List the active revenue accounts: what `account_code` may be."""
    _show("xero_accounts", {}, ACCOUNTS, integration, as_json=as_json)


@app.command("bank-accounts")
def bank_accounts(*, integration: Which = "", as_json: AsJson = False) -> None:
    """List the active bank accounts, which payments are recorded to."""
    _show("xero_bank_accounts", {}, BANK_ACCOUNTS, integration, as_json=as_json)


@app.command("tax-rates")
def tax_rates(*, integration: Which = "", as_json: AsJson = False) -> None:
    """List the active tax rates: what `tax_type` may be."""
    _show("xero_tax_rates", {}, TAX_RATES, integration, as_json=as_json)


@app.command()
def contacts(
    *,
    search: Annotated[
        str | None, typer.Option(help="Part of a name, an email address or a number.")
    ] = None,
    integration: Which = "",
    as_json: AsJson = False,
) -> None:
    """Find active contacts."""
    given = {} if search is None else {"search": search}
    _show("xero_contacts", given, CONTACTS, integration, as_json=as_json)


@app.command()
def invoices(
    *,
    contact: Annotated[UUID | None, typer.Option(help="Xero's id of a contact.")] = None,
    search: Annotated[
        str | None, typer.Option(help="Part of an invoice number or a reference.")
    ] = None,
    status: Annotated[str | None, typer.Option(help="AUTHORISED, PAID …")] = None,
    integration: Which = "",
    as_json: AsJson = False,
) -> None:
    """List the latest sales invoices, of one contact or of all."""
    narrowed = {"search": search, "status": status and status.upper()}
    given = {name: value for name, value in narrowed.items() if value is not None}
    if contact is not None and given:
        raise say.Failed("give --contact, or --search and --status, not both")
    if contact is None:
        _show("xero_invoices", given, INVOICES, integration, as_json=as_json)
        return
    given = {"contact_id": str(contact)}
    _show("xero_invoices_by_contact", given, INVOICES, integration, as_json=as_json)


def _show(
    name: str,
    given: Mapping[str, str],
    columns: Columns,
    integration: str,
    *,
    as_json: bool,
) -> None:
    from infra.envelope import Refused  # noqa: PLC0415
    from workers import reading  # noqa: PLC0415
    from workers.cli import reach  # noqa: PLC0415
    from workers.cli.meant import the_integration  # noqa: PLC0415

    with reach.fleet() as fleet:
        with fleet.database.reading() as tx:
            chosen = the_integration(tx, "xero", integration)
        try:
            found = reading.ask(fleet, chosen, name, given, asked_by=reach.who())
        except Refused as refused:
            raise say.Failed(str(refused)) from refused
        except reading.NotReadable as error:
            raise say.Failed(str(error)) from error
        plain = {
            "items": list(found.items),
            "more": found.more,
            "read_at": found.read_at,
            "stale": found.stale,
        }
        say.answer(
            as_json, plain, Group(*_parts(found, columns, words.age(found.read_at, fleet.now())))
        )


def _parts(found: "Reading", columns: Columns, age: str) -> list[RenderableType]:
    parts: list[RenderableType] = [_table(found, columns) if found.items else Text("none found")]
    if found.more:
        parts.append(Text("there are more; narrow it down with --search", style="dim"))
    if found.stale is not None:
        parts.append(Text(f"as of {age} ago: {found.stale}", style="yellow"))
    return parts


def _table(found: "Reading", columns: Columns) -> RenderableType:
    table = say.table(*((title, options) for title, _, options in columns))
    for item in found.items:
        table.add_row(*(Text(str(item[name] or "")) for _, name, _ in columns))
    return table
