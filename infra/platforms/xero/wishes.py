"""Params as plans read them: plain JSON that intake has checked, with the defaults filled in."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from domain.actions.outcome import JsonObject
from domain.email.letter import BODY_BYTES_MAX, body_bytes
from domain.email.merge_tags import tag_problems
from domain.email.recipients import Source, is_address
from domain.invoices.portions import LineAmountTypes, Portion
from domain.invoices.precedence import InvoiceParams
from domain.invoices.xero_status import InvoiceStatus


def invoice_wish(given: JsonObject) -> InvoiceParams:
    """Return what a request for an invoice asks for."""
    ids, basis, due = (given.get(n) for n in ("deal_product_ids", "line_amount_types", "due_date"))
    return InvoiceParams(
        portion=Portion(given.get("portion", Portion.FULL)),
        deal_product_ids=None if ids is None else tuple(map(UUID, ids)),
        status=InvoiceStatus(given.get("status", InvoiceStatus.AUTHORISED)),
        due_date=None if due is None else date.fromisoformat(due),
        account_code=given.get("account_code"),
        tax_type=given.get("tax_type"),
        currency=given.get("currency"),
        line_amount_types=None if basis is None else LineAmountTypes(basis),
    )


def unavailable(given: JsonObject) -> Iterator[tuple[str, str]]:
    """Yield (field path, problem) for what is declared but cannot be done by this action (yet)."""
    if given.get("portion") == Portion.ONGOING:
        yield (
            "params.portion",
            "ongoing invoices are Xero's repeating invoices: use xero_create_repeating_invoice",
        )
    yield from fields_without_mode(given)


def fields_without_mode(given: JsonObject) -> Iterator[tuple[str, str]]:
    """Yield (field path, problem) of email fields without an email_mode.

    Said outright, none means none; left out beside a subject it is likely a mistyped name.
    """
    if given.get("email_mode") is None:
        for name in given:
            if name.startswith("email_"):
                yield f"params.{name}", "needs email_mode; say email_mode none, or leave it out"


class EmailMode(StrEnum):
    """Who emails an invoice: nobody, Xero, or the workspace's own sender."""

    NONE = "none"
    XERO = "xero"
    TRUSTPAGER = "trustpager"


@dataclass(frozen=True, slots=True)
class EmailWish:
    """What a request asks for an invoice's email."""

    mode: EmailMode
    subject: str | None = None
    body: str | None = None
    attach_pdf: bool | None = None
    source: Source | None = None
    contact_id: UUID | None = None
    address: str | None = None

    @property
    def reads_contact(self) -> bool:
        """The address comes from the invoice's contact in Xero: it must be read."""
        by_source = self.address is None and self.source is Source.XERO_CONTACT
        return self.mode is EmailMode.XERO or (self.mode is EmailMode.TRUSTPAGER and by_source)


def email_wish(given: JsonObject, otherwise: EmailMode = EmailMode.NONE) -> EmailWish:
    """Return what is to be emailed how; `otherwise` is the mode of a request that names none."""
    source, contact_id = (
        given.get("email_recipient_source"),
        given.get("email_recipient_contact_id"),
    )
    return EmailWish(
        mode=EmailMode(given.get("email_mode") or otherwise),
        subject=given.get("email_subject"),
        body=given.get("email_body"),
        attach_pdf=given.get("email_attach_pdf"),
        source=None if source is None else Source(source),
        contact_id=None if contact_id is None else UUID(contact_id),
        address=given.get("email_recipient"),
    )


def email_problems(wish: EmailWish) -> Iterator[tuple[str, str]]:
    """Yield (field path, problem) of what can be told from the request alone."""
    for name, text in (("email_subject", wish.subject), ("email_body", wish.body)):
        for problem in tag_problems(text or ""):
            yield f"params.{name}", problem
    size = body_bytes(wish.body or "")
    if size > BODY_BYTES_MAX:
        words = f"makes {size} bytes of HTML; at most {BODY_BYTES_MAX}, else mail programs cut it"
        yield "params.email_body", words
    if wish.address is not None and not is_address(wish.address):
        yield "params.email_recipient", "is not one email address"
    secondary = wish.source is Source.SECONDARY_CONTACT
    if secondary and wish.contact_id is None and wish.address is None:
        yield "params.email_recipient_contact_id", "is required by email_recipient_source"
    if wish.contact_id is not None and not secondary:
        words = "only goes with email_recipient_source secondary_contact"
        yield "params.email_recipient_contact_id", words
