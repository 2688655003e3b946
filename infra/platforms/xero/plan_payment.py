"""The plan of `xero_record_payment`, and what is checked beforehand."""

from decimal import Decimal
from typing import Any

from domain.actions.outcome import Rejected, Succeeded
from domain.actions.plan import Done, Effect, Known, Refuse, Request, Result, Step
from domain.invoices.paying import bank_account, payment_problems
from infra.clock import utc_now
from infra.database import facts, invoice_edits
from infra.database.engine import Transaction
from infra.platform import Integration
from infra.platforms.xero import bank_accounts, editing, organisation, payments, reading
from infra.platforms.xero.payment_booking import DELETED
from infra.platforms.xero.plan_edit import Problems, check_named, known_invoice

NO_ACCOUNT = "is required: no payment has been recorded here yet whose account could be used"


def known_payment(tx: Transaction, request: Request, integration: Integration) -> Known:
    """Return the invoice as stored, the organisation, its bank accounts and the last one used."""
    now = utc_now()
    fact = facts.fresh(tx, integration.id, organisation.FACT, organisation.KEPT_FOR, now)
    accounts = facts.fresh(tx, integration.id, bank_accounts.FACT, bank_accounts.KEPT_FOR, now)
    return {
        **known_invoice(tx, request, integration),
        "organisation": fact,
        "bank_accounts": accounts,
        "last_used": bank_accounts.last_used(tx, integration.id, now),
    }


def check_payment(tx: Transaction, request: Request) -> Problems:
    """Find what stands in the way of a payment, as far as the stored invoice tells."""
    stored, problems = check_named(tx, request)
    last_used = bank_accounts.last_used(tx, request.integration_id, utc_now())
    if "bank_account_id" not in request.params and last_used is None:
        problems.append(("params.bank_account_id", NO_ACCOUNT))
    if stored is None:
        return problems
    given = request.params.get("amount")
    amount = None if given is None else Decimal(given)
    return problems + editing.plain(payment_problems(invoice_edits.standing_of(stored), amount))


def record_payment(request: Request, known: Known, results: tuple[Result, ...]) -> Step:
    """Bank accounts and organisation when not known, what is due when not given, the payment."""
    made = _last(results, payments.RECORD.name)
    if made is not None:
        return _recorded(made, known, results)
    if known["invoice"] is None:
        return Refuse(editing.gone(request.params["invoice_id"]))
    account = _account(request, known, results)
    if not isinstance(account, dict):
        return account
    place = known["organisation"] or _told(results, organisation.READ.name)
    zone = None if place is None else {"time_zone": place["time_zone"]}
    inputs = {"invoice_id": known["invoice"]["invoice_id"], "account": account}
    return _still_to_read(request, inputs, zone, results) or Effect(
        payments.RECORD.name, {**inputs, "organisation": zone}
    )


def _still_to_read(
    request: Request, inputs: Known, zone: Known | None, results: tuple[Result, ...]
) -> Step | None:
    """Return what must be read for the values the request leaves out: the date, the amount."""
    if zone is None and "date" not in request.params:
        return Effect(organisation.READ.name)
    if "amount" in request.params:
        return None
    looked = _last(results, reading.READ.name)
    if looked is None:
        return Effect(reading.READ.name, {"invoice_id": inputs["invoice_id"]})
    return Refuse(looked.outcome) if isinstance(looked.outcome, Rejected) else None


def _account(
    request: Request, known: Known, results: tuple[Result, ...]
) -> dict[str, Any] | Effect | Refuse:
    """Return the account to pay into; one that is not among those kept may be new: read anew."""
    wanted = request.params.get("bank_account_id") or known["last_used"]
    if wanted is None:
        return Refuse(editing.refused_edit([("params.bank_account_id", NO_ACCOUNT)]))
    read = _told(results, bank_accounts.READ.name)
    told = read or known["bank_accounts"]
    accounts = bank_accounts.accounts_in(told) if told else ()
    found = bank_account(accounts, wanted)
    if found is not None:
        return {"id": found.account_id, "label": found.label}
    if read is None:
        return Effect(bank_accounts.READ.name)
    words = f"{wanted} is no active bank account in Xero; there are: "
    problem = ("params.bank_account_id", words + bank_accounts.named(accounts))
    return Refuse(editing.refused_edit([problem]))


def _recorded(made: Result, known: Known, results: tuple[Result, ...]) -> Step:
    if isinstance(made.outcome, Rejected):
        return Refuse(made.outcome)
    told, invoice = made.outcome.result, known["invoice"] or {}
    after = results[results.index(made) + 1 :]
    looked = _last(after, reading.READ.name)
    if told["invoice"] is None and looked is None:
        return Effect(reading.READ.name, {"invoice_id": made.inputs["invoice_id"]})
    warnings = []
    if told["payment"]["status"] == DELETED:
        warnings.append("the payment was recorded, and has been deleted in Xero since")
    if looked is not None and isinstance(looked.outcome, Rejected):
        warnings.append(f"the invoice is as before until the next sync: {looked.outcome.message}")
    return Done(
        {
            "payment_id": told["payment"]["payment_id"],
            "payment": {
                name: told["payment"][name] for name in ("status", "amount", "date", "reference")
            }
            | {"bank_account": made.inputs["account"]["label"]},
            **invoice,
            "warnings": warnings,
        }
    )


def _last(results: tuple[Result, ...], name: str) -> Result | None:
    return next((one for one in reversed(results) if one.name == name), None)


def _told(results: tuple[Result, ...], name: str) -> Any:
    last = _last(results, name)
    return last.outcome.result if last and isinstance(last.outcome, Succeeded) else None
