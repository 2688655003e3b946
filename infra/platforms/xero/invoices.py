"""Creating an invoice: what goes into it, frozen under the deal's lock."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from domain.actions.outcome import JsonObject, Rejected
from domain.actions.retry import Guarantee
from domain.invoices.draft import InvoiceDraft
from domain.invoices.due_dates import PaymentTerms, PaymentTermType
from domain.invoices.portions import LineAmountTypes
from domain.invoices.precedence import InvoiceSettings, InvoiceSources
from domain.invoices.refusal import InvoiceRefused
from domain.invoices.selection import draft_invoice
from infra.database import billing, crm, outbox
from infra.platform import Call, EffectType, Preparation
from infra.platforms.xero import booking, organisation
from infra.platforms.xero.client import TENANT, body_of, frozen
from infra.platforms.xero.contacts import DEDUPLICATED_FOR
from infra.platforms.xero.errors import CONTACT_ARCHIVED
from infra.platforms.xero.invoice_calls import BATCH
from infra.platforms.xero.wishes import invoice_wish


def settings_of(stored: Mapping[str, Any]) -> InvoiceSettings:
    """Read what the integration is set to; what makes no sense is left out, so that it is asked."""
    kinds = {kind.value: kind for kind in LineAmountTypes}
    days = stored.get("due_days")
    return InvoiceSettings(
        account_code=stored.get("account_code") or None,
        tax_type=stored.get("tax_type") or None,
        due_days=days if isinstance(days, int) and not isinstance(days, bool) else None,
        line_amount_types=kinds.get(str(stored.get("line_amount_types"))),
    )


def terms_of(stored: JsonObject | None) -> PaymentTerms | None:
    """Read a contact's sales terms; None when it has none, or none we know."""
    if stored is None:
        return None
    try:
        return PaymentTerms(int(stored["day"]), PaymentTermType(stored["type"]))
    except (ValueError, KeyError, TypeError):
        return None


# --- freezing -------------------------------------------------------------------------------------


def _prepare(prep: Preparation) -> Call | Rejected:
    deal_id = prep.request.deal_id
    day = organisation.today(prep.inputs["organisation"], prep.integration.settings, prep.now)
    if deal_id is None or day is None:
        return organisation.time_zone_unknown(prep.inputs["organisation"])
    outbox.lock_deal(prep.tx, deal_id)
    deal = crm.find_deal(prep.tx, prep.request.workspace_id, deal_id)
    sources = InvoiceSources(
        today=day,
        base_currency=prep.inputs["organisation"]["base_currency"],
        deal_currency=None if deal is None else deal.currency,
        contact_terms=terms_of(prep.inputs.get("terms")),
        settings=settings_of(prep.integration.settings),
    )
    known = billing.billing_of(prep.tx, deal_id, but_of=prep.effect_id)
    try:
        draft = draft_invoice(invoice_wish(prep.request.params), known, sources)
        body = body_of({"Invoices": [_document(prep, draft, day.isoformat())]})
    except InvoiceRefused as refused:
        return refused_invoice([(p.path, p.message) for p in refused.problems])
    billing.reserve(prep.tx, deal_id, draft.reservations(prep.effect_id), prep.now)
    return frozen(
        lambda api: api.create_invoices(TENANT, body, summarize_errors=False, unitdp=4),
        **booking.covers_json(draft),
    )


def refused_invoice(problems: list[tuple[str, str]]) -> Rejected:
    """Return the refusal of an invoice before any call: every problem with its field path."""
    return Rejected(
        "cannot_invoice",
        "; ".join(f"{path}: {words}" for path, words in problems),
        {"problems": [{"field": path, "problem": words} for path, words in problems]},
    )


def _document(prep: Preparation, draft: InvoiceDraft, day: str) -> dict[str, Any]:
    terms, given = draft.terms, prep.request.params
    optional = {
        "DueDate": terms.due_date and terms.due_date.isoformat(),
        "Reference": given.get("reference"),
        "BrandingThemeID": given.get("branding_theme_id"),
    }
    return {
        "Type": "ACCREC",
        "Contact": {"ContactID": prep.inputs["contact_id"]},  # anything more edits the contact
        "Date": day,
        "LineAmountTypes": terms.line_amount_types.value,
        "LineItems": [_line(line) for line in draft.lines],
        "Status": terms.status.value,
        "CurrencyCode": terms.currency,
        "Url": prep.mark,
        **{name: value for name, value in optional.items() if value},
    }


def _line(line: Any) -> dict[str, Any]:
    optional = {
        "DiscountRate": line.discount_rate,
        "AccountCode": line.account_code,
        "TaxType": line.tax_type,
    }
    return {
        "Description": line.description,
        "Quantity": line.quantity,
        "UnitAmount": line.unit_amount,
        **{name: value for name, value in optional.items() if value is not None},
    }


CREATE = EffectType(
    name="xero.create_invoice",
    prepare=_prepare,
    perform=BATCH.perform_alone,
    find=BATCH.find_alone,
    batch=BATCH,
    settle=booking.settle,
    abandon=booking.abandon,
    guarantee=Guarantee(
        can_find=True, deduplicates_for=DEDUPLICATED_FOR, settling=timedelta(seconds=30)
    ),
    recoverable=frozenset({CONTACT_ARCHIVED}),
)
