"""Params of Xero's actions, as a request gives them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints, TypeAdapter

from domain.invoices.portions import LineAmountTypes, Portion
from domain.invoices.precedence import InvoiceParams
from domain.invoices.xero_status import InvoiceStatus

Code = Annotated[str, StringConstraints(min_length=1, max_length=50, strip_whitespace=True)]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Reference = Annotated[str, StringConstraints(min_length=1, max_length=255)]
Ids = Annotated[tuple[UUID, ...], Field(min_length=1, max_length=200)]

EmailMode = Literal["none", "xero", "trustpager"]
RecipientSource = Literal["primary_contact", "xero_contact", "secondary_contact"]


@dataclass(frozen=True)
class CreateContact:
    """`xero_create_contact`. Without either id the deal's customer or primary contact is meant."""

    customer_id: UUID | None = None
    contact_id: UUID | None = None

    def __post_init__(self) -> None:
        if self.customer_id is not None and self.contact_id is not None:
            raise ValueError("give one of `customer_id` and `contact_id`, not both")


@dataclass(frozen=True)
class CreateInvoice:
    """`xero_create_invoice` and `xero_create_contact_and_invoice`."""

    portion: Portion = Portion.FULL
    deal_product_ids: Ids | None = None
    due_date: date | None = None
    account_code: Code | None = None
    tax_type: Code | None = None
    reference: Reference | None = None
    status: Literal["DRAFT", "SUBMITTED", "AUTHORISED"] = "AUTHORISED"
    currency: Currency | None = None
    line_amount_types: LineAmountTypes | None = None
    branding_theme_id: UUID | None = None
    email_mode: EmailMode | None = None
    email_subject: Annotated[str, StringConstraints(max_length=500)] | None = None
    email_body: Annotated[str, StringConstraints(max_length=50_000)] | None = None
    email_attach_pdf: bool | None = None
    email_recipient_source: RecipientSource | None = None
    email_recipient_contact_id: UUID | None = None
    email_recipient: Annotated[str, StringConstraints(min_length=3, max_length=254)] | None = None

    @property
    def wanted(self) -> InvoiceParams:
        """What the domain needs to know of it."""
        return InvoiceParams(
            portion=self.portion,
            deal_product_ids=self.deal_product_ids,
            status=InvoiceStatus(self.status),
            due_date=self.due_date,
            account_code=self.account_code,
            tax_type=self.tax_type,
            currency=self.currency,
            line_amount_types=self.line_amount_types,
        )


@dataclass(frozen=True)
class SyncInvoices:
    """`xero_sync_invoices`: these invoices (Xero's ids), else the deal's, else all that changed."""

    invoice_ids: Ids | None = None


_CREATE_INVOICE = TypeAdapter(CreateInvoice)
_CREATE_CONTACT = TypeAdapter(CreateContact)


def create_invoice(params: Mapping[str, Any]) -> CreateInvoice:
    """Read params that intake has checked and stored as plain JSON."""
    return _CREATE_INVOICE.validate_python(dict(params))


def create_contact(params: Mapping[str, Any]) -> CreateContact:
    """Read params that intake has checked and stored as plain JSON."""
    return _CREATE_CONTACT.validate_python(dict(params))


def unavailable(params: CreateInvoice) -> Iterator[tuple[str, str]]:
    """Yield (field path, problem) for what is declared but cannot be done by this action (yet)."""
    if params.portion is Portion.ONGOING:
        yield (
            "params.portion",
            "ongoing invoices are Xero's repeating invoices: use xero_create_repeating_invoice",
        )
    if params.email_mode not in {None, "none"}:
        yield (
            "params.email_mode",
            f"{params.email_mode} is not yet available; use none, and send the invoice from Xero",
        )
    if params.email_mode is None:
        # Said outright, none means none; left out beside a subject it is likely a mistyped name.
        for field in fields(params):
            if field.name.startswith("email_") and getattr(params, field.name) is not None:
                yield (
                    f"params.{field.name}",
                    "has no effect without email_mode; leave it out, or say email_mode none",
                )
