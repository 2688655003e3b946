"""Whom an invoice's email goes to."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

ADDRESS_CHARACTERS_MAX = 254
"""RFC 5321, 4.5.3.1.3, less the angle brackets."""

_ATOM = r"[^\s@,;:<>()\[\]\"\\\x00-\x1f\x7f]+"
_ADDRESS = re.compile(rf"{_ATOM}@{_ATOM}\.{_ATOM}")


class Source(StrEnum):
    """Who is meant where the request gives no address."""

    PRIMARY_CONTACT = "primary_contact"
    XERO_CONTACT = "xero_contact"
    SECONDARY_CONTACT = "secondary_contact"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody an email may go to, as far as is known."""

    email: str | None = None
    first_name: str | None = None


@dataclass(frozen=True, slots=True)
class Recipient:
    """A usable address, and how the person is called (None: nobody knows)."""

    address: str
    first_name: str | None = None


@dataclass(frozen=True, slots=True)
class NoRecipient:
    """There is no usable address: the field to mend, and why."""

    field: str
    why: str


_SOURCE = "email_recipient_source"
_CURES = {
    Source.PRIMARY_CONTACT: "give the deal a primary contact with an email address, or give "
    "email_recipient",
    Source.XERO_CONTACT: "give the contact an email address in Xero, or give email_recipient",
    Source.SECONDARY_CONTACT: "give that contact an email address, or give email_recipient",
}
_MISSING = {
    Source.PRIMARY_CONTACT: "the deal has no primary contact",
    Source.XERO_CONTACT: "the invoice's contact could not be found in Xero",
    Source.SECONDARY_CONTACT: "no such contact in this workspace",
}
_NAMES = {
    Source.PRIMARY_CONTACT: "the deal's primary contact",
    Source.XERO_CONTACT: "the invoice's contact in Xero",
    Source.SECONDARY_CONTACT: "the secondary contact",
}


def is_address(text: str | None) -> bool:
    """Tell whether a text is one email address: no list, no name around it."""
    if text is None or len(text) > ADDRESS_CHARACTERS_MAX:
        return False
    return _ADDRESS.fullmatch(text) is not None


def recipient(
    address: str | None, source: Source, people: Mapping[Source, Person | None]
) -> Recipient | NoRecipient:
    """Return whom the email goes to: the address given, else the person of the source.

    A person absent from `people` or None does not exist. Who is addressed by a bare address is
    called by the first name of whoever among them has it, else of the primary contact.
    """
    if address is not None:
        if not is_address(address):
            return NoRecipient("email_recipient", f"{address[:80]!r} is not one email address")
        return Recipient(address, _name_at(address, people))
    person = people.get(source)
    if person is None:
        return NoRecipient(_SOURCE, f"{_MISSING[source]}; {_CURES[source]}")
    email = (person.email or "").strip()
    if not email:
        return NoRecipient(_SOURCE, f"{_NAMES[source]} has no email address; {_CURES[source]}")
    if not is_address(email):
        words = f"{email[:80]!r}, the address of {_NAMES[source]}, is not one email address"
        return NoRecipient(_SOURCE, f"{words}; {_CURES[source]}")
    return Recipient(email, person.first_name or _name_at(email, people))


def same_address(one: str | None, other: str | None) -> bool:
    """Tell whether two addresses reach the same mailbox, as nearly every mail server sees it."""
    return (one or "").strip().casefold() == (other or "").strip().casefold()


def _name_at(address: str, people: Mapping[Source, Person | None]) -> str | None:
    known = [person for person in people.values() if person is not None and person.first_name]
    named = next((p.first_name for p in known if same_address(p.email, address)), None)
    primary = people.get(Source.PRIMARY_CONTACT)
    return named or (primary.first_name if primary is not None else None)
