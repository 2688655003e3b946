"""A class for each action type of the catalogue. Generated: `make client` writes it anew.

A field left out (None) is not sent: the fleet's default counts. Amounts are Decimal or text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar, Literal
from uuid import UUID

from actionfleet.request import Request

Amount = Decimal | int | str

__all__ = [
    "ActivecampaignAddToAutomation",
    "SlackSendMessage",
    "XeroCreateContact",
    "XeroCreateContactAndInvoice",
    "XeroCreateInvoice",
    "XeroCreateRepeatingInvoice",
    "XeroEmailInvoice",
    "XeroRecordPayment",
    "XeroSyncInvoices",
    "XeroUpdateInvoice",
    "XeroVoidInvoice",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivecampaignAddToAutomation(Request):
    """Add a contact to an ActiveCampaign automation."""

    action_type: ClassVar[str] = "activecampaign_add_to_automation"
    contact_id: int | None = None
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    phone: str | None = None
    fields: Mapping[str, Any] | None = None
    automation_id: int | None = None
    automation: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackSendMessage(Request):
    """Post a message to a Slack channel, DM or thread."""

    action_type: ClassVar[str] = "slack_send_message"
    channel: str
    text: str | None = None
    blocks: Sequence[Mapping[str, Any]] | None = None
    thread_ts: str | None = None
    reply_broadcast: bool | None = None
    unfurl_links: bool | None = None
    unfurl_media: bool | None = None
    username: str | None = None
    icon_emoji: str | None = None
    icon_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class XeroCreateContact(Request):
    """Find or create the Xero contact of a deal, a customer or a contact."""

    action_type: ClassVar[str] = "xero_create_contact"
    customer_id: UUID | str | None = None
    contact_id: UUID | str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class XeroCreateInvoice(Request):
    """Raise an invoice for a deal's products in Xero. Needs `deal_id`."""

    action_type: ClassVar[str] = "xero_create_invoice"
    email_mode: Literal["none", "xero", "trustpager"] | None = None
    email_subject: str | None = None
    email_body: str | None = None
    email_attach_pdf: bool | None = None
    email_recipient_source: (
        Literal["primary_contact", "xero_contact", "secondary_contact"] | None
    ) = None
    email_recipient_contact_id: UUID | str | None = None
    email_recipient: str | None = None
    portion: Literal["full", "deposit", "balance", "ongoing"] | None = None
    deal_product_ids: Sequence[UUID | str] | None = None
    due_date: date | str | None = None
    account_code: str | None = None
    tax_type: str | None = None
    reference: str | None = None
    status: Literal["DRAFT", "SUBMITTED", "AUTHORISED"] | None = None
    currency: str | None = None
    line_amount_types: Literal["Exclusive", "Inclusive", "NoTax"] | None = None
    branding_theme_id: UUID | str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class XeroCreateContactAndInvoice(Request):
    """The same as xero_create_invoice. Needs `deal_id`."""

    action_type: ClassVar[str] = "xero_create_contact_and_invoice"
    email_mode: Literal["none", "xero", "trustpager"] | None = None
    email_subject: str | None = None
    email_body: str | None = None
    email_attach_pdf: bool | None = None
    email_recipient_source: (
        Literal["primary_contact", "xero_contact", "secondary_contact"] | None
    ) = None
    email_recipient_contact_id: UUID | str | None = None
    email_recipient: str | None = None
    portion: Literal["full", "deposit", "balance", "ongoing"] | None = None
    deal_product_ids: Sequence[UUID | str] | None = None
    due_date: date | str | None = None
    account_code: str | None = None
    tax_type: str | None = None
    reference: str | None = None
    status: Literal["DRAFT", "SUBMITTED", "AUTHORISED"] | None = None
    currency: str | None = None
    line_amount_types: Literal["Exclusive", "Inclusive", "NoTax"] | None = None
    branding_theme_id: UUID | str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class XeroEmailInvoice(Request):
    """Email an invoice, by Xero or branded."""

    action_type: ClassVar[str] = "xero_email_invoice"
    invoice_id: UUID | str
    email_mode: Literal["xero", "trustpager"] | None = None
    email_subject: str | None = None
    email_body: str | None = None
    email_attach_pdf: bool | None = None
    email_recipient_source: (
        Literal["primary_contact", "xero_contact", "secondary_contact"] | None
    ) = None
    email_recipient_contact_id: UUID | str | None = None
    email_recipient: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class XeroCreateRepeatingInvoice(Request):
    """Have Xero raise an invoice on a schedule, from a deal or the catalogue."""

    action_type: ClassVar[str] = "xero_create_repeating_invoice"
    contact_id: UUID | str
    schedule_period: int
    schedule_unit: Literal["WEEKLY", "MONTHLY", "YEARLY"]
    account_code: str
    tax_type: str
    deal_product_ids: Sequence[UUID | str] | None = None
    product_ids: Sequence[UUID | str] | None = None
    approve_for_sending: bool | None = None
    include_usage_based: bool | None = None
    due_date_type: (
        Literal[
            "DAYSAFTERBILLDATE",
            "DAYSAFTERBILLMONTH",
            "DAYSAFTERINVOICEDATE",
            "DAYSAFTERINVOICEMONTH",
            "OFCURRENTMONTH",
            "OFFOLLOWINGMONTH",
        ]
        | None
    ) = None
    due_days: int | None = None
    reference: str | None = None
    line_amount_types: Literal["Exclusive", "Inclusive", "NoTax"] | None = None
    currency: str | None = None
    branding_theme_id: UUID | str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class XeroUpdateInvoice(Request):
    """Change an invoice's status, due date or reference in Xero, or its label here."""

    action_type: ClassVar[str] = "xero_update_invoice"
    invoice_id: UUID | str
    email_mode: Literal["none", "xero", "trustpager"] | None = None
    email_subject: str | None = None
    email_body: str | None = None
    email_attach_pdf: bool | None = None
    email_recipient_source: (
        Literal["primary_contact", "xero_contact", "secondary_contact"] | None
    ) = None
    email_recipient_contact_id: UUID | str | None = None
    email_recipient: str | None = None
    status: Literal["DRAFT", "SUBMITTED", "AUTHORISED", "VOIDED", "DELETED"] | None = None
    due_date: date | str | None = None
    reference: str | None = None
    portion: Literal["full", "deposit", "balance", "ongoing"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class XeroVoidInvoice(Request):
    """Void an invoice of which nothing is paid, or delete one not yet approved."""

    action_type: ClassVar[str] = "xero_void_invoice"
    invoice_id: UUID | str


@dataclass(frozen=True, slots=True, kw_only=True)
class XeroRecordPayment(Request):
    """Record a payment of an invoice in Xero (Mark as Paid)."""

    action_type: ClassVar[str] = "xero_record_payment"
    invoice_id: UUID | str
    date: date | str | None = None
    bank_account_id: str | None = None
    amount: Amount | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class XeroSyncInvoices(Request):
    """Pull the latest of a deal's invoices (or of all) from Xero."""

    action_type: ClassVar[str] = "xero_sync_invoices"
    invoice_ids: Sequence[UUID | str] | None = None
