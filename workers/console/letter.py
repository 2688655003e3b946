"""The preview of a branded email: as it would look, in a frame of its own.

The letter is a document of its own with styles inside, as mail programs need them. Its policy names
each of them by its hash, and nothing else may load but the sender's logo; no script can run.
"""

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterator
from html import unescape
from typing import Any

from starlette.responses import Response

from domain.access import Scope
from domain.email.letter import TooLarge, web_address
from domain.email.merge_tags import tag_problems
from infra.database import crm, email_configs
from infra.platforms.postmark.sending import letter
from workers.console import asking, rendering
from workers.console.deal_page import deal_of, invoice_of
from workers.console.invoice_form import preview_query
from workers.console.visit import Page, Visit

NUMBER = "INV-0000"
PAY_URL = "https://in.xero.com/preview"
_STYLES = re.compile(r"<style[^>]*>(.*?)</style>", re.DOTALL | re.IGNORECASE)
_ATTRIBUTES = re.compile(r"\sstyle=\"([^\"]*)\"", re.IGNORECASE)


def preview_of_new(visit: Visit) -> Response:
    """Show the email of an invoice that is not raised yet."""
    form = visit.form
    query = preview_query(form, form.all("deal_product_ids"), by_use=False)
    made = asking.ask(visit, "preview_invoice", query=query)
    invoice = {
        "id": "preview",
        "number": NUMBER,
        "currency": made.currency,
        "total": str(made.total),
        "amount_due": str(made.total),
        "due_date": made.due_date and made.due_date.isoformat(),
    }
    return _letter(visit, invoice, PAY_URL)


def preview_of_standing(visit: Visit) -> Response:
    """Show the email of an invoice that stands."""
    it = invoice_of(visit, visit.fleet.now().date()).invoice
    invoice = {
        "id": it.platform_invoice_id,
        "number": it.number or it.platform_invoice_id[:8],
        "currency": it.currency,
        "total": str(it.total),
        "amount_due": str(it.amount_due),
        "due_date": it.due_date and it.due_date.isoformat(),
    }
    return _letter(visit, invoice, it.online_url or PAY_URL)


def _letter(visit: Visit, invoice: dict[str, Any], pay_url: str) -> Response:
    form, deal = visit.form, deal_of(visit)
    subject, body = form.one("email_subject"), form.one("email_body")
    wrong = [*tag_problems(subject), *tag_problems(body)]
    if wrong:
        return _said("; ".join(wrong))
    with visit.fleet.database.reading() as tx:
        config = email_configs.default(tx, deal.workspace_id)
        person = deal.contact_id and crm.find_person(tx, deal.workspace_id, deal.contact_id)
    if config is None:
        return _said("No sender of branded emails is set up in this workspace.")
    given = {
        "invoice": invoice,
        "subject": subject or None,
        "body": body or None,
        "first_name": person.first_name if person else None,
        "pay_url": pay_url,
    }
    try:
        written = letter(config, given, has_pdf=form.has("email_attach_pdf"))
    except TooLarge as error:
        return _said(f"Shorten it: {error}.")
    logo = web_address(config.settings.get("logo_url"))
    return _document(written.html, logo)


def _document(html: str, logo: str | None = None) -> Response:
    styles = " ".join(sorted(_hashes(html)))
    names_one = logo is not None and logo.isascii() and not set(logo) & set("; ,")
    image = f" img-src {logo};" if names_one else ""
    policy = (
        f"default-src 'none'; style-src 'unsafe-hashes' {styles};{image} base-uri 'none';"
        " form-action 'none'; frame-ancestors 'self'; sandbox"
    )
    headers = {**rendering.HEADERS, "Content-Security-Policy": policy}
    return Response(html, headers=headers, media_type="text/html")


def _hashes(html: str) -> Iterator[str]:
    for style in (*_STYLES.findall(html), *map(unescape, _ATTRIBUTES.findall(html))):
        digest = hashlib.sha256(style.encode()).digest()
        yield f"'sha256-{b64encode(digest).decode()}'"


def _said(words: str) -> Response:
    return _document(rendering.html("letter_said.html", words=words))


_DEAL = "/deals/{deal_id:uuid}/invoices"
PAGES = (
    Page("POST", _DEAL + "/letter", preview_of_new, Scope.INVOICES_WRITE, asks_platform=True),
    Page("POST", _DEAL + "/{invoice_id:uuid}/letter", preview_of_standing, Scope.INVOICES_WRITE),
)
