"""Postmark's effects, for the conformance suite."""

from uuid import uuid4

from infra.sandbox import seed
from tests.conformance.case import Case, Request, Wait
from tests.harness.sandbox import Sandbox
from tests.harness.world import World
from workers.execute import execute


def _email(world: World, _sandbox: Sandbox) -> Request:
    world.add_postmark()
    name = uuid4().hex
    customer = world.customer(f"Customer {name}", f"{name}@customer.test")
    deal, _ = world.deal({}, contact=world.contact(), customer=customer)
    raised = world.invoice(deal)
    execute(world.fleet, raised)
    world.ended(raised)
    params = {"invoice_id": world.action(raised).result["invoice_id"], "email_mode": "trustpager"}
    return world.request("xero_email_invoice", params, deal)


def _to_an_inactive_address(world: World, sandbox: Sandbox) -> tuple[Request, str]:
    request = _email(world, sandbox)
    sandbox.control("POST", "/postmark/settings", {"inactive": ["sam@brightside.test"]})
    return request, "Postmark:"


CASES = (
    Case(
        effect="postmark.send_invoice_email_alone",
        request=_email,
        method="POST",
        path="/email$",
        happened="postmark.message.sent",
        refused=_to_an_inactive_address,
        waits=(Wait("429 without a time", {}, 30),),
        secrets=(seed.POSTMARK_TOKEN, seed.ACCESS_TOKEN, seed.CLIENT_SECRET),
    ),
)
