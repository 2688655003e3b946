"""Recording a payment of an invoice: frozen under the invoice's lock, found again by its Reference.

Source: developer.xero.com, Accounting API, Payments ("Payments cannot be modified, only created and
deleted"; a refused element comes with HTTP 200 and `HasValidationErrors`).
"""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

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
from domain.invoices.paying import carries, payment_problems, payment_reference
from domain.invoices.xero_status import InvoiceStatus
from domain.money import round_half_up
from infra.database import invoice_edits
from infra.database.named_invoices import named
from infra.exchange import Exchange
from infra.platform import Call, EffectType, Preparation, Sent
from infra.platforms.xero import organisation, payment_booking
from infra.platforms.xero.client import TENANT, body_of, frozen, send
from infra.platforms.xero.contacts import DEDUPLICATED_FOR
from infra.platforms.xero.editing import gone, plain, refused_edit
from infra.platforms.xero.errors import NOT_FOUND, elements_of, one_element, own_words, read
from infra.platforms.xero.snapshots import moment
from infra.session import Session

NAME = "xero.record_payment"
FAILED = "Failed to record payment."
LOOK_AGAIN = timedelta(seconds=5)
"""How soon a payment looks whether the one before it on its invoice is settled."""


# --- freezing -------------------------------------------------------------------------------------


def _prepare(prep: Preparation) -> Call | Rejected | Deferred:
    given, invoice_id = prep.request.params, prep.inputs["invoice_id"]
    stored = named(prep.tx, prep.integration.id, UUID(invoice_id), lock=True)
    if stored is None:
        return gone(invoice_id)
    waits = _after_the_one_before(prep, stored.platform_invoice_id)
    if waits is not None:
        return waits
    standing = invoice_edits.standing_of(stored)
    wanted = None if given.get("amount") is None else Decimal(given["amount"])
    problems = payment_problems(standing, wanted)
    if problems:
        return refused_edit(plain(problems))
    day = given.get("date") or _today(prep)
    if day is None:
        return organisation.time_zone_unknown(prep.inputs["organisation"])
    amount = round_half_up(standing.due if wanted is None else wanted, standing.currency)
    payment = {
        "Invoice": {"InvoiceID": stored.platform_invoice_id},
        "Account": {"AccountID": prep.inputs["account"]["id"]},
        "Date": day,
        "Amount": amount,
        "Reference": payment_reference(given.get("reference"), prep.effect_id),
    }
    body = body_of({"Payments": [payment]})
    return frozen(
        lambda api: api.create_payments(TENANT, body, summarize_errors=False),
        asked={"amount": str(amount), "date": day, "reference": payment["Reference"]},
    )


def _after_the_one_before(prep: Preparation, invoice_id: str) -> Rejected | Deferred | None:
    """Let payments of one invoice go one after another: what is due is known only in between."""
    before = invoice_edits.open_effect(prep.tx, NAME, invoice_id, but_of=prep.effect_id)
    if before is None:
        return None
    if before.is_parked:
        words = f"action {before.action_id} is parked with a payment of this invoice; settle it"
        return Rejected("payment_open", f"{words} first, since it may have been made")
    words = f"action {before.action_id} is recording a payment of this invoice"
    return Deferred("payment_open", words, max(before.due_at, prep.now) + LOOK_AGAIN)


def _today(prep: Preparation) -> str | None:
    day = organisation.today(prep.inputs["organisation"], prep.integration.settings, prep.now)
    return None if day is None else day.isoformat()


# --- sending, and looking up ----------------------------------------------------------------------


def _perform(session: Session, sent: Sent) -> Outcome:
    exchange = send(session, sent.call, sent.key)
    answer = read(exchange)
    element = one_element(answer, "Payments") if isinstance(answer, dict) else answer
    if isinstance(element, dict) and element.get("HasValidationErrors") is True:
        element = Rejected("validation", FAILED)
    if isinstance(element, Rejected):
        return _refused(element, exchange)
    return _happened(element, sent) if isinstance(element, dict) else element


def _refused(refusal: Rejected, exchange: Exchange) -> Rejected:
    """Return the refusal in Xero's own words, which is what people are shown."""
    return Rejected(refusal.code, own_words(exchange, "Payments") or FAILED, refusal.details)


def _happened(element: JsonObject, sent: Sent) -> Succeeded | Unknown:
    identity = element.get("PaymentID")
    if not isinstance(identity, str) or not identity:
        return Unknown("unreadable_answer", "Xero: a payment without a PaymentID")
    status = str(element.get("Status") or "AUTHORISED")
    payment = {"payment_id": identity, "status": status, **sent.call.context["asked"]}
    return Succeeded({"payment": payment, "invoice": _summary(element)}, external_id=identity)


def _summary(element: JsonObject) -> dict[str, Any] | None:
    """Return what the answer says of the invoice; None when that is not all we want."""
    told = element.get("Invoice")
    try:
        return {
            "status": InvoiceStatus(_of(told, "Status")).value,
            "amount_due": str(Decimal(_of(told, "AmountDue"))),
            "amount_paid": str(Decimal(_of(told, "AmountPaid"))),
            "updated_utc": moment(_of(told, "UpdatedDateUTC")).isoformat(),
        }
    except (KeyError, TypeError, ValueError, InvalidOperation, OverflowError):
        return None


def _of(told: Any, name: str) -> Any:
    if not isinstance(told, Mapping) or isinstance(told[name], bool):
        raise TypeError(name)
    return told[name]


def _find(session: Session, sent: Sent) -> LookedUp:
    invoice_id = sent.inputs["invoice_id"]
    # With those deleted since: a payment that a person took back must not be made again.
    where = f'Invoice.InvoiceId==guid("{invoice_id}")'
    look = frozen(lambda api: api.get_payments(TENANT, where=where))
    if sent.stated_id is not None:
        look = frozen(lambda api: api.get_payment(TENANT, sent.stated_id))
    answer = read(send(session, look), "Payments")
    if isinstance(answer, Rejected):
        code = "stated_not_found" if answer.code == NOT_FOUND else "look_up_refused"
        return Unknown(code, f"the look-up was refused: {answer.message}")
    if not isinstance(answer, dict):
        return answer
    found = elements_of(answer, "Payments")
    if sent.stated_id is not None:
        return _stated(found, sent, sent.stated_id)
    ours = [one for one in found if carries(one.get("Reference"), sent.effect_id)]
    if len(ours) > 1:
        names = ", ".join(str(one.get("PaymentID")) for one in ours)
        words = "carry this effect's mark; delete all but one in Xero, then state its id"
        return Unknown("several_match", f"Xero: the payments {names} {words}")
    return _without_summary(ours[0], sent) if ours else Absent()


def _stated(found: list[dict[str, Any]], sent: Sent, payment_id: str) -> LookedUp:
    told = found[0].get("Invoice") if len(found) == 1 else None
    if not isinstance(told, dict) or told.get("InvoiceID") != sent.inputs["invoice_id"]:
        words = f"the payment {payment_id} is not of this invoice; state another id"
        return Unknown("stated_another", words)
    return _without_summary(found[0], sent)


def _without_summary(element: JsonObject, sent: Sent) -> Succeeded | Unknown:
    """Return the outcome of a payment found: how its invoice stands by now is read anew."""
    return _happened({**element, "Invoice": None}, sent)


RECORD = EffectType(
    name=NAME,
    prepare=_prepare,
    perform=_perform,
    find=_find,
    settle=payment_booking.settle,
    guarantee=Guarantee(
        can_find=True, deduplicates_for=DEDUPLICATED_FOR, settling=timedelta(seconds=30)
    ),
)
