"""`portant_generate_document`: a workflow is started, and its callback brings the document."""

from domain.actions.outcome import Rejected
from domain.actions.plan import Done, Effect, Known, Refuse, Request, Result, Step
from infra.platform import ActionType, Limits, Platform, Window
from infra.platforms.portant.callbacks import CALLBACKS
from infra.platforms.portant.connecting import CONNECTING
from infra.platforms.portant.documents import result_of, stated
from infra.platforms.portant.fields import check
from infra.platforms.portant.triggering import TRIGGER
from infra.platforms.portant.waiting import AWAIT_DOCUMENT


def plan(_request: Request, _known: Known, results: tuple[Result, ...]) -> Step:
    """Start the workflow, then wait for its document; a person may have named it meanwhile."""
    if not results:
        return Effect(TRIGGER.name)
    last = results[-1]
    if isinstance(last.outcome, Rejected):
        return Refuse(last.outcome)
    said = last.outcome.external_id
    if last.name == TRIGGER.name and said == last.outcome.result["ref"]:
        return Effect(AWAIT_DOCUMENT.name, last.outcome.result)
    by_callback = last.outcome.result if last.name == AWAIT_DOCUMENT.name else {}
    return Done(by_callback or result_of([stated(said or "")]))


PLATFORM = Platform(
    name="portant",
    queues=("portant",),
    base_url=lambda _settings: "",  # a workflow's whole address is in its credentials
    connecting=CONNECTING,
    callbacks=CALLBACKS,
    # Portant documents no limit: this one is ours.
    limits=Limits(in_flight=5, windows=(Window("minute", calls=60, seconds=60, reserve=10),)),
    effects=(TRIGGER, AWAIT_DOCUMENT),
    actions=(
        ActionType(
            name="portant_generate_document",
            params="infra.platforms.portant.params:GenerateDocument",
            next_effect=plan,
            check=check,
            summary="Have a Portant workflow make a document from its template",
            guarantee="told by callback; else parked, never sent again",
            effects=(TRIGGER.name, AWAIT_DOCUMENT.name),
        ),
    ),
)
