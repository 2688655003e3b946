"""Setting up a repeating invoice: the two effects, and how a template is found again.

A template can carry no mark. So one action at a time sets one up for a contact (`claim`), the ids
that are there already are stored before the call, and what is new afterwards and says what was sent
is ours. Source: developer.xero.com, Accounting API, Repeating Invoices (PUT creates; the list has
no pages). `unitdp` is not documented for these calls, so unit prices have two decimals.
"""

import json
from datetime import timedelta
from typing import Any

from domain.actions.outcome import (
    Absent,
    Deferred,
    JsonObject,
    LookedUp,
    Outcome,
    Rejected,
    Succeeded,
    Unknown,
)
from domain.actions.retry import Guarantee
from domain.invoices.draft import InvoiceLine
from domain.invoices.recurring import RecurringDraft, draft_recurring
from domain.invoices.refusal import InvoiceRefused
from domain.invoices.schedule import Schedule, schedule
from infra.database import claims
from infra.platform import Call, EffectType, Preparation, Sent
from infra.platforms.xero import organisation, repeating_booking
from infra.platforms.xero.client import TENANT, body_of, frozen, send
from infra.platforms.xero.contacts import DEDUPLICATED_FOR
from infra.platforms.xero.errors import NOT_FOUND, elements_of, one_element, read
from infra.platforms.xero.invoices import refused_invoice
from infra.platforms.xero.repeating_wish import repeating_wish, sources_of
from infra.platforms.xero.snapshots import Unreadable
from infra.platforms.xero.templates import id_of, is_alike, template_of
from infra.session import Session

COLLECTION = "RepeatingInvoices"
TURN = timedelta(seconds=3)
"""How often an action looks whether its contact's turn has come."""


def _listing(contact_id: str) -> Call:
    where = f'Contact.ContactID==guid("{contact_id}")'
    return frozen(lambda api: api.get_repeating_invoices(TENANT, where=where))


# --- what is there already ------------------------------------------------------------------------


def _prepare_list(prep: Preparation) -> Call | Deferred:
    contact_id, tenant = prep.inputs["contact_id"], prep.integration.tenant_key
    first = claims.claim(prep.tx, tenant, contact_id, prep.request.action_id, prep.now)
    if first is None:
        return _listing(contact_id)
    words = f"the action {first} is setting up a repeating invoice for the same contact"
    return Deferred("contact_busy", f"{words}; it goes first", prep.now + TURN)


def _perform_list(session: Session, sent: Sent) -> Outcome:
    answer = read(send(session, sent.call), COLLECTION)
    if not isinstance(answer, dict):
        return answer
    try:
        return Succeeded({"present": [id_of(one) for one in elements_of(answer, COLLECTION)]})
    except Unreadable as error:
        return Unknown("unreadable_answer", f"Xero: a template is not as documented: {error}")


LIST = EffectType(
    name="xero.list_repeating_invoices",
    prepare=_prepare_list,
    perform=_perform_list,
    guarantee=Guarantee(changes=False),
)


# --- creating -------------------------------------------------------------------------------------


def _prepare(prep: Preparation) -> Call | Rejected:
    fact = prep.inputs["organisation"]
    today = organisation.today(fact, prep.integration.settings, prep.now)
    if today is None:
        return organisation.time_zone_unknown(fact)
    wish = repeating_wish(prep.tx, prep.request)
    sources = sources_of(prep.tx, prep.request, prep.integration, fact, today)
    try:
        found = draft_recurring(wish.wanted, wish.deal, wish.catalogue, sources)
        when = schedule(wish.period, wish.unit, today, wish.due(fact))
        element = _element(prep.request.params, found, when)
        body = body_of({COLLECTION: [element]})
    except InvoiceRefused as refused:
        return refused_invoice([(p.path, p.message) for p in refused.problems])
    context = repeating_booking.context_json(wish, found, when)
    return frozen(
        lambda api: api.create_repeating_invoices(TENANT, body, summarize_errors=False), **context
    )


def _element(given: JsonObject, found: RecurringDraft, when: Schedule) -> dict[str, Any]:
    terms, emails = found.draft.terms, bool(given["approve_for_sending"])
    optional = {
        "Reference": given.get("reference"),
        "BrandingThemeID": given.get("branding_theme_id"),
    }
    return {
        "Type": "ACCREC",
        "Contact": {"ContactID": given["contact_id"]},  # anything more edits the contact
        "Schedule": {
            "Period": when.period,
            "Unit": when.unit.value,
            "DueDate": when.due.days,
            "DueDateType": when.due.type.value,
            "StartDate": when.starts_on.isoformat(),  # NextScheduledDate alone would fire at once
        },
        "LineItems": [_line(line) for line in found.draft.lines],
        "LineAmountTypes": terms.line_amount_types.value,
        "CurrencyCode": terms.currency,
        "Status": "AUTHORISED",
        "ApprovedForSending": emails,
        "MarkAsSent": not emails,
        **{name: value for name, value in optional.items() if value},
    }


def _line(line: InvoiceLine) -> dict[str, Any]:
    discount = {} if line.discount_rate is None else {"DiscountRate": line.discount_rate}
    return {
        "Description": line.description,
        "Quantity": line.quantity,
        "UnitAmount": line.unit_amount,
        "AccountCode": line.account_code,
        "TaxType": line.tax_type,
        **discount,
    }


def _perform(session: Session, sent: Sent) -> Outcome:
    answer = read(send(session, sent.call, sent.key))
    if not isinstance(answer, dict):
        return answer
    element = one_element(answer, COLLECTION)
    return _happened(element, sent) if isinstance(element, dict) else element


def _happened(element: JsonObject, sent: Sent) -> Succeeded | Unknown:
    try:
        template = template_of(element)
    except Unreadable as error:
        return Unknown("unreadable_answer", f"Xero: the template is not as documented: {error}")
    told = {"template": template.to_json(), "asked": dict(sent.call.context)}
    return Succeeded(told, external_id=template.template_id)


def _find(session: Session, sent: Sent) -> LookedUp:
    """Find what is new since the list was stored.

    New and not what was sent is no proof of absence either: Xero may have written it down
    otherwise. It stays unknown until a person has looked, for a second template bills for ever.
    """
    if sent.stated_id is not None:
        return _stated(session, sent, sent.stated_id)
    answer = read(send(session, _listing(sent.inputs["contact_id"])), COLLECTION)
    if isinstance(answer, Rejected):
        return Unknown("look_up_refused", f"the look-up was refused: {answer.message}")
    if not isinstance(answer, dict):
        return answer
    try:
        found = {id_of(one): one for one in elements_of(answer, COLLECTION)}
    except Unreadable as error:
        return Unknown("unreadable_answer", f"Xero: a template is not as documented: {error}")
    return _only({key: found[key] for key in found if key not in sent.inputs["present"]}, sent)


def _only(new: dict[str, dict[str, Any]], sent: Sent) -> LookedUp:
    alike = [one for one in new.values() if _is_ours(one, sent)]
    if not new:
        return Absent()
    if len(alike) == 1:
        return _happened(alike[0], sent)
    words = "are as the one sent; delete all but one" if alike else "may be the one sent"
    names = ", ".join(new)
    return Unknown("several_match", f"Xero: new since it was sent, {names} {words}; state its id")


def _is_ours(element: JsonObject, sent: Sent) -> bool:
    (asked,) = json.loads(sent.call.body or b"")[COLLECTION]
    return is_alike(element, asked, [line["amount"] for line in sent.call.context["lines"]])


def _stated(session: Session, sent: Sent, template_id: str) -> LookedUp:
    call = frozen(lambda api: api.get_repeating_invoice(TENANT, template_id))
    answer = read(send(session, call))
    if isinstance(answer, Rejected):
        # Never Absent: somebody says it happened, so a wrong id must not lead to a second one.
        known = answer.code != NOT_FOUND
        words = answer.message if known else f"Xero has no repeating invoice {template_id}"
        return Unknown("stated_not_found", f"{words}; state another id")
    if not isinstance(answer, dict):
        return answer
    element = one_element(answer, COLLECTION)
    if not isinstance(element, dict):
        return Unknown("look_up_refused", getattr(element, "message", "no template"))
    happened = _happened(element, sent)
    contact_id = element.get("Contact", {}).get("ContactID")
    if contact_id != sent.inputs["contact_id"] or template_id in sent.inputs["present"]:
        words = "was there before, or is another contact's; state another id"
        return Unknown("stated_another", f"the repeating invoice {template_id} {words}")
    return happened


CREATE = EffectType(
    name="xero.create_repeating_invoice",
    prepare=_prepare,
    perform=_perform,
    find=_find,
    settle=repeating_booking.settle,
    guarantee=Guarantee(
        can_find=True, deduplicates_for=DEDUPLICATED_FOR, settling=timedelta(seconds=30)
    ),
)
