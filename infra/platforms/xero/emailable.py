"""Before an invoice is raised: can its email be sent at all, and to whom?

`obstacles` is asked at intake and again when the plan runs, before anything is created;
`unsendable` once the invoice's contact in Xero is known.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from domain.actions.outcome import JsonObject, Rejected, Succeeded
from domain.actions.plan import Effect, Known, Request, Result
from domain.contacts import By
from domain.email.recipients import NoRecipient, Person, Recipient, Source, recipient
from domain.invoices.xero_status import InvoiceStatus
from infra.database import crm, email_configs, integrations
from infra.database.engine import Transaction
from infra.platforms.xero import contacts
from infra.platforms.xero.wishes import EmailMode, EmailWish, email_problems

Problems = list[tuple[str, str]]

NO_SENDER = "needs a default email config (who sends, and how it looks): fleet connect postmark"
_MODE = "params.email_mode"


def obstacles(
    tx: Transaction, request: Request, wish: EmailWish, deal_id: UUID | None, status: str
) -> Problems:
    """Return why the email could never be sent, as (field path, problem); `status`: the invoice's.

    An address that only Xero knows is looked at later, by `unsendable`.
    """
    problems = list(email_problems(wish))
    if wish.mode is EmailMode.NONE or problems:
        return problems
    if not InvoiceStatus(status).is_emailable:
        words = f"an invoice that is {status} cannot be emailed: only SUBMITTED and AUTHORISED"
        return [(_MODE, words)]
    people = _people(tx, request.workspace_id, deal_id, wish)
    if wish.contact_id is not None and people[Source.SECONDARY_CONTACT] is None:
        words = f"no contact {wish.contact_id} in this workspace"
        problems.append(("params.email_recipient_contact_id", words))
    if wish.mode is EmailMode.XERO or problems:
        return problems
    problems += _sender_problems(tx, request.workspace_id)
    if not wish.reads_contact:
        found = recipient(wish.address, _source(wish), people)
        if isinstance(found, NoRecipient):
            problems.append((f"params.{found.field}", found.why))
    return problems


def _sender_problems(tx: Transaction, workspace_id: UUID) -> Problems:
    config = email_configs.default(tx, workspace_id)
    sender = config and integrations.find(tx, config.integration_id)
    if not sender:
        return [(_MODE, NO_SENDER)]
    inactive = sender.status == "inactive"
    return [(_MODE, "the sender's Postmark integration is inactive")] if inactive else []


def known(
    tx: Transaction, request: Request, wish: EmailWish, deal_id: UUID | None
) -> dict[str, Any]:
    """Return what plans know of the email's sender and of people, as plain JSON (`email`)."""
    if wish.mode is EmailMode.NONE:
        return {"email": None}
    config = email_configs.default(tx, request.workspace_id)
    people = _people(tx, request.workspace_id, deal_id, wish)
    return {
        "email": {
            "config": config
            and {"id": str(config.id), "integration_id": str(config.integration_id)},
            "people": {
                source.value: person and {"email": person.email, "first_name": person.first_name}
                for source, person in people.items()
            },
        }
    }


def _people(
    tx: Transaction, workspace_id: UUID, deal_id: UUID | None, wish: EmailWish
) -> dict[Source, Person | None]:
    deal = deal_id and crm.find_deal(tx, workspace_id, deal_id)
    ids = {
        Source.PRIMARY_CONTACT: deal.contact_id if deal else None,
        Source.SECONDARY_CONTACT: wish.contact_id,
    }
    return {
        source: (contact_id and crm.find_person(tx, workspace_id, contact_id)) or None
        for source, contact_id in ids.items()
    }


def look_at_contact(results: tuple[Result, ...], contact_id: str) -> Effect | JsonObject:
    """Return the invoice's contact as just read, or the effect that reads it."""
    for result in reversed(results):
        if isinstance(result.outcome, Succeeded):
            for contact in result.outcome.result.get("contacts", ()):
                if contact["contact_id"] == contact_id:
                    return dict(contact)
            if result.inputs.get("value") == contact_id:
                return {}
    inputs = {"by": By.ID.value, "value": contact_id, "party": None, "link": None}
    return Effect(contacts.READ.name, inputs)


def unsendable(wish: EmailWish, known_: Known, contact: JsonObject) -> Rejected | None:
    """Say why there is nobody to send to, now that the invoice's contact in Xero is known."""
    if wish.mode is EmailMode.NONE:
        return None
    if wish.mode is EmailMode.XERO:
        wish = EmailWish(EmailMode.XERO, source=Source.XERO_CONTACT)
    found = whom(wish, known_, contact)
    if isinstance(found, Recipient):
        return None
    words = f"params.{found.field}: {found.why}"
    problem = {"field": f"params.{found.field}", "problem": found.why}
    return Rejected("no_recipient", words, {"problems": [problem]})


def whom(wish: EmailWish, known_: Known, contact: JsonObject) -> Recipient | NoRecipient:
    """Return whom a branded email goes to; `contact`: the invoice's in Xero, empty when unread."""
    stored: Mapping[str, Any] = known_["email"]["people"]
    people = {Source(name): person and Person(**person) for name, person in stored.items()}
    people[Source.XERO_CONTACT] = Person(contact.get("email")) if contact else None
    return recipient(wish.address, _source(wish), people)


def _source(wish: EmailWish) -> Source:
    return wish.source or Source.PRIMARY_CONTACT
