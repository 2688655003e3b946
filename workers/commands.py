"""What a person may do to an action. Everything is recorded with who did it.

`seen` is the action's latest transition as the person saw it (`transition` of
`infra.database.views.actions`): where it has moved on since, nothing is done.
"""

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.actions.status import ActionStatus, EffectState
from infra.database import actions, audit, effects, log
from infra.database.audit import Deed, Subject
from infra.database.effect_record import EffectRecord
from infra.database.engine import Transaction
from infra.envelope import Envelope, Problem, Refused
from infra.wire import read_params
from workers.fleet import Fleet
from workers.log_rows import revealed_row
from workers.turn import Turn


class NotPossible(Exception):  # noqa: N818 - named for what could not be
    """The command does not fit the action's state; the message says what would.

    `problems` are those of edited params, by field.
    """

    def __init__(self, words: str, problems: Iterable[Problem] = ()) -> None:
        super().__init__(words)
        self.problems = tuple(problems)


class MovedOn(NotPossible):
    """The action is no longer as the person saw it."""


def resume(  # noqa: PLR0913 - what a person may state
    fleet: Fleet,
    action_id: UUID,
    *,
    who: str,
    params: Mapping[str, Any] | None = None,
    happened: str | None = None,
    did_not_happen: bool = False,
    seen: int | None = None,
) -> str:
    """Let a parked or waiting action go on; returns a sentence on what happens next.

    `happened` (the platform's id) and `did_not_happen` state the fate of an unknown effect;
    `params` edits the request first, which is refused while an effect's outcome is unknown.

    Raises:
        NotPossible: it is final, running, or the statement does not fit.
    """
    now = fleet.now()
    with fleet.database.transaction() as tx, ExitStack() as stack:
        turn = stack.enter_context(_turn(fleet, tx, action_id, now, seen))
        if turn.action.status not in {ActionStatus.PARKED, ActionStatus.WAITING}:
            raise NotPossible(
                f"it is {turn.action.status.value}: only parked or waiting ones resume"
            )
        effect = turn.open_effect
        if effect is not None and effect.is_in_doubt:
            if params is not None:
                words = "its effect's outcome is unknown; say first whether it happened"
                raise NotPossible(words)
            said = _resume_unknown(turn, effect, who, happened, did_not_happen=did_not_happen)
            stated = {"happened": happened, "did_not_happen": did_not_happen}
            return _recorded(turn, "resume", who, said, stated)
        if happened is not None or did_not_happen:
            raise NotPossible("nothing about it is unknown: resume it without a statement")
        details: dict[str, Any] = {}
        if params is not None:
            details = {"before": turn.action.request.params, "after": _edit(fleet, turn, params)}
        if effect is not None:
            turn.note(effect, attempt=0, created_at=now)
        turn.move(ActionStatus.WAITING, by=who, reason=f"resumed by {who}")
        command = "resume" if params is None else "edit"
        return _recorded(turn, command, who, "it goes on at once", details)


def _resume_unknown(
    turn: Turn, effect: EffectRecord, who: str, happened: str | None, *, did_not_happen: bool
) -> str:
    if happened is not None and did_not_happen:
        raise NotPossible("it cannot both have happened and not have happened")
    if did_not_happen:
        _did_not_happen(turn, effect)
        turn.move(ActionStatus.WAITING, by=who, reason=f"{who} states that it did not happen")
        return "it is carried out again, under a new key"
    # Resumed without a statement, an earlier one (a typo, say) is taken back.
    turn.note(effect, next_step="look_up", created_at=turn.now, stated_id=happened)
    said = f"{who} states that it happened as {happened}" if happened else f"resumed by {who}"
    turn.move(ActionStatus.RECONCILING, by=who, reason=said)
    return "the platform is asked about it first"


def _did_not_happen(turn: Turn, effect: EffectRecord) -> None:
    turn.note(
        effect,
        state=EffectState.PENDING.value,
        next_step="send",
        generation=effect.generation + 1,
        attempt=0,
        created_at=turn.now,
        stated_id=None,
    )


def _edit(fleet: Fleet, turn: Turn, params: Mapping[str, Any]) -> Mapping[str, Any]:
    if turn.has_changed_something:
        words = "it has already changed something at the platform; submit a new request"
        raise NotPossible(words)
    request = turn.action.request
    envelope = Envelope(
        id=None,
        integration_id=request.integration_id,
        action_type=request.action_type,
        params=dict(params),
        data={},
        deal_id=request.deal_id,
        requested_by=None,
    )
    try:
        checked = read_params(fleet.catalogue, envelope)
    except Refused as refused:
        words = f"the edited params are refused: {refused}"
        raise NotPossible(words, refused.problems) from refused
    declared = fleet.catalogue.actions[request.action_type]
    problems = declared.check(turn.tx, replace(request, params=checked))
    if problems:
        words = "; ".join(f"{path}: {problem}" for path, problem in problems)
        found = [Problem(path, problem) for path, problem in problems]
        raise NotPossible(f"the edited params are refused: {words}", found)
    turn.abandon_open_effect()  # what it had frozen and reserved was for the old params
    for effect in turn.effects:  # as was what it had read and tried: the plan starts afresh
        turn.note(effect, state=EffectState.ABANDONED.value)
    actions.edit(turn.tx, request.action_id, checked)
    return checked


def give_up(  # noqa: PLR0913 - what a person may state
    fleet: Fleet,
    action_id: UUID,
    *,
    who: str,
    happened: str | None = None,
    did_not_happen: bool = False,
    seen: int | None = None,
) -> str:
    """End a parked or waiting action as rejected; what already happened stays (`partial`).

    Raises:
        NotPossible: it is final or running, or an effect's outcome is unknown and nothing is said.
    """
    with fleet.database.transaction() as tx, ExitStack() as stack:
        turn = stack.enter_context(_turn(fleet, tx, action_id, fleet.now(), seen))
        if turn.action.status not in {ActionStatus.PARKED, ActionStatus.WAITING}:
            words = f"it is {turn.action.status.value}: only parked or waiting ones can be given up"
            raise NotPossible(words)
        effect = turn.open_effect
        unknown = effect is not None and effect.is_in_doubt
        if unknown and happened is None and not did_not_happen:
            words = "its effect may have happened: say --happened ID or --did-not-happen"
            raise NotPossible(words)
        if not unknown and (happened is not None or did_not_happen):
            raise NotPossible("nothing about it is unknown: give it up without a statement")
        if happened is not None and did_not_happen:
            raise NotPossible("it cannot both have happened and not have happened")
        if effect is not None and happened is not None:
            # It is brought home like any other success; what would follow is then cancelled.
            _resume_unknown(turn, effect, who, happened, did_not_happen=False)
            actions.request_cancel(tx, action_id, who)
            said = "the platform is asked for it, its outcome is kept, and nothing further is done"
            return _recorded(turn, "give_up", who, said, {"happened": happened})
        turn.abandon_open_effect()
        turn.reject("given_up", f"given up by {who}", {}, by=who)
        said, stated = "it is rejected; nothing more will be done", {"did_not_happen": unknown}
        return _recorded(turn, "give_up", who, said, stated)


def cancel(fleet: Fleet, action_id: UUID, *, who: str, seen: int | None = None) -> str:
    """Stop what is left of an action; undo nothing.

    Raises:
        NotPossible: it is final, or parked with an unknown outcome.
    """
    with fleet.database.transaction() as tx, ExitStack() as stack:
        turn = stack.enter_context(_turn(fleet, tx, action_id, fleet.now(), seen))
        effect = turn.open_effect
        unknown = effect is not None and effect.is_in_doubt
        if turn.action.status is ActionStatus.PARKED and unknown:
            words = "its effect may have happened: resume it, or give it up with a statement"
            raise NotPossible(words)
        if unknown or turn.action.status is ActionStatus.RUNNING:
            actions.request_cancel(tx, action_id, who)
            said = "it is under way: it stops before its next effect"
            return _recorded(turn, "cancel", who, said)
        turn.cancel(who)
        return _recorded(turn, "cancel", who, "it is cancelled")


def _turn(fleet: Fleet, tx: Transaction, action_id: UUID, now: datetime, seen: int | None) -> Turn:
    action = actions.lock(tx, action_id)
    if action is None:
        raise NotPossible(f"there is no action {action_id} (or it was refused at intake)")
    if action.status.is_final:
        raise NotPossible(f"it is {action.status.value} already")
    if seen is not None and seen != actions.latest_transition(tx, action_id):
        raise MovedOn(f"it has moved on since you saw it, and is {action.status.value} now")
    return Turn(fleet, tx, action, now)


def _recorded(
    turn: Turn, command: str, who: str, said: str, details: Mapping[str, Any] | None = None
) -> str:
    request = turn.action.request
    subject = Subject("action", request.action_id, request.workspace_id)
    audit.record(turn.tx, subject, Deed(command, who, said, details or {}), turn.now)
    return said


def reveal(fleet: Fleet, action_id: UUID, *, who: str) -> dict[str, Any]:
    """Return what the action's effects brought for its asker alone; that it was shown is logged."""
    now = fleet.now()
    with fleet.database.transaction() as tx:
        sealed = effects.secrets(tx, action_id)
        log.write(tx, [revealed_row(action_id, effect_id, who, now) for effect_id, _, _ in sealed])
    return {
        name: value for _, _, secret in sealed for name, value in fleet.vault.unlock(secret).items()
    }
