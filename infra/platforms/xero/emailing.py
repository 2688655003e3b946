"""What follows an invoice: its email, by Xero or by the workspace's own sender.

Every plan that can email its invoice ends here. A failed email is told, never undone: the invoice
stays, and `xero_email_invoice` sends the email alone. Whether it can be sent at all is asked before
(`emailable.py`).
"""

import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from domain.actions.outcome import JsonObject, Rejected, Succeeded
from domain.actions.plan import Effect, Known, Result
from domain.email.recipients import NoRecipient, Recipient, same_address
from domain.invoices.xero_status import InvoiceStatus
from infra.platforms.xero import invoice_email, invoice_pdf, online
from infra.platforms.xero.emailable import NO_SENDER, unsendable, whom
from infra.platforms.xero.wishes import EmailMode, EmailWish

SEND, SEND_ALONE = "postmark.send_invoice_email", "postmark.send_invoice_email_alone"

_OWN_WORDS = "email_mode xero takes no subject, body or choice of the PDF: Xero sends its own email"


@dataclass(frozen=True, slots=True)
class Tail:
    """The end of a plan: an invoice that stands, and the email that is to follow it.

    `invoice` is a snapshot (`snapshots.to_json`), `contact` the invoice's in Xero as last read,
    empty when it was not. `alone`: the email is all that was asked for, so an outcome that cannot
    be known asks for a person.
    """

    wish: EmailWish
    known: Known
    results: tuple[Result, ...]
    invoice: JsonObject
    contact: JsonObject
    alone: bool = False

    def next(self) -> Effect | JsonObject:
        """Return the next effect, or what became of the email.

        That is `{"mode", "outcome", "to", "why", "message_id", "at", "warnings"}` with an outcome
        of sent, failed or unknown; `{"mode", "outcome"}` of none when nothing was asked for.
        """
        if self.wish.mode is EmailMode.NONE:
            return {"mode": "none", "outcome": "none"}
        if not InvoiceStatus(self.invoice["status"]).is_emailable:
            return self._ended("failed", why=f"the invoice is {self.invoice['status']}")
        return self._by_xero() if self.wish.mode is EmailMode.XERO else self._branded()

    # --- by Xero ------------------------------------------------------------------------------

    def _by_xero(self) -> Effect | JsonObject:
        kind = invoice_email.EMAIL_ALONE if self.alone else invoice_email.EMAIL
        sent = self._last(kind.name)
        if sent is None:
            nobody = unsendable(self.wish, self.known, self.contact)
            if nobody is not None:
                return self._ended("failed", why=nobody.message)
            return Effect(kind.name, {"invoice_id": self.invoice["platform_invoice_id"]})
        return self._of(sent, self.contact.get("email"), self._passed_over())

    def _passed_over(self) -> list[str]:
        """Say what of the wish Xero takes no notice of."""
        wish, to = self.wish, self.contact.get("email")
        warnings = []
        if (wish.subject, wish.body, wish.attach_pdf) != (None, None, None):
            warnings.append(_OWN_WORDS)
        if wish.address is not None or wish.source is not None:
            wanted = whom(wish, self.known, self.contact)
            if not isinstance(wanted, Recipient) or not same_address(wanted.address, to):
                warnings.append(f"email_mode xero sends to the contact's own address in Xero, {to}")
        return warnings

    # --- by the workspace's own sender --------------------------------------------------------

    def _branded(self) -> Effect | JsonObject:
        """Online address, PDF, email: each an effect, each before the next."""
        sent = self._last(SEND_ALONE if self.alone else SEND)
        if sent is not None:
            return self._of(sent, str(sent.inputs["to"]), self._unlinked())
        found, config = whom(self.wish, self.known, self.contact), self.known["email"]["config"]
        if isinstance(found, NoRecipient):
            return self._ended("failed", why=found.why)
        if config is None:
            return self._ended("failed", to=found.address, why=f"email_mode trustpager {NO_SENDER}")
        step = self._gathered()
        if isinstance(step, Rejected):
            # Without it the email is not what was asked for; it can be sent alone.
            why = f"no PDF to attach: {step.message}"
            return self._ended("failed", to=found.address, why=why)
        return step or self._send(found, config)

    def _gathered(self) -> Effect | Rejected | None:
        """Return the next effect that fetches what goes along; None when all of it is there."""
        if self._last(online.READ.name) is None:
            return Effect(online.READ.name, {"invoice_id": self.invoice["platform_invoice_id"]})
        if self.wish.attach_pdf is False:
            return None
        pdf = self._last(invoice_pdf.FETCH.name)
        if pdf is None:
            return Effect(invoice_pdf.FETCH.name, self._document())
        return pdf.outcome if isinstance(pdf.outcome, Rejected) else None

    def _send(self, found: Recipient, config: JsonObject) -> Effect:
        names = ("number", "status", "currency", "total", "amount_due", "due_date")
        inputs = {
            "config_id": config["id"],
            "to": found.address,
            "first_name": found.first_name,
            "subject": self.wish.subject,
            "body": self.wish.body,
            "invoice": {
                "id": self.invoice["platform_invoice_id"],
                **{name: self.invoice[name] for name in names},
            },
            "pay_url": self._told(online.READ.name).get("online_url"),
            "attachment_id": self._told(invoice_pdf.FETCH.name).get("attachment_id"),
        }
        name = SEND_ALONE if self.alone else SEND
        return Effect(name, inputs, UUID(config["integration_id"]))

    def _unlinked(self) -> list[str]:
        warning = self._told(online.READ.name).get("warning")
        return [f"sent without a button to pay: {warning}"] if warning else []

    def _document(self) -> dict[str, str]:
        """Name the PDF: letters, digits and a few marks, whatever the invoice's number holds."""
        number = re.sub(r"[^\w.-]+", "-", str(self.invoice["number"] or "")).strip("-.")
        name = f"Invoice {number}.pdf" if number else "Invoice.pdf"
        return {"invoice_id": self.invoice["platform_invoice_id"], "name": name}

    # --- what became of it --------------------------------------------------------------------

    def _last(self, name: str) -> Result | None:
        return next((result for result in reversed(self.results) if result.name == name), None)

    def _told(self, name: str) -> JsonObject:
        """Return what an effect brought, nothing when it did not succeed."""
        last = self._last(name)
        return last.outcome.result if last and isinstance(last.outcome, Succeeded) else {}

    def _of(self, sent: Result, to: str | None, warnings: list[str]) -> JsonObject:
        """Tell what became of the effect that sends."""
        if isinstance(sent.outcome, Succeeded):
            told = {name: sent.outcome.result.get(name) for name in ("message_id", "at")}
            return self._ended("sent", to=to, warnings=warnings, **told)
        unknown = sent.outcome.code == "outcome_unknown"
        words = sent.outcome.message
        return self._ended("unknown" if unknown else "failed", to=to, why=words, warnings=warnings)

    def _ended(self, outcome: str, **told: Any) -> JsonObject:
        nothing = dict.fromkeys(("to", "why", "message_id", "at"))
        start = {"mode": self.wish.mode.value, "outcome": outcome}
        return {**start, **nothing, "warnings": [], **told}
