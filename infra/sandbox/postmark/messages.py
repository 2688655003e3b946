"""What was sent, kept as JSON text; the search sees a message after the index has caught up."""

from uuid import uuid4

from infra.sandbox.clock import Clock, iso
from infra.sandbox.effects import Cause, Effects
from infra.sandbox.postmark.refusals import INVALID_EMAIL, PostmarkError
from infra.sandbox.store import Shelf, Store
from infra.sandbox.wire import Document

COUNT_MAX = 500
STREAM = "outbound"
REACH_MAX = 10_000  # count + offset


class Messages:
    """One server's outbound messages."""

    def __init__(self, store: Store, clock: Clock, effects: Effects) -> None:
        self._clock = clock
        self._effects = effects
        self._shelf = Shelf(store, "postmark.messages")

    def add(self, email: Document, cause: Cause) -> Document:
        """Keep an email that is accepted and return its message."""
        now = self._clock.now()
        message: Document = {
            "MessageID": str(uuid4()),
            "At": now,
            "ReceivedAt": iso(now),
            "Status": "Sent",
            "Email": email,
        }
        self._shelf.put(message["MessageID"], message)
        mark = " ".join(str(value) for value in (email.get("Metadata") or {}).values()) or None
        self._effects.record(cause, "postmark", "message.sent", message["MessageID"], mark)
        return message

    def all(self) -> list[Document]:
        """Return every message with its whole email, oldest first."""
        return sorted(self._shelf.records(), key=lambda message: message["At"])

    def search(self, query: Document, lag_s: float) -> Document:
        """Return a page of one stream's index, newest first: what is at least `lag_s` old.

        Raises:
            PostmarkError: a page out of reach, or more than one metadata field.
        """
        count, offset = _number(query, "count"), _number(query, "offset")
        if not 1 <= count <= COUNT_MAX or offset < 0 or count + offset > REACH_MAX:
            raise PostmarkError(INVALID_EMAIL, "Parameter 'count' or 'offset' is out of range.")
        wanted = {
            name.removeprefix("metadata_"): value
            for name, value in query.items()
            if name.startswith("metadata_")
        }
        if len(wanted) > 1:
            raise PostmarkError(INVALID_EMAIL, "Only one metadata field may be searched at a time.")
        before, stream = self._clock.now() - lag_s, query.get("messagestream") or STREAM
        found = [
            message
            for message in reversed(self.all())
            if message["At"] <= before
            and _has(message["Email"], wanted)
            and _stream(message["Email"]) == stream
        ]
        page = found[offset : offset + count]
        return {"TotalCount": len(found), "Messages": [_row(message) for message in page]}


def _number(query: Document, name: str) -> int:
    try:
        return int(query[name])
    except (KeyError, ValueError):
        raise PostmarkError(INVALID_EMAIL, f"Parameter '{name}' is required.") from None


def _has(email: Document, wanted: Document) -> bool:
    metadata = {name.lower(): value for name, value in (email.get("Metadata") or {}).items()}
    return all(metadata.get(name.lower()) == value for name, value in wanted.items())


def _stream(email: Document) -> str:
    return email.get("MessageStream") or STREAM


def _row(message: Document) -> Document:
    email = message["Email"]
    return {
        "Tag": email.get("Tag") or "",
        "MessageID": message["MessageID"],
        "MessageStream": _stream(email),
        "To": [{"Email": email["To"], "Name": None}],
        "Cc": [],
        "Bcc": [],
        "Recipients": [email["To"]],
        "ReceivedAt": message["ReceivedAt"],
        "From": email["From"],
        "Subject": email.get("Subject") or "",
        "Attachments": [one["Name"] for one in email.get("Attachments") or ()],
        "Status": message["Status"],
        "TrackOpens": bool(email.get("TrackOpens")),
        "TrackLinks": email.get("TrackLinks") or "None",
        "Metadata": email.get("Metadata") or {},
        "Sandboxed": False,
    }
