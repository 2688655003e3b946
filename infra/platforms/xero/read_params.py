"""Params of what may be asked of Xero. Loaded only where they are checked."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import StringConstraints

from domain.invoices.portions import LineAmountTypes, Portion
from infra.platforms.xero.params import Code, Currency, Ids

Words = Annotated[str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True)]
Status = Literal["DRAFT", "SUBMITTED", "AUTHORISED", "PAID", "VOIDED", "DELETED"]


@dataclass(frozen=True)
class Nothing:
    """A question without params."""


@dataclass(frozen=True)
class Contacts:
    """Part of a name, an email address or a contact number; without it the first by name."""

    search: Words | None = None


@dataclass(frozen=True)
class OneContact:
    """Xero's id of a contact."""

    contact_id: UUID


@dataclass(frozen=True)
class Invoices:
    """Part of an invoice number or a reference, and a status."""

    search: Words | None = None
    status: Status | None = None


@dataclass(frozen=True)
class InvoicesByContact:
    """Xero's id of a contact."""

    contact_id: UUID


@dataclass(frozen=True)
class PreviewInvoice:
    """What an invoice that is only looked at may say: as `xero_create_invoice`, and ongoing."""

    portion: Portion = Portion.FULL
    deal_product_ids: Ids | None = None
    include_usage_based: bool = False
    due_date: date | None = None
    account_code: Code | None = None
    tax_type: Code | None = None
    status: Literal["DRAFT", "SUBMITTED", "AUTHORISED"] = "AUTHORISED"
    currency: Currency | None = None
    line_amount_types: LineAmountTypes | None = None
