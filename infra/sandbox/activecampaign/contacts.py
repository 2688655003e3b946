"""The account's contacts: kept by email, which is unique whatever its case."""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from infra.sandbox.activecampaign.refusals import Refusal, bare, error, no_result
from infra.sandbox.activecampaign.seed import CONTACT, CONTACT_EMAIL, FIELDS
from infra.sandbox.clock import Clock
from infra.sandbox.effects import Cause, Effects
from infra.sandbox.store import Shelf, Store
from infra.sandbox.wire import Document

_ZONE: Final = timezone(timedelta(hours=-6))  # the account's
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_PLAIN: Final = ("firstName", "lastName", "phone")


class Contacts:
    """Contacts by id."""

    def __init__(self, store: Store, clock: Clock, effects: Effects) -> None:
        self._clock = clock
        self._effects = effects
        self._shelf = Shelf(store, "activecampaign.contacts")
        if not len(self._shelf):
            self._shelf.put(CONTACT, {"id": CONTACT, "email": CONTACT_EMAIL, "fields": {}})
        self._ids = {one["email"].lower(): one["id"] for one in self._shelf.records()}

    def get(self, identity: str) -> Document:
        """Return a contact.

        Raises:
            Refusal: there is none by that id.
        """
        found = self._shelf.get(identity)
        if found is None:
            raise Refusal(no_result("Subscriber", identity))
        return found

    def all(self) -> list[Document]:
        """Return every contact."""
        return self._shelf.records()

    def found(self, email: str | None) -> list[Document]:
        """Return all contacts, or the one with an email."""
        return [one for one in self.all() if email is None or one["email"] == email.lower()]

    def sync(self, wish: Document, cause: Cause) -> tuple[int, Document]:
        """Create or update a contact; 201 or 200, and the contact.

        Only what changes something is an effect: sent again, it has none.

        Raises:
            Refusal: ActiveCampaign would refuse.
        """
        email, given = _checked(wish)
        identity = self._ids.get(email)
        before = {} if identity is None else self.get(identity)
        contact = {
            **before,
            **{name: value for name, value in given.items() if name in _PLAIN},
            "id": identity or str(len(self._shelf) + 1),
            "email": email,
            "fields": {**before.get("fields", {}), **given["fields"]},
        }
        if contact != {name: before.get(name) for name in contact}:
            contact["at"] = self._clock.now()
            self._shelf.put(contact["id"], contact)
            self._ids[email] = contact["id"]
            identity_ = contact["id"]
            self._effects.record(cause, "activecampaign", "contact.synced", identity_, email)
        return 200 if before else 201, contact


def _checked(wish: Document) -> tuple[str, Document]:
    contact = wish.get("contact")
    if not isinstance(contact, dict) or not contact.get("email"):
        raise Refusal(bare(400))
    email = str(contact["email"]).strip().lower()
    if _EMAIL.fullmatch(email) is None:
        words = "Contact Email Address is not valid."
        raise Refusal(error(words, "email_invalid", "/data/attributes/email"))
    fields = {}
    for one in contact.get("fieldValues") or ():
        if not isinstance(one, dict) or str(one.get("field")) not in FIELDS:
            raise Refusal(error("Field does not exist", "field_missing", "/data/fieldValues"))
        fields[str(one["field"])] = str(one.get("value"))
    return email, {**contact, "fields": fields}


def shown(contact: Document) -> Document:
    """Return a contact as the API shows it."""
    return {
        "email": contact["email"],
        "phone": contact.get("phone", ""),
        "firstName": contact.get("firstName", ""),
        "lastName": contact.get("lastName", ""),
        "cdate": date(contact.get("at", 0)),
        "udate": date(contact.get("at", 0)),
        "orgid": "0",
        "hash": f"{int(contact['id']):032x}",
        "links": {},
        "id": contact["id"],
        "organization": None,
    }


def field_values(contact: Document) -> list[Document]:
    """Return a contact's custom field values."""
    return [
        {"contact": contact["id"], "field": field, "value": value, "id": f"{contact['id']}{field}"}
        for field, value in contact["fields"].items()
    ]


def date(seconds: float) -> str:
    """Write seconds since 1970 in the account's zone, whole seconds."""
    moment = datetime.fromtimestamp(seconds, UTC).astimezone(_ZONE)
    return moment.isoformat(timespec="seconds")
