"""Sending an invoice's email, and finding it again by the effect id in its metadata.

Source: Postmark, "Email API" (10 MB in all), "Messages API" (outbound search by stream and one
metadata field), "Custom metadata" (keys of 20 characters, values of 80).
"""

import datetime as dt
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
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
from domain.actions.retry import Guarantee, RetryPolicy
from domain.email.letter import BRAND_COLOUR, Brand, Facts, Letter, TooLarge, write
from domain.email.wording import one_line, tag_values
from infra.database import attachments, calls, email_configs
from infra.database.attachments import Attachment
from infra.database.email_configs import EmailConfig
from infra.database.named_invoices import status_now
from infra.platform import Call, EffectType, Preparation, Sent, Settlement
from infra.platforms.postmark.client import frozen, send
from infra.platforms.postmark.errors import read
from infra.session import Session

METADATA_KEY = "fleet_effect"
REQUEST_BYTES_MAX = 10_000_000
SETTLING = timedelta(seconds=60)
"""How long the index of sent messages may lag; Postmark does not say."""
FOUND_MAX = 10
"""Messages one look-up asks for; one is expected."""
STREAM = "outbound"


# --- freezing -------------------------------------------------------------------------------------


def _prepare(prep: Preparation) -> Call | Rejected:
    given, workspace_id = prep.inputs, prep.request.workspace_id
    config = email_configs.find(prep.tx, workspace_id, UUID(given["config_id"]))
    if config is None or config.integration_id != prep.integration.id:
        return Rejected("no_email_config", "the sender identity is gone; set one up and send again")
    status = status_now(prep.tx, prep.request.integration_id, given["invoice"]["id"])
    if status is not None and not status.is_emailable:  # it changed while the email waited
        return Rejected("not_emailable", f"the invoice is {status.value} by now")
    pdf = None
    if given["attachment_id"] is not None:
        pdf = attachments.find(prep.tx, workspace_id, UUID(given["attachment_id"]))
        if pdf is None:
            return Rejected("attachment_gone", "the PDF is no longer kept; send the email again")
    try:
        written = letter(config, given, has_pdf=pdf is not None)
    except TooLarge as error:
        return Rejected("email_too_large", f"params.email_body: {error}; shorten it")
    call = _call(prep, config, written, pdf)
    if len(call.body or b"") > REQUEST_BYTES_MAX:
        words = f"with its PDF the email is larger than Postmark takes ({REQUEST_BYTES_MAX} bytes)"
        return Rejected("email_too_large", f"{words}; send it with email_attach_pdf false")
    return call


def _call(prep: Preparation, config: EmailConfig, written: Letter, pdf: Attachment | None) -> Call:
    settings = config.settings
    stream = str(settings.get("message_stream") or STREAM)
    call = frozen(
        From=_sender(settings),
        To=prep.inputs["to"],
        ReplyTo=settings.get("reply_to"),
        Subject=written.subject,
        HtmlBody=written.html,
        TextBody=written.text,
        Tag="invoice",
        Metadata={METADATA_KEY: str(prep.effect_id)},
        MessageStream=stream,
        Attachments=[] if pdf is None else [_attached(pdf)],
    )
    return replace(call, context={"stream": stream})


def letter(config: EmailConfig, given: JsonObject, *, has_pdf: bool) -> Letter:
    """Write the email of an effect's inputs as its sender's looks.

    Raises:
        TooLarge: see `domain.email.letter`.
    """
    settings, invoice = config.settings, given["invoice"]
    number, currency = str(invoice["number"] or invoice["id"]), invoice["currency"]
    due = invoice["due_date"] and dt.date.fromisoformat(invoice["due_date"])
    brand = Brand(
        company=config.company,
        colour=str(settings.get("colour") or BRAND_COLOUR),
        logo_url=settings.get("logo_url"),
        footer=settings.get("footer"),
    )
    values = tag_values(
        number=number,
        total=Decimal(invoice["total"]),
        currency=currency,
        due=due or None,
        company=config.company,
        first_name=given["first_name"],
    )
    amount = Decimal(invoice["amount_due"])
    facts = Facts(number, amount, currency, due or None, given["pay_url"], has_pdf)
    return write(brand, facts, values, given["subject"], given["body"])


def _sender(settings: Mapping[str, Any]) -> str:
    """Write `From`: a quoted name before the address, when there is one."""
    address, name = str(settings.get("from_email") or ""), settings.get("from_name")
    if not name:
        return address
    quoted = one_line(str(name)).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}" <{address}>'


def _attached(pdf: Attachment) -> dict[str, str]:
    content = b64encode(pdf.content).decode()
    return {"Name": pdf.name, "Content": content, "ContentType": pdf.content_type}


# --- sending, and looking up ----------------------------------------------------------------------


def _perform(session: Session, sent: Sent) -> Outcome:
    answer = read(send(session, sent.call))
    if not isinstance(answer, dict):
        return answer
    return _sent(answer, sent, at=answer.get("SubmittedAt"))


def _find(session: Session, sent: Sent) -> LookedUp:
    if sent.stated_id is not None:
        return _sent({"MessageID": sent.stated_id}, sent, at=None)
    mark = str(sent.effect_id)
    query = {"count": str(FOUND_MAX), "offset": "0", f"metadata_{METADATA_KEY}": mark}
    if "stream" in sent.call.context:  # a search that names none may pass over all but the default
        query["messagestream"] = sent.call.context["stream"]
    answer = read(send(session, Call("GET", "/messages/outbound", query)))
    if isinstance(answer, Rejected):
        return Unknown("look_up_refused", f"the look-up was refused: {answer.message}")
    return answer if isinstance(answer, Deferred | Unknown) else _found(answer, sent, mark)


def _found(answer: JsonObject, sent: Sent, mark: str) -> LookedUp:
    found = answer.get("Messages")
    if not isinstance(found, list):
        return Unknown("unreadable_answer", "Postmark: no list of messages in the answer")
    if not found and answer.get("TotalCount") == 0:
        return Absent()
    ours = [one for one in found if isinstance(one, dict) and _mark_in(one) == mark]
    if not ours:
        # A filter that is passed over would make every absence a lie, as would a page cut short.
        return Unknown("look_up_unfit", "Postmark: the search returned other messages than asked")
    return _sent(ours[-1], sent, at=ours[-1].get("ReceivedAt"))


def _mark_in(message: JsonObject) -> str | None:
    metadata = message.get("Metadata")
    found = metadata.get(METADATA_KEY) if isinstance(metadata, dict) else None
    return None if found is None else str(found)


def _sent(message: JsonObject, sent: Sent, *, at: Any) -> Succeeded | Unknown:
    message_id = message.get("MessageID")
    if not isinstance(message_id, str) or not message_id:
        return Unknown("unreadable_answer", "Postmark: no MessageID in the answer")
    moment = at if isinstance(at, str) else sent.first_sent_at.isoformat()
    return Succeeded(
        {"message_id": message_id, "to": sent.inputs["to"], "at": moment}, external_id=message_id
    )


def _let_go(done: Settlement) -> None:
    """The bytes were kept for a repeat: with the outcome known nobody needs the PDF in them."""
    calls.forget_bytes(done.tx, done.effect_id)


def _effect(name: str, *, optional: bool) -> EffectType:
    return EffectType(
        name=name,
        prepare=_prepare,
        perform=_perform,
        find=_find,
        settle=_let_go,
        abandon=_let_go,
        guarantee=Guarantee(can_find=True, settling=SETTLING),
        retry=RetryPolicy(attempts_max=8),
        optional=optional,
    )


SEND = _effect("postmark.send_invoice_email", optional=True)
"""After an invoice was raised or changed: whatever becomes of it, the invoice stands."""
SEND_ALONE = _effect("postmark.send_invoice_email_alone", optional=False)
"""Where the email is all that was asked for: what cannot be known asks for a person."""
