"""Params of what may be asked of Xero. Loaded only where they are checked."""

from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import UUID

from pydantic import StringConstraints

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
class Invoices:
    """Part of an invoice number or a reference, and a status."""

    search: Words | None = None
    status: Status | None = None


@dataclass(frozen=True)
class InvoicesByContact:
    """Xero's id of a contact."""

    contact_id: UUID
