"""Waiting for the document: nothing is sent and no worker held; a callback ends it, or a deadline.

A callback wakes the action at once, also out of `parked`: past the deadline a person is asked, and
whatever comes first settles it.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, TypeGuard
from uuid import UUID

from domain.actions.outcome import Deferred, Outcome, Succeeded, Unknown
from domain.actions.retry import Guarantee, RetryPolicy
from infra.database import callbacks
from infra.platform import EffectType, Preparation, Sent
from infra.platforms.portant.documents import result_of
from infra.session import Session

WITHIN_S: Final = 3600
WITHIN_MAX_S: Final = 30 * 86400  # callbacks are kept a little longer


def prepare(preparation: Preparation) -> Outcome:
    """Look whether the document has come; else wait for it, or ask for a person."""
    ref = str(preparation.inputs["ref"])
    told = callbacks.find(preparation.tx, UUID(ref))
    if told is not None:
        result = result_of(told["documents"])
        return Succeeded(result, external_id=result["document_id"] or result["url"])
    accepted_at = datetime.fromisoformat(preparation.inputs["accepted_at"])
    within = _within(preparation.integration.settings)
    if preparation.now < accepted_at + within:
        words = f"waits for the callback of the workflow started at {accepted_at:%H:%M:%S} UTC"
        return Deferred("awaiting_callback", words, accepted_at + within)
    return Unknown("no_callback", _unheard(ref, within), repeatable=False)


def _unheard(ref: str, within: timedelta) -> str:
    return (
        f"the workflow was started, and in {within} no callback named {ref}. Look for a file of "
        "that name in its folder and state its url or id. If there is none, see that the workflow "
        "runs; if there is one, that its name holds {{wf_ref}} and that the workflow's webhook "
        "events go to this integration's callback address. A callback that comes late is heard."
    )


def _within(settings: Mapping[str, Any]) -> timedelta:
    given = settings.get("document_within_s")
    return timedelta(seconds=given if is_usable(given) else WITHIN_S)


def is_usable(seconds: object) -> TypeGuard[float]:
    """Is it a time to wait, in seconds?"""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return False
    return 1 <= seconds <= WITHIN_MAX_S


def _nothing_to_send(_session: Session, _sent: Sent) -> Outcome:
    return Deferred("awaiting_callback", "there is nothing to send: the document is waited for")


AWAIT_DOCUMENT = EffectType(
    name="portant.await_document",
    prepare=prepare,
    perform=_nothing_to_send,
    # Nobody can ask Portant: past the deadline it takes a callback, or a person who has looked.
    guarantee=Guarantee(on_unknown="park"),
    # Its own deadline ends the wait, and only that.
    retry=RetryPolicy(age_max=timedelta(seconds=WITHIN_MAX_S) * 2),
)
