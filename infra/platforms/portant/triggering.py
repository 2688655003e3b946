"""Starting a workflow: one POST of its fields and our reference to the address it listens at.

Portant has nothing to ask whether a run began, and a second POST makes a second document. So what
may have happened is never sent again: the callback says that it did, or else a person.
"""

import json
from datetime import datetime, timedelta
from uuid import UUID

from domain.actions.outcome import LookedUp, Outcome, Succeeded, Unknown
from domain.actions.retry import Guarantee, RetryPolicy
from infra.clock import utc_now
from infra.database import callbacks
from infra.database.engine import Transaction
from infra.platform import Call, EffectType, Preparation, Sent
from infra.platforms.portant.errors import refusal
from infra.platforms.portant.fields import MARK
from infra.session import Session


def prepare(preparation: Preparation) -> Call:
    """Freeze the fields with our reference among them; the address is a secret and not in here."""
    fields = {**preparation.request.params["fields"], MARK: str(preparation.effect_id)}
    return Call("POST", "", body=json.dumps(fields, ensure_ascii=False).encode())


def perform(session: Session, sent: Sent) -> Outcome:
    """Post it. Any 2xx means that the workflow has it."""
    url, headers = session.credentials["webhook_url"], {"Content-Type": "application/json"}
    exchange = session.send_url("POST", url, headers=headers, body=sent.call.body)
    return refusal(exchange, utc_now()) or _accepted(sent.effect_id, utc_now())


def find(_session: Session, sent: Sent) -> LookedUp:
    """Believe a person; nobody else can be asked. "Absent" is never said."""
    if sent.stated_id is not None:
        return _accepted(sent.effect_id, utc_now(), sent.stated_id)
    words = (
        f"Portant cannot be asked whether it began; a callback would name {sent.effect_id}. Look "
        "for a file of that name in the workflow's folder"
    )
    return Unknown("no_callback", words, repeatable=False)


def told(tx: Transaction, effect_id: UUID) -> Succeeded | None:
    """Take a callback about it for proof that it began, whatever became of the answer."""
    return None if callbacks.find(tx, effect_id) is None else _accepted(effect_id, utc_now())


def _accepted(effect_id: UUID, at: datetime, said: str | None = None) -> Succeeded:
    """`said` names the document, or (with our reference) only that the workflow was started."""
    ref = str(effect_id)
    return Succeeded({"ref": ref, "accepted_at": at.isoformat()}, external_id=said or ref)


TRIGGER = EffectType(
    name="portant.trigger",
    prepare=prepare,
    perform=perform,
    find=find,
    told=told,
    guarantee=Guarantee(can_find=True),
    retry=RetryPolicy(age_max=timedelta(hours=1)),
)
