"""Fetching an invoice's PDF: kept beside the effect for the email that takes it along.

Source: developer.xero.com, Accounting API, Invoices, "Retrieving as a PDF" (Accept header).
"""

from base64 import b64decode, b64encode

from domain.actions.outcome import Outcome, Rejected, Succeeded, Unknown
from domain.actions.retry import Guarantee, RetryPolicy
from infra.database import attachments, effects
from infra.database.attachments import Attachment
from infra.database.effect_record import stored_form
from infra.platform import Call, EffectType, Preparation, Sent, Settlement
from infra.platforms.xero.client import TENANT, frozen, send
from infra.platforms.xero.errors import read
from infra.session import Session

PDF = "application/pdf"
PDF_BYTES_MAX = 7_000_000
"""In an email it grows by a third, and Postmark takes 10 MB in all."""
_BEGINS_WITHIN = 1024  # bytes before which "%PDF-" must stand (ISO 32000, Annex H)


def _prepare(prep: Preparation) -> Call:
    invoice_id = prep.inputs["invoice_id"]
    return frozen(lambda api: api.get_invoice_as_pdf(TENANT, invoice_id), headers={"Accept": PDF})


def _perform(session: Session, sent: Sent) -> Outcome:
    exchange = send(session, sent.call)
    if not 200 <= (exchange.status or 0) < 300:
        refused = read(exchange)
        unclear = Unknown("unreadable_answer", f"Xero: HTTP {exchange.status} without a PDF")
        return unclear if isinstance(refused, dict) else refused
    document = exchange.answer
    if b"%PDF-" not in document[:_BEGINS_WITHIN]:
        return Unknown("not_a_pdf", "Xero answered with something that is no PDF")
    if len(document) > PDF_BYTES_MAX:
        words = f"the PDF has {len(document)} bytes, an email takes {PDF_BYTES_MAX}"
        return Rejected("pdf_too_large", f"{words}; send it with email_attach_pdf false")
    return Succeeded({"pdf": b64encode(document).decode(), "size": len(document)})


def _settle(done: Settlement) -> None:
    if not isinstance(done.outcome, Succeeded):
        return
    name, told = done.inputs["name"], done.outcome.result
    document = Attachment(name, PDF, b64decode(told["pdf"]))
    attachments.keep(done.tx, done.request.workspace_id, done.effect_id, document, done.now)
    # The document is kept apart: of the outcome only its name is worth reading again.
    kept = {"attachment_id": str(done.effect_id), "name": name, "size": told["size"]}
    effects.change(done.tx, done.effect_id, outcome=stored_form(Succeeded(kept)))


FETCH = EffectType(
    name="xero.fetch_invoice_pdf",
    prepare=_prepare,
    perform=_perform,
    settle=_settle,
    guarantee=Guarantee(changes=False),
    retry=RetryPolicy(attempts_max=6),
    optional=True,
)
