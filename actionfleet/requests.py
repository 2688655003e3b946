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
    "CalcomAddGuests",
    "CalcomAttendee",
    "CalcomCreateBooking",
    "CalcomGuest",
    "CalcomLocation",
    "FacebookContent",
    "FacebookConversion",
    "FacebookConversionEvent",
    "FacebookCustomData",
    "FacebookUserData",
    "PortantGenerateDocument",
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
    "ZoomCreateMeeting",
    "ZoomRecurrence",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivecampaignAddToAutomation(Request):
    """Add a contact to an ActiveCampaign automation."""

    action_type: ClassVar[str] = "activecampaign_add_to_automation"
    contact_id: int | str | None = None
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    phone: str | None = None
    fields: Mapping[str, Any] | None = None
    automation_id: int | str | None = None
    automation: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CalcomAttendee:
    """Who books: reached by email, by phone, or both."""

    name: str
    time_zone: str
    email: str | None = None
    phone_number: str | None = None
    language: (
        Literal[
            "ar",
            "ca",
            "de",
            "es",
            "eu",
            "he",
            "id",
            "ja",
            "lv",
            "pl",
            "ro",
            "sr",
            "th",
            "vi",
            "az",
            "cs",
            "el",
            "es-419",
            "fi",
            "hr",
            "it",
            "km",
            "nl",
            "pt",
            "ru",
            "sv",
            "tr",
            "zh-CN",
            "bg",
            "da",
            "en",
            "et",
            "fr",
            "hu",
            "iw",
            "ko",
            "no",
            "pt-BR",
            "sk",
            "ta",
            "uk",
            "zh-TW",
            "bn",
        ]
        | None
    ) = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CalcomLocation:
    """Where it takes place: one of the event type's locations, by its `type`."""

    type: Literal[
        "address",
        "attendeeAddress",
        "attendeeDefined",
        "attendeePhone",
        "integration",
        "link",
        "organizersDefaultApp",
        "phone",
    ]
    integration: (
        Literal[
            "cal-video",
            "google-meet",
            "zoom",
            "whereby-video",
            "whatsapp-video",
            "webex-video",
            "telegram-video",
            "tandem",
            "sylaps-video",
            "skype-video",
            "sirius-video",
            "signal-video",
            "shimmer-video",
            "salesroom-video",
            "roam-video",
            "riverside-video",
            "ping-video",
            "office365-video",
            "mirotalk-video",
            "jitsi",
            "jelly-video",
            "jelly-conferencing",
            "huddle",
            "facetime-video",
            "element-call-video",
            "eightxeight-video",
            "discord-video",
            "demodesk-video",
            "campfire-video",
        ]
        | None
    ) = None
    address: str | None = None
    phone: str | None = None
    location: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CalcomCreateBooking(Request):
    """Book a Cal.com event type for an attendee."""

    action_type: ClassVar[str] = "calcom_create_booking"
    start: str
    attendee: CalcomAttendee
    event_type_id: int | None = None
    event_type_slug: str | None = None
    username: str | None = None
    team_slug: str | None = None
    organization_slug: str | None = None
    guests: Sequence[str] | None = None
    location: CalcomLocation | None = None
    metadata: Mapping[str, str] | None = None
    booking_fields_responses: Mapping[str, Any] | None = None
    length_in_minutes: int | None = None
    recurrence_count: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CalcomGuest:
    """Whom to add to a booking."""

    email: str
    name: str | None = None
    time_zone: str | None = None
    phone_number: str | None = None
    language: (
        Literal[
            "ar",
            "ca",
            "de",
            "es",
            "eu",
            "he",
            "id",
            "ja",
            "lv",
            "pl",
            "ro",
            "sr",
            "th",
            "vi",
            "az",
            "cs",
            "el",
            "es-419",
            "fi",
            "hr",
            "it",
            "km",
            "nl",
            "pt",
            "ru",
            "sv",
            "tr",
            "zh-CN",
            "bg",
            "da",
            "en",
            "et",
            "fr",
            "hu",
            "iw",
            "ko",
            "no",
            "pt-BR",
            "sk",
            "ta",
            "uk",
            "zh-TW",
            "bn",
        ]
        | None
    ) = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CalcomAddGuests(Request):
    """Add guests to a Cal.com booking."""

    action_type: ClassVar[str] = "calcom_add_guests"
    booking_uid: str
    guests: Sequence[CalcomGuest]


@dataclass(frozen=True, slots=True, kw_only=True)
class FacebookUserData:
    """Who it was. Hashed: `country` to `zp`; never hashed: the rest."""

    country: str | Sequence[str] | None = None
    em: str | Sequence[str] | None = None
    ph: str | Sequence[str] | None = None
    fn: str | Sequence[str] | None = None
    ln: str | Sequence[str] | None = None
    db: str | Sequence[str] | None = None
    ge: str | Sequence[str] | None = None
    ct: str | Sequence[str] | None = None
    st: str | Sequence[str] | None = None
    zp: str | Sequence[str] | None = None
    external_id: str | Sequence[str] | None = None
    client_ip_address: str | None = None
    client_user_agent: str | None = None
    fbc: str | None = None
    fbp: str | None = None
    subscription_id: str | None = None
    fb_login_id: int | str | None = None
    lead_id: int | str | None = None
    anon_id: str | None = None
    madid: str | None = None
    page_id: str | None = None
    page_scoped_user_id: str | None = None
    ctwa_clid: str | None = None
    ig_account_id: str | None = None
    ig_sid: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FacebookContent:
    """One of the things bought or looked at."""

    id: str
    quantity: int | None = None
    item_price: Amount | None = None
    title: str | None = None
    description: str | None = None
    brand: str | None = None
    category: str | None = None
    delivery_category: Literal["in_store", "curbside", "home_delivery"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FacebookCustomData:
    """What it was about. `custom_properties` are the sender's own, put beside the others."""

    value: Amount | None = None
    currency: str | None = None
    net_revenue: Amount | None = None
    predicted_ltv: Amount | None = None
    content_name: str | None = None
    content_category: str | None = None
    content_ids: Sequence[str] | None = None
    content_type: Literal["product", "product_group"] | None = None
    contents: Sequence[FacebookContent] | None = None
    num_items: int | None = None
    order_id: str | None = None
    search_string: str | None = None
    status: Any | None = None
    item_number: str | None = None
    delivery_category: Literal["in_store", "curbside", "home_delivery"] | None = None
    custom_properties: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FacebookConversionEvent:
    """One event. `event_time` is in seconds since 1970, UTC; without it the event is of now."""

    event_name: str
    action_source: Literal[
        "email",
        "website",
        "app",
        "phone_call",
        "chat",
        "physical_store",
        "system_generated",
        "business_messaging",
        "other",
    ]
    user_data: FacebookUserData
    event_time: int | None = None
    event_id: str | None = None
    event_source_url: str | None = None
    referrer_url: str | None = None
    custom_data: FacebookCustomData | None = None
    opt_out: bool | None = None
    data_processing_options: Sequence[Literal["LDU"]] | None = None
    data_processing_options_country: int | None = None
    data_processing_options_state: int | None = None
    messaging_channel: str | None = None
    app_data: Mapping[str, Any] | None = None
    original_event_data: Mapping[str, Any] | None = None
    attribution_data: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FacebookConversion(Request):
    """Tell Meta of conversion events (Conversions API)."""

    action_type: ClassVar[str] = "facebook_conversion"
    events: Sequence[FacebookConversionEvent]
    test_event_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PortantGenerateDocument(Request):
    """Have a Portant workflow make a document from its template."""

    action_type: ClassVar[str] = "portant_generate_document"
    fields: Mapping[str, Any]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoomRecurrence:
    """How a meeting recurs (Zoom: `recurrence`), with words where Zoom has numbers."""

    type: Literal["daily", "weekly", "monthly", "no_fixed_time"]
    repeat_interval: int | None = None
    weekly_days: (
        Sequence[
            Literal["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]
        ]
        | None
    ) = None
    monthly_day: int | None = None
    monthly_week: Literal[-1, 1, 2, 3, 4] | None = None
    monthly_week_day: (
        Literal["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"] | None
    ) = None
    end_times: int | None = None
    end_date_time: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoomCreateMeeting(Request):
    """Schedule a Zoom meeting, once or recurring."""

    action_type: ClassVar[str] = "zoom_create_meeting"
    topic: str
    host: str | None = None
    start_time: str | None = None
    duration: int | None = None
    timezone: str | None = None
    agenda: str | None = None
    recurrence: ZoomRecurrence | None = None
    waiting_room: bool | None = None
    join_before_host: bool | None = None
    host_video: bool | None = None
    participant_video: bool | None = None
    mute_upon_entry: bool | None = None
    auto_recording: Literal["local", "cloud", "none"] | None = None
    alternative_hosts: Sequence[str] | None = None
    meeting_invitees: Sequence[str] | None = None
