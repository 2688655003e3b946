"""Params of Xero's actions, as a request gives them. Loaded only where requests are checked."""

import datetime as dt
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from domain.invoices.paying import OWN_REFERENCE_MAX
from domain.invoices.portions import LineAmountTypes, Portion

Code = Annotated[str, StringConstraints(min_length=1, max_length=50, strip_whitespace=True)]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Reference = Annotated[str, StringConstraints(min_length=1, max_length=255)]
Amount = Annotated[Decimal, Field(gt=0, max_digits=15)]
Ids = Annotated[tuple[UUID, ...], Field(max_length=200)]

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
class Emailing:
    """What every action that can email its invoice takes; `domain.email` says what it means."""

    email_mode: EmailMode | None = None
    email_subject: Annotated[str, StringConstraints(max_length=500)] | None = None
    email_body: Annotated[str, StringConstraints(max_length=50_000)] | None = None
    email_attach_pdf: bool | None = None
    email_recipient_source: RecipientSource | None = None
    email_recipient_contact_id: UUID | None = None
    email_recipient: Annotated[str, StringConstraints(min_length=3, max_length=254)] | None = None


@dataclass(frozen=True)
class CreateInvoice(Emailing):
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


@dataclass(frozen=True)
class EmailInvoice(Emailing):
    """`xero_email_invoice`: the invoice by our id or by Xero's; by Xero unless told otherwise."""

    invoice_id: UUID = field(kw_only=True)
    email_mode: Literal["xero", "trustpager"] | None = None


@dataclass(frozen=True)
class SyncInvoices:
    """`xero_sync_invoices`: these invoices (Xero's ids), else the deal's, else all that changed."""

    invoice_ids: Ids | None = None


@dataclass(frozen=True)
class UpdateInvoice(Emailing):
    """`xero_update_invoice`. `invoice_id` is ours or Xero's; `portion` is a label of ours."""

    invoice_id: UUID = field(kw_only=True)
    status: Literal["DRAFT", "SUBMITTED", "AUTHORISED", "VOIDED", "DELETED"] | None = None
    due_date: date | None = None
    reference: Annotated[str, StringConstraints(max_length=255, strip_whitespace=True)] | None = (
        None
    )
    portion: Portion | None = None


@dataclass(frozen=True)
class VoidInvoice:
    """`xero_void_invoice`: VOIDED, or DELETED for an invoice that is not approved yet."""

    invoice_id: UUID


@dataclass(frozen=True)
class RecordPayment:
    """`xero_record_payment`: today, into the last account used, what is due, unless it says else.

    `bank_account_id` is the AccountID or the code of an active bank account.
    """

    invoice_id: UUID
    date: dt.date | None = None
    bank_account_id: Code | None = None
    amount: Amount | None = None
    reference: Annotated[str, StringConstraints(max_length=OWN_REFERENCE_MAX)] | None = None
