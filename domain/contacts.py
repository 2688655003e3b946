"""Which of the platform's contacts a customer or a contact of ours is.

`resolve` looks at what has been seen so far and names the one next step, so that each step can be
one call. The same facts always lead to the same step.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

NAME_CHARACTERS_MAX = 255
"""Xero OpenAPI, Contact.Name, maxLength."""


class Entity(StrEnum):
    """What of ours can be linked to a contact of the platform."""

    DEAL = "deal"
    CUSTOMER = "customer"
    CONTACT = "contact"


class By(StrEnum):
    """How a contact is looked for."""

    ID = "id"  # the platform's
    NUMBER = "number"  # ours, kept with the contact
    EMAIL = "email"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Party:
    """A customer or a contact of ours; a customer's name is its company's."""

    entity: Entity
    id: UUID
    name: str
    email: str | None = None

    @property
    def number(self) -> str:
        """Our id, as the platform keeps it with the contact."""
        return str(self.id)

    @property
    def names(self) -> tuple[str, str]:
        """What it may be called: its name, and its name with a short id when that is taken."""
        short = f" ({self.number[:8]})"
        room = NAME_CHARACTERS_MAX - len(short)
        return self.name[:NAME_CHARACTERS_MAX], self.name[:room].rstrip() + short


@dataclass(frozen=True, slots=True)
class PlatformContact:
    """A contact as the platform has it. `merged_into` is the contact it was merged into."""

    contact_id: str
    name: str
    number: str | None = None
    email: str | None = None
    is_active: bool = True
    merged_into: str | None = None

    @property
    def label(self) -> str:
        """What people call it."""
        return f"{self.name} ({self.contact_id})"


@dataclass(frozen=True, slots=True)
class Found:
    """A look at the platform: how, for what, and everything it returned."""

    by: By
    value: str
    contacts: tuple[PlatformContact, ...]


@dataclass(frozen=True, slots=True)
class NameTaken:
    """The platform refused to create a contact because of its name."""

    name: str


@dataclass(frozen=True, slots=True)
class Read:
    """Look at the platform."""

    by: By
    value: str


@dataclass(frozen=True, slots=True)
class Create:
    """Create the contact under this name, with our id as its number."""

    name: str


@dataclass(frozen=True, slots=True)
class Use:
    """This is the contact. `how` says why: linked, number, email or name."""

    contact_id: str
    how: str


@dataclass(frozen=True, slots=True)
class Refuse:
    """A person must choose; `message` says what stands in the way and what to do."""

    message: str


Seen = Found | NameTaken
Step = Read | Create | Use | Refuse

_LINK_ANOTHER = "link the deal to another contact"


def resolve(
    party: Party | None, link: str | None, seen: Sequence[Seen], *, check_link: bool = False
) -> Step:
    """Return the next step towards the contact of `party`.

    `link` is the platform's id of the contact already linked (to the deal, else to the party); it
    is used unseen unless `check_link`, or once the platform has been asked about it.
    """
    if link is not None:
        asked = check_link or _latest(seen, By.ID, link) is not None
        return _follow(link, seen, "linked") if asked else Use(link, "linked")
    if party is None:
        return Refuse("the deal has neither a customer nor a primary contact; give it one of them")
    if not party.name:
        return Refuse(f"the {party.entity.value} {party.id} has no name; give it one")
    for by, value in _looks(party):
        found = _latest(seen, by, value)
        if found is None:
            return Read(by, value)
        step = adopt(party, found, seen)
        if step is not None:
            return step
    return _create(party, seen)


def adopt(party: Party, found: Found, seen: Sequence[Seen] = ()) -> Step | None:
    """Tell what one look decides, or None when it leaves the matter open.

    Several active matches are refused. A lone one is used when its number is empty or ours and, by
    name alone, its email is empty or equal. A match that would be used but is archived is followed
    to what it was merged into, or refused: it is never used, nor passed over, silently.
    """
    matches = [contact for contact in found.contacts if _matches(found, contact)]
    active = [contact for contact in matches if contact.is_active]
    if len(active) > 1:
        return Refuse(
            f"several contacts have the {found.by.value} {found.value}: "
            f"{', '.join(c.label for c in active)}; link the deal to one of them"
        )
    if active:
        usable = _is_ours(party, found.by, active[0])
        return Use(active[0].contact_id, found.by.value) if usable else None
    archived = next((c for c in matches if _is_ours(party, found.by, c)), None)
    return None if archived is None else _inactive(archived, seen, found.by.value)


def _looks(party: Party) -> Iterator[tuple[By, str]]:
    yield By.NUMBER, party.number
    if party.email:
        yield By.EMAIL, party.email
    yield By.NAME, party.names[0]


def _latest(seen: Sequence[Seen], by: By, value: str) -> Found | None:
    looks = [s for s in seen if isinstance(s, Found) and (s.by, s.value) == (by, value)]
    return looks[-1] if looks else None


def _matches(found: Found, contact: PlatformContact) -> bool:
    # The platform's own filter may be looser than ours.
    given = {By.NUMBER: contact.number, By.EMAIL: contact.email, By.NAME: contact.name}
    return found.by is By.ID or _same(given[found.by], found.value)


def _is_ours(party: Party, by: By, contact: PlatformContact) -> bool:
    if contact.number and contact.number != party.number:
        return False
    return by is not By.NAME or not contact.email or _same(contact.email, party.email)


def _same(one: str | None, other: str | None) -> bool:
    return (one or "").strip().casefold() == (other or "").strip().casefold()


def _follow(contact_id: str, seen: Sequence[Seen], how: str, trail: tuple[str, ...] = ()) -> Step:
    found = _latest(seen, By.ID, contact_id)
    if found is None:
        return Read(By.ID, contact_id)
    contact = next(iter(found.contacts), None)
    if contact is None:
        return Refuse(f"the contact {contact_id} does not exist in Xero; {_LINK_ANOTHER}")
    if contact.is_active:
        return Use(contact.contact_id, how)
    return _inactive(contact, seen, how, (*trail, contact_id))


def _inactive(
    contact: PlatformContact, seen: Sequence[Seen], how: str, trail: tuple[str, ...] = ()
) -> Step:
    if contact.merged_into is None:
        return Refuse(
            f"the contact {contact.label} is archived in Xero; restore it there, or {_LINK_ANOTHER}"
        )
    if contact.merged_into in trail:
        return Refuse(f"the contact {contact.label} is merged in a circle; {_LINK_ANOTHER}")
    return _follow(contact.merged_into, seen, how, trail)


def _create(party: Party, seen: Sequence[Seen]) -> Step:
    plain, numbered = party.names
    look = _latest(seen, By.NAME, plain)
    namesake = look is not None and any(c.is_active and _matches(look, c) for c in look.contacts)
    for name in (numbered,) if namesake else (plain, numbered):
        if NameTaken(name) not in seen:
            return Create(name)
        after = _latest(seen[seen.index(NameTaken(name)) :], By.NAME, name)
        if after is None:
            return Read(By.NAME, name)
        step = adopt(party, after, seen)
        if step is not None:
            return step
    return Refuse(f"{plain} and {numbered} are other contacts' names in Xero; {_LINK_ANOTHER}")
