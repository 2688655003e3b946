"""Creating an invoice: frozen under the deal's lock, found again by the mark in its `Url`.

Source: developer.xero.com, Accounting API, Invoices (PUT creates; `createdByMyApp`, `unitdp`).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from domain.actions.outcome import (
    Absent,
    JsonObject,
    LookedUp,
    Outcome,
    Rejected,
    Succeeded,
    Unknown,
)
from domain.actions.retry import Guarantee
from domain.invoices.draft import InvoiceDraft
from domain.invoices.due_dates import PaymentTerms, PaymentTermType
from domain.invoices.portions import LineAmountTypes
from domain.invoices.precedence import InvoiceSettings, InvoiceSources
from domain.invoices.refusal import InvoiceRefused
from domain.invoices.selection import draft_invoice
from infra.database import billing, crm, outbox
from infra.platform import Call, EffectType, Preparation, Sent
from infra.platforms.xero import booking, organisation
from infra.platforms.xero.client import TENANT, body_of, frozen, send, since
from infra.platforms.xero.contacts import DEDUPLICATED_FOR
from infra.platforms.xero.errors import (
    CONTACT_ARCHIVED,
    NOT_FOUND,
    elements_of,
    one_element,
    read,
)
from infra.platforms.xero.seeking import Seek, last_change, next_seek, seek_from
from infra.platforms.xero.snapshots import Unreadable, mark_in, snapshot_of, to_json
from infra.platforms.xero.wishes import invoice_wish
from infra.session import Session

LOOK_BACK = timedelta(minutes=5)  # before the first send: clocks differ
PAGE_SIZE = 1000
CALLS_MAX = 10  # of one look-up


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


# --- sending, and looking up ----------------------------------------------------------------------


def _perform(session: Session, sent: Sent) -> Outcome:
    answer = read(send(session, sent.call, sent.key))
    if not isinstance(answer, dict):
        return answer
    element = one_element(answer, "Invoices")
    return _happened(element, sent) if isinstance(element, dict) else element


def _happened(element: JsonObject, sent: Sent) -> Succeeded | Unknown:
    try:
        snapshot = snapshot_of(element)
    except Unreadable as error:
        return Unknown("unreadable_answer", f"Xero: the invoice is not as documented: {error}")
    result = {"invoice": to_json(snapshot), **booking.lines_json(snapshot, sent.call.context)}
    return Succeeded(result, external_id=snapshot.platform_invoice_id)


def _find(session: Session, sent: Sent) -> LookedUp:
    if sent.stated_id is not None:
        return _stated(session, sent, sent.stated_id)
    seek = seek_from(sent.first_sent_at - LOOK_BACK)
    matches: dict[Any, JsonObject] = {}
    seen: set[Any] = set()
    moved = False
    for _ in range(CALLS_MAX):
        answer = read(send(session, _listing(seek)))
        if isinstance(answer, Rejected):
            return Unknown("look_up_refused", f"the look-up was refused: {answer.message}")
        if not isinstance(answer, dict):
            return answer
        found = elements_of(answer, "Invoices")
        ours = [one for one in found if mark_in(one.get("Url")) == str(sent.effect_id)]
        matches |= {one.get("InvoiceID"): one for one in ours}
        # Counted pages that overlap: a row went to the end, so another may have been passed over.
        ids = {one.get("InvoiceID") for one in found}
        counted = seek["page"] > 1
        moved |= counted and bool(ids & seen)
        seen = seen | ids if counted else ids
        if len(found) < PAGE_SIZE:
            if moved and not matches:
                return Unknown("invoices_moved", "Xero: invoices changed during the look-up")
            return _only(list(matches.values()), sent)
        seek = next_seek(seek, last_change(found))
    return Unknown("too_many_invoices", f"Xero: no end of the invoices within {CALLS_MAX} pages")


def _listing(seek: Seek) -> Call:
    return frozen(
        lambda api: api.get_invoices(
            TENANT,
            if_modified_since=since(datetime.fromisoformat(seek["since"])),
            order="UpdatedDateUTC ASC",
            created_by_my_app=True,
            unitdp=4,
            page=seek["page"],
            page_size=PAGE_SIZE,
        )
    )


def _only(matches: list[JsonObject], sent: Sent) -> LookedUp:
    if not matches:
        return Absent()
    if len(matches) == 1:
        return _happened(matches[0], sent)
    names = ", ".join(str(one.get("InvoiceNumber") or one.get("InvoiceID")) for one in matches)
    words = "carry this effect's mark; void all but one in Xero, then state the id of that one"
    return Unknown("several_match", f"Xero: {names} {words}")


def _stated(session: Session, sent: Sent, invoice_id: str) -> LookedUp:
    call = frozen(lambda api: api.get_invoice(TENANT, invoice_id, unitdp=4))
    answer = read(send(session, call))
    if isinstance(answer, Rejected):
        # Never Absent: somebody says it happened, so a wrong id must not lead to a second invoice.
        words = f"Xero has no invoice {invoice_id}" if answer.code == NOT_FOUND else answer.message
        return Unknown("stated_not_found", f"{words}; state another id")
    if not isinstance(answer, dict):
        return answer
    element = one_element(answer, "Invoices")
    if not isinstance(element, dict):
        return Unknown("look_up_refused", getattr(element, "message", "no invoice"))
    other = mark_in(element.get("Url"))
    if other not in {None, str(sent.effect_id)}:
        words = f"the invoice {invoice_id} belongs to the effect {other}; state another id"
        return Unknown("stated_another", words)
    lines, sent_lines = element.get("LineItems") or (), sent.call.context["covers"]
    if other is None and len(lines) != len(sent_lines):
        words = f"has {len(lines)} lines where {len(sent_lines)} were sent; state another id"
        return Unknown("stated_another", f"the invoice {invoice_id} {words}")
    return _happened(element, sent)


CREATE = EffectType(
    name="xero.create_invoice",
    prepare=_prepare,
    perform=_perform,
    find=_find,
    settle=booking.settle,
    abandon=booking.abandon,
    guarantee=Guarantee(
        can_find=True, deduplicates_for=DEDUPLICATED_FOR, settling=timedelta(seconds=30)
    ),
    recoverable=frozenset({CONTACT_ARCHIVED}),
)
