"""The address at which an invoice can be seen and paid: nice to have, never a reason to fail.

Source: developer.xero.com, Accounting API, Invoices, "Retrieving the online invoice url" (sales
invoices that are not DRAFT).
"""

from datetime import timedelta

from domain.actions.outcome import Deferred, Outcome, Succeeded
from domain.actions.retry import Guarantee, RetryPolicy
from infra.clock import utc_now
from infra.database import invoices
from infra.exchange import Broken
from infra.platform import Call, EffectType, Preparation, Sent, Settlement
from infra.platforms.xero.client import TENANT, frozen, send
from infra.platforms.xero.errors import elements_of, read
from infra.session import Session

NOT_READ = (
    "no online address: it was raised together with others, and reading it costs a call for each; "
    "Xero shows it with the invoice"
)
PATIENCE = timedelta(minutes=2)
"""For how long a rate limit may keep the finished invoice's action waiting."""


def _prepare(prep: Preparation) -> Call:
    return frozen(lambda api: api.get_online_invoice(TENANT, prep.inputs["invoice_id"]))


def _perform(session: Session, sent: Sent) -> Outcome:
    try:
        answer = read(send(session, sent.call))
    except Broken as broken:
        return _without(f"no whole answer came back: {broken}")
    if isinstance(answer, dict):
        found = elements_of(answer, "OnlineInvoices")
        url = found[0].get("OnlineInvoiceUrl") if found else None
        if isinstance(url, str) and url:
            return Succeeded({"online_url": url})
        return _without("Xero gave none")
    until = answer.until if isinstance(answer, Deferred) else None
    if until is not None and until <= utc_now() + PATIENCE:
        return answer
    return _without(answer.message)


def _without(why: str) -> Succeeded:
    return Succeeded({"online_url": None, "warning": f"no online address: {why}"})


def _settle(done: Settlement) -> None:
    url = done.outcome.result["online_url"] if isinstance(done.outcome, Succeeded) else None
    if url is not None:
        invoices.set_online_url(done.tx, done.integration.id, done.inputs["invoice_id"], url)


READ = EffectType(
    name="xero.read_online_invoice",
    prepare=_prepare,
    perform=_perform,
    settle=_settle,
    guarantee=Guarantee(changes=False),
    retry=RetryPolicy(attempts_max=3),
)
