"""What the fleet knows of Xero: actions, effects, limits.

Limits per organisation and app, from developer.xero.com, "OAuth 2.0 API limits": 5 calls at once,
60 a minute, 1,000 (Starter, assumed until an answer says more) or 5,000 a day; 10,000 a minute for
the app, all organisations together.
"""

from infra.platform import ActionType, Limits, Platform, Window
from infra.platforms.xero import (
    bank_accounts,
    contacts,
    editing,
    emailing,
    invoice_email,
    invoice_pdf,
    invoices,
    online,
    organisation,
    payments,
    plan_edit,
    plan_email,
    plan_payment,
    plan_repeating,
    plan_update,
    plans,
    reading,
    repeating,
    repeating_wish,
    sync,
    tokens,
)
from infra.platforms.xero.reads import READS
from infra.settings import Settings


def _base_url(settings: Settings) -> str:
    return settings.xero_api_url


def _identity_url(settings: Settings) -> str:
    return settings.xero_identity_url


EMAILS = (invoice_email.EMAIL.name, emailing.SEND)
EMAILS_ALONE = (invoice_email.EMAIL_ALONE.name, emailing.SEND_ALONE)


def _create_invoice(name: str, summary: str) -> ActionType:
    return ActionType(
        name=name,
        params="infra.platforms.xero.params:CreateInvoice",
        next_effect=plans.create_invoice,
        known=plans.known_invoice,
        check=plans.check_invoice,
        needs_deal=True,
        effects=(contacts.CREATE.name, invoices.CREATE.name, *EMAILS),
        batched=frozenset({invoices.CREATE.name}),
        summary=summary,
        guarantee="deduplicated for minutes, then found by its mark",
    )


PLATFORM = Platform(
    name="xero",
    queues=("xero", "xero.sync"),
    base_url=_base_url,
    needs_refresh=tokens.needs_refresh,
    refresh=tokens.refresh,
    token_url=_identity_url,
    reads=READS,
    limits=Limits(
        in_flight=5,
        in_flight_reserve=1,
        windows=(
            Window("minute", 60, 60, reserve=10, header="x-minlimit-remaining"),
            Window(
                "day",
                1000,
                86_400,
                reserve=100,
                header="x-daylimit-remaining",
                grows=True,
                restarts=True,
            ),
        ),
        all_tenants=(
            Window("app_minute", 10_000, 60, reserve=500, header="x-appminlimit-remaining"),
        ),
    ),
    effects=(
        organisation.READ,
        contacts.READ,
        contacts.CREATE,
        invoices.CREATE,
        online.READ,
        invoice_pdf.FETCH,
        invoice_email.EMAIL,
        invoice_email.EMAIL_ALONE,
        reading.READ,
        editing.UPDATE,
        bank_accounts.READ,
        payments.RECORD,
        sync.PAGE,
        repeating.LIST,
        repeating.CREATE,
    ),
    actions=(
        ActionType(
            name="xero_create_contact",
            params="infra.platforms.xero.params:CreateContact",
            next_effect=plans.create_contact,
            known=plans.known_contact,
            check=plans.check_contact,
            summary="Find or create the Xero contact of a deal, a customer or a contact",
            guarantee="deduplicated for minutes, then found by its number",
            effects=(contacts.CREATE.name,),
        ),
        _create_invoice("xero_create_invoice", "Raise an invoice for a deal's products in Xero"),
        _create_invoice("xero_create_contact_and_invoice", "The same as xero_create_invoice"),
        ActionType(
            name="xero_email_invoice",
            params="infra.platforms.xero.params:EmailInvoice",
            next_effect=plan_email.email_invoice,
            known=plan_email.known,
            check=plan_email.check,
            summary="Email an invoice, by Xero or branded",
            guarantee="by Xero: deduplicated for minutes, then parked; branded: found by look-up",
            effects=EMAILS_ALONE,
        ),
        ActionType(
            name="xero_create_repeating_invoice",
            params="infra.platforms.xero.repeating_params:CreateRepeatingInvoice",
            next_effect=plan_repeating.next_effect,
            known=plan_repeating.known,
            check=repeating_wish.check,
            summary="Have Xero raise an invoice on a schedule, from a deal or the catalogue",
            guarantee="one at a time for a contact, deduplicated for minutes, then found as new",
            effects=(repeating.CREATE.name,),
        ),
        ActionType(
            name="xero_update_invoice",
            params="infra.platforms.xero.params:UpdateInvoice",
            next_effect=plan_update.update_invoice,
            known=plan_update.known_update,
            check=plan_update.check_update,
            summary="Change an invoice's status, due date or reference in Xero, or its label here",
            guarantee="deduplicated for minutes, then the invoice is looked at; sets values",
            effects=(editing.UPDATE.name, *EMAILS),
        ),
        ActionType(
            name="xero_void_invoice",
            params="infra.platforms.xero.params:VoidInvoice",
            next_effect=plan_edit.void_invoice,
            known=plan_edit.known_invoice,
            check=plan_edit.check_void,
            summary="Void an invoice of which nothing is paid, or delete one not yet approved",
            guarantee="deduplicated for minutes, then the invoice is looked at",
            effects=(editing.UPDATE.name,),
        ),
        ActionType(
            name="xero_record_payment",
            params="infra.platforms.xero.params:RecordPayment",
            next_effect=plan_payment.record_payment,
            known=plan_payment.known_payment,
            check=plan_payment.check_payment,
            summary="Record a payment of an invoice in Xero (Mark as Paid)",
            guarantee="deduplicated for minutes, then found by the mark in its reference",
            effects=(payments.RECORD.name,),
        ),
        ActionType(
            name="xero_sync_invoices",
            params="infra.platforms.xero.params:SyncInvoices",
            next_effect=sync.next_effect,
            known=sync.known,
            check=sync.check,
            queue="xero.sync",
            summary="Pull the latest of a deal's invoices (or of all) from Xero",
            guarantee="reads only",
        ),
    ),
)
