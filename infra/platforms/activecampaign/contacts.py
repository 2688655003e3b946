"""The contact, by email: created or updated in one call that may be repeated.

Source: developers.activecampaign.com, "Sync a Contact's Data" (keyed on the email address).
"""

from datetime import timedelta

from domain.actions.outcome import Outcome, Succeeded
from domain.actions.plan import Request
from domain.actions.retry import Guarantee
from infra.platform import Call, EffectType, Preparation, Sent
from infra.platforms.activecampaign.client import id_of, send, writing
from infra.platforms.activecampaign.errors import read, unreadable
from infra.session import Session

_NAMES = {"first_name": "firstName", "last_name": "lastName", "phone": "phone"}


def _prepare(preparation: Preparation) -> Call:
    return writing("/contact/sync", {"contact": _contact(preparation.request)})


def _contact(request: Request) -> dict[str, object]:
    given = request.params
    contact: dict[str, object] = {"email": given["email"]}
    contact |= {theirs: given[ours] for ours, theirs in _NAMES.items() if ours in given}
    if given.get("fields"):
        fields = given["fields"].items()
        contact["fieldValues"] = [{"field": field, "value": str(value)} for field, value in fields]
    return contact


def _perform(session: Session, sent: Sent) -> Outcome:
    exchange = send(session, sent.call)
    answer = read(exchange)
    if not isinstance(answer, dict):
        return answer
    contact_id = id_of(answer.get("contact"))
    if contact_id is None:
        return unreadable(exchange, "no contact.id")
    return Succeeded({"contact_id": contact_id}, external_id=contact_id)


SYNC = EffectType(
    name="activecampaign.sync_contact",
    prepare=_prepare,
    perform=_perform,
    # The same values once more change nothing, and no key is needed for that.
    guarantee=Guarantee(deduplicates_for=timedelta(hours=24)),
)
