"""Xero's effects, for the conformance suite."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from infra.sandbox import seed
from tests.conformance.case import Case, Request, Wait
from tests.harness.sandbox import Sandbox
from tests.harness.world import World
from workers.execute import execute

SECRETS = (seed.ACCESS_TOKEN, seed.REFRESH_TOKEN, seed.CLIENT_SECRET)
WAITS = (Wait("minute", {"retry_after": 17}, 17), Wait("day", {"problem": "day"}))
COMMON: dict[str, Any] = {"waits": WAITS, "secrets": SECRETS}


def _customer(world: World) -> UUID:
    name = uuid4().hex
    return world.customer(f"Customer {name}", f"{name}@customer.test")


def _raised(world: World) -> str:
    """An invoice in Xero; returns Xero's id of it."""
    deal, _ = world.deal({}, customer=_customer(world))
    action = world.invoice(deal)
    execute(world.fleet, action)
    world.ended(action)
    return str(world.action(action).result["invoice_id"])


def _person(sandbox: Sandbox, call: str, **wish: Any) -> Any:
    """What somebody does in Xero itself."""
    return sandbox.control("POST", f"/xero/{call}", {"tenant": seed.TENANT_ONE, **wish})


def _contact(world: World, _sandbox: Sandbox) -> Request:
    return world.request("xero_create_contact", {"customer_id": str(_customer(world))})


def _contact_refused(world: World, _sandbox: Sandbox) -> tuple[Request, str]:
    customer = world.customer(uuid4().hex, "not an address")
    return world.request("xero_create_contact", {"customer_id": str(customer)}), "mail"


def _invoice(world: World, _sandbox: Sandbox, **params: Any) -> Request:
    deal, _ = world.deal({}, customer=_customer(world))
    return world.request("xero_create_invoice", {"due_date": "2030-01-31", **params}, deal)


def _invoice_refused(world: World, sandbox: Sandbox) -> tuple[Request, str]:
    return _invoice(world, sandbox, account_code="NOPE"), "NOPE"


def _of_an_invoice(action_type: str, **params: Any) -> Callable[[World, Sandbox], Request]:
    def request(world: World, _sandbox: Sandbox) -> Request:
        return world.request(action_type, {"invoice_id": _raised(world), **params})

    return request


def _when_locked(action_type: str, **params: Any) -> Callable[..., tuple[Request, str]]:
    """The same, of an invoice whose books have been closed meanwhile."""

    def refused(world: World, sandbox: Sandbox) -> tuple[Request, str]:
        request = world.request(action_type, {"invoice_id": _raised(world), **params})
        closed = (world.fleet.now() + timedelta(days=400)).date().isoformat()
        _person(sandbox, "organisation", PeriodLockDate=closed)
        return request, "lock"

    return refused


def _nobody_to_mail_to(world: World, sandbox: Sandbox) -> tuple[Request, str]:
    deal, _ = world.deal({}, customer=world.customer(uuid4().hex, ""))
    action = world.invoice(deal)
    execute(world.fleet, action)
    world.ended(action)
    invoice = world.action(action).result["invoice_id"]
    return world.request("xero_email_invoice", {"invoice_id": invoice}), "mail"


def _template(world: World, sandbox: Sandbox, **params: Any) -> Request:
    contact = _person(
        sandbox, "contacts", Name=f"Contact {uuid4().hex}", EmailAddress="ap@template.test"
    )
    deal, lines = world.deal({}, customer=_customer(world))
    wished = {
        "contact_id": contact["ContactID"],
        "schedule_period": 1,
        "schedule_unit": "MONTHLY",
        "account_code": "200",
        "tax_type": "OUTPUT",
        "deal_product_ids": [str(lines[0])],
    }
    return world.request("xero_create_repeating_invoice", wished | params, deal)


def _template_refused(world: World, sandbox: Sandbox) -> tuple[Request, str]:
    return _template(world, sandbox, account_code="NOPE"), "NOPE"


def _in_the_reference(record: Mapping[str, Any], effect_id: UUID) -> bool:
    return effect_id.hex[:12].upper() in str(record["mark"])


CASES = (
    Case(
        effect="xero.create_contact",
        request=_contact,
        method="PUT",
        path="/Contacts$",
        happened="xero.contact.created",
        refused=_contact_refused,
        mark=None,  # its ContactNumber is our customer's id
        **COMMON,
    ),
    Case(
        effect="xero.create_invoice",
        request=_invoice,
        method="PUT",
        path="/Invoices$",
        happened="xero.invoice.created",
        refused=_invoice_refused,
        **COMMON,
    ),
    Case(
        effect="xero.email_invoice_alone",
        request=_of_an_invoice("xero_email_invoice"),
        method="POST",
        path="/Email$",
        happened="xero.invoice.emailed",
        refused=_nobody_to_mail_to,
        mark=None,  # it leaves nothing to find: what cannot be repeated parks
        parks=True,
        wordless=True,
        **COMMON,
    ),
    Case(
        effect="xero.update_invoice",
        request=_of_an_invoice("xero_update_invoice", reference="PO 7"),
        method="POST",
        path="/Invoices/",
        happened="xero.invoice.updated",
        refused=_when_locked("xero_update_invoice", due_date="2030-03-01"),
        mark=None,  # the invoice is looked at: it says what was asked, or not
        **COMMON,
    ),
    Case(
        effect="xero.record_payment",
        request=_of_an_invoice("xero_record_payment", bank_account_id=seed.BANK_ACCOUNT),
        method="PUT",
        path="/Payments$",
        happened="xero.payment.created",
        refused=_when_locked("xero_record_payment", bank_account_id=seed.BANK_ACCOUNT),
        mark=_in_the_reference,
        **COMMON,
    ),
    Case(
        effect="xero.create_repeating_invoice",
        request=_template,
        method="PUT",
        path="/RepeatingInvoices$",
        happened="xero.repeating.created",
        refused=_template_refused,
        mark=None,  # a template takes none: it is the one that was not there before
        parks=True,
        **COMMON,
    ),
)
