"""`POST /email`: its checks, in Postmark's words."""

import base64
import binascii
import re
from typing import Final

from infra.sandbox.postmark.refusals import INACTIVE, INVALID_EMAIL, PostmarkError
from infra.sandbox.wire import Document

TOTAL_BYTES_MAX: Final = 10_000_000
BODY_BYTES_MAX: Final = 5_000_000
RECIPIENTS_MAX: Final = 50
KEY_CHARACTERS_MAX: Final = 20
VALUE_CHARACTERS_MAX: Final = 80
FORBIDDEN: Final = (".exe", ".bat", ".vbs", ".js", ".cmd", ".scr")
FIELDS: Final = frozenset(
    {
        *("From", "To", "Cc", "Bcc", "ReplyTo", "Subject", "HtmlBody", "TextBody", "Tag"),
        *("Metadata", "Headers", "TrackOpens", "TrackLinks", "Attachments", "MessageStream"),
    }
)
_ADDRESS = re.compile(
    r'(?:"(?:[^"\\]|\\.)*"\s*|[^<>"@]*)<([^<>\s]+@[^<>\s]+)>|([^<>\s,"]+@[^<>\s,]+)'
)


def checked(email: Document, senders: list[str], inactive: list[str]) -> Document:
    """Return the email as accepted, with its recipient's bare address.

    Raises:
        PostmarkError: Postmark would refuse.
    """
    for name in email:
        if name not in FIELDS:
            raise PostmarkError(403, f"Invalid request field(s) - {name}")
    sender = _address(email.get("From"), "From")
    if sender not in senders and sender.partition("@")[2] not in senders:
        words = f"The 'From' address you supplied ({sender}) is not a Sender Signature on your"
        raise PostmarkError(400, f"{words} account. Please add and confirm this address.")
    recipients = [_address(one, "To") for one in _list(email.get("To"))]
    if not 1 <= len(recipients) <= RECIPIENTS_MAX:
        raise PostmarkError(INVALID_EMAIL, "Zero recipients specified, or too many.")
    if email.get("ReplyTo"):
        _address(email["ReplyTo"], "ReplyTo")
    _check_bodies(email)
    _check_metadata(email.get("Metadata"))
    for attachment in email.get("Attachments") or ():
        _check_attachment(attachment)
    found = [one for one in recipients if one in inactive]
    if found:
        raise PostmarkError(
            INACTIVE,
            "You tried to send to recipient(s) that have been marked as inactive. Found inactive "
            f"addresses: {', '.join(found)}. Inactive recipients are ones that have generated a "
            "hard bounce, a spam complaint, or a manual suppression.",
        )
    return {**email, "To": ",".join(recipients)}


def _address(value: object, field: str) -> str:
    found = _ADDRESS.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise PostmarkError(INVALID_EMAIL, f"Invalid '{field}' address: '{value}'.")
    return found[1] or found[2]


def _list(value: object) -> list[str]:
    return [one for one in value.split(",") if one.strip()] if isinstance(value, str) else []


def _check_bodies(email: Document) -> None:
    bodies = [email.get(name) for name in ("HtmlBody", "TextBody")]
    if not any(bodies):
        raise PostmarkError(INVALID_EMAIL, "Provide either email TextBody or HtmlBody or both.")
    if any(len(str(body or "").encode()) > BODY_BYTES_MAX for body in bodies):
        raise PostmarkError(INVALID_EMAIL, "A body is larger than 5 MB.")
    if "\n" in str(email.get("Subject") or ""):
        raise PostmarkError(INVALID_EMAIL, "The subject holds a line break.")


def _check_metadata(metadata: object) -> None:
    if metadata is None:
        return
    if not isinstance(metadata, dict):
        raise PostmarkError(403, "Invalid request field(s) - Metadata")
    for name, value in metadata.items():
        if len(name) > KEY_CHARACTERS_MAX or len(str(value)) > VALUE_CHARACTERS_MAX:
            raise PostmarkError(INVALID_EMAIL, f"Metadata '{name}' is too long.")


def _check_attachment(attachment: object) -> None:
    if not isinstance(attachment, dict) or not {"Name", "Content", "ContentType"} <= set(
        attachment
    ):
        raise PostmarkError(403, "Invalid request field(s) - Attachments")
    if str(attachment["Name"]).lower().endswith(FORBIDDEN):
        raise PostmarkError(411, f"Forbidden attachment type: {attachment['Name']}")
    try:
        base64.b64decode(str(attachment["Content"]), validate=True)
    except binascii.Error:
        raise PostmarkError(403, "Invalid request field(s) - Attachments.Content") from None
