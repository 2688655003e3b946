"""Xero's contacts: looking them up, creating them, and `xero_create_contact`.

The rules are in `domain.contacts`; here each of its steps is one effect. Our id is kept with the
contact as its ContactNumber (at most 50 characters, writable by API only), so that a contact we
created is found again. Source: developer.xero.com, Accounting API, Contacts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.actions.outcome import (
    Absent,
    JsonObject,
    LookedUp,
    Outcome,
    Rejected,
    Succeeded,
    Unknown,
)
from domain.actions.plan import Result
from domain.actions.retry import Guarantee
from domain.contacts import By, Entity, Found, NameTaken, Party, PlatformContact, Seen, Use, adopt
from infra.database.contacts import link
from infra.database.sync import cursor
from infra.platform import Call, EffectType, Preparation, Sent, Settlement
from infra.platforms.xero import remembered
from infra.platforms.xero.client import TENANT, Build, body_of, frozen, quoted, send
from infra.platforms.xero.errors import (
    NAME_TAKEN,
    NOT_FOUND,
    elements_of,
    one_element,
    read,
)
from infra.platforms.xero.organisation import sales_terms
from infra.platforms.xero.sync_pages import OVERLAP
from infra.session import Session

DEDUPLICATED_FOR = timedelta(minutes=4)
"""Xero keeps an idempotency key for 6 minutes; two are left for clocks and slow sends."""

_CREATED = {"summarize_errors": False}


def party_json(party: Party) -> dict[str, Any]:
    """Write a party as an effect's inputs hold it."""
    return {**asdict(party), "id": str(party.id)}


def party_from(stored: Mapping[str, Any]) -> Party:
    """Read back what `party_json` wrote."""
    return Party(Entity(stored["entity"]), UUID(stored["id"]), stored["name"], stored.get("email"))


def seen_in(results: tuple[Result, ...]) -> tuple[Seen, ...]:
    """Return what the effects so far have shown of Xero's contacts, in order."""
    seen: list[Seen] = []
    for result in results:
        refused = isinstance(result.outcome, Rejected)
        if result.name == READ.name and isinstance(result.outcome, Succeeded):
            seen.append(_found(result.inputs, result.outcome.result))
        if result.name == CREATE.name and refused:
            seen.append(NameTaken(result.inputs["name"]))
    return tuple(seen)


def _found(inputs: JsonObject, result: JsonObject) -> Found:
    contacts = tuple(
        PlatformContact(**{k: v for k, v in one.items() if k != "terms"})
        for one in result["contacts"]
    )
    return Found(By(inputs["by"]), inputs["value"], contacts)


# --- reading --------------------------------------------------------------------------------------


def look(by: str, value: str, ids: Sequence[str] = ()) -> Call:
    """Return the call that looks for contacts, archived ones included; `ids`: for all of these."""
    if len(ids) > 1:
        several = {"i_ds": list(ids), "page": 1, "include_archived": True}
        return frozen(lambda api: api.get_contacts(TENANT, **several))
    wheres = {By.EMAIL: "EmailAddress", By.NAME: "Name"}
    builds: dict[str, Build] = {
        By.ID: lambda api: api.get_contact(TENANT, value),
        By.NUMBER: lambda api: api.get_contact_by_contact_number(TENANT, value),
    }
    # By page, since only then Xero says what a contact was merged into.
    return frozen(
        builds.get(by)
        or (
            lambda api: api.get_contacts(
                TENANT,
                where=f"{wheres[By(by)]}=={quoted(value)}",
                page=1,
                include_archived=True,
            )
        )
    )


def _prepare_look(prep: Preparation) -> Call:
    by, value = prep.inputs["by"], prep.inputs["value"]
    return look(by, value, remembered.ids_to_read(prep, value) if by == By.ID else ())


def _perform_look(session: Session, sent: Sent) -> Outcome:
    answer = read(send(session, sent.call), "Contacts")
    if isinstance(answer, Rejected) and answer.code == NOT_FOUND:
        return Succeeded({"contacts": []})
    if not isinstance(answer, dict):
        return answer
    found = [contact_json(c) for c in elements_of(answer, "Contacts")]
    if "IDs" not in sent.call.query:
        return Succeeded({"contacts": found})
    own = [c for c in found if c["contact_id"] == sent.inputs["value"]]
    return Succeeded({"contacts": own, "others": [c for c in found if c not in own]})


def _settle_look(done: Settlement) -> None:
    """Link what this look alone decides; for a link that is followed, what it leads to."""
    stored = done.inputs.get("link")
    if not isinstance(done.outcome, Succeeded):
        return
    told = done.outcome.result
    remembered.remember(done, [*told["contacts"], *told.get("others", ())])
    if stored is None:
        return
    found = _found(done.inputs, done.outcome.result)
    party = done.inputs.get("party")
    if found.by is By.ID:
        active = [c for c in found.contacts if c.is_active]
        contact_id = active[0].contact_id if active else None
    else:
        step = adopt(party_from(party), found) if party else None
        contact_id = step.contact_id if isinstance(step, Use) else None
    if contact_id is not None:
        _link(done, stored, contact_id)


def contact_json(element: JsonObject) -> dict[str, Any]:
    """Keep of a contact what the rules and the invoice need, as plain JSON."""
    return {
        "contact_id": str(element.get("ContactID")),
        "name": str(element.get("Name") or ""),
        "number": element.get("ContactNumber") or None,
        "email": element.get("EmailAddress") or None,
        "is_active": element.get("ContactStatus") in {None, "ACTIVE"},
        "merged_into": element.get("MergedToContactID") or None,
        "terms": sales_terms(element),
    }


READ = EffectType(
    name="xero.read_contact",
    prepare=_prepare_look,
    perform=_perform_look,
    settle=_settle_look,
    guarantee=Guarantee(changes=False),
)


# --- creating -------------------------------------------------------------------------------------


def _prepare_creation(prep: Preparation) -> Call:
    party = party_from(prep.inputs["party"])
    contact = {"Name": prep.inputs["name"], "ContactNumber": party.number}
    if party.email:
        contact["EmailAddress"] = party.email
    body = body_of({"Contacts": [contact]})
    asked_at = prep.now.isoformat()
    return frozen(lambda api: api.create_contacts(TENANT, body, **_CREATED), asked_at=asked_at)


def _perform_creation(session: Session, sent: Sent) -> Outcome:
    answer = read(send(session, sent.call, sent.key))
    if not isinstance(answer, dict):
        return answer
    element = one_element(answer, "Contacts")
    return _created(element) if isinstance(element, dict) else element


def _find_creation(session: Session, sent: Sent) -> LookedUp:
    party = party_from(sent.inputs["party"])
    by, value = (By.ID, sent.stated_id) if sent.stated_id else (By.NUMBER, party.number)
    answer = read(send(session, look(by, value or "")), "Contacts")
    if isinstance(answer, Rejected):
        if answer.code == NOT_FOUND and sent.stated_id is None:
            return Absent()
        return Unknown("look_up_refused", f"the look-up was refused: {answer.message}")
    if not isinstance(answer, dict):
        return answer
    contacts = elements_of(answer, "Contacts")
    if not contacts and sent.stated_id is not None:
        return Unknown("stated_not_found", f"Xero has no contact {value}; state another id")
    if len(contacts) > 1:
        return Unknown("several_match", f"{len(contacts)} contacts have the number {value}")
    return _created(contacts[0]) if contacts else Absent()


def _created(element: JsonObject) -> Succeeded:
    contact = contact_json(element)
    return Succeeded({"contacts": [contact]}, external_id=contact["contact_id"])


def _settle_creation(done: Settlement) -> None:
    if isinstance(done.outcome, Succeeded) and done.outcome.external_id:
        remembered.remember(done, done.outcome.result["contacts"])
        _link(done, done.inputs["link"], done.outcome.external_id, is_new=_has_no_past(done))


def _has_no_past(done: Settlement) -> bool:
    """Can no sync have passed over an invoice of the contact since it was asked for?

    The next one reads the last minutes again, unless it goes on with one that is half way.
    """
    asked_at = datetime.fromisoformat(done.context["asked_at"])
    return done.now - asked_at < OVERLAP and not cursor(done.tx, done.integration.id).state


def _link(
    done: Settlement, stored: Mapping[str, Any], contact_id: str, *, is_new: bool = False
) -> None:
    entity, entity_id = Entity(stored["entity"]), UUID(stored["id"])
    of = (done.tx, done.integration.id, entity, entity_id, contact_id)
    link(*of, by="fleet", now=done.now, is_new=is_new)


CREATE = EffectType(
    name="xero.create_contact",
    prepare=_prepare_creation,
    perform=_perform_creation,
    find=_find_creation,
    settle=_settle_creation,
    guarantee=Guarantee(can_find=True, deduplicates_for=DEDUPLICATED_FOR),
    recoverable=frozenset({NAME_TAKEN}),
)
