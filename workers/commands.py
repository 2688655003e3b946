"""What a person may do to an action or a dead letter. Everything is recorded with who did it."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.actions.status import ActionStatus, EffectState
from infra.database import actions, dead_letters, effects, log
from infra.database.effect_record import EffectRecord
from infra.database.engine import Transaction
from infra.envelope import Envelope, Refused
from infra.wire import read_params
from workers.arrived import Arrived
from workers.fleet import Fleet
from workers.intake import take_in
from workers.log_rows import revealed_row
from workers.turn import Turn


class NotPossible(Exception):  # noqa: N818 - named for what could not be
    """The command does not fit the action's state; the message says what would."""


def resume(  # noqa: PLR0913 - what a person may state
    fleet: Fleet,
    action_id: UUID,
    *,
    who: str,
    params: Mapping[str, Any] | None = None,
    happened: str | None = None,
    did_not_happen: bool = False,
) -> str:
    """Let a parked or waiting action go on; returns a sentence on what happens next.

    `happened` (the platform's id) and `did_not_happen` state the fate of an unknown effect;
    `params` edits the request first, which is refused while an effect's outcome is unknown.

    Raises:
        NotPossible: it is final, running, or the statement does not fit.
    """
    now = fleet.now()
    with fleet.database.transaction() as tx, ExitStack() as stack:
        turn = stack.enter_context(_turn(fleet, tx, action_id, now))
        if turn.action.status not in {ActionStatus.PARKED, ActionStatus.WAITING}:
            raise NotPossible(
                f"it is {turn.action.status.value}: only parked or waiting ones resume"
            )
        effect = turn.open_effect
        if effect is not None and effect.is_in_doubt:
            if params is not None:
                words = "its effect's outcome is unknown; say first whether it happened"
                raise NotPossible(words)
            return _resume_unknown(turn, effect, who, happened, did_not_happen=did_not_happen)
        if happened is not None or did_not_happen:
            raise NotPossible("nothing about it is unknown: resume it without a statement")
        if params is not None:
            _edit(fleet, turn, params)
        if effect is not None:
            turn.note(effect, attempt=0, created_at=now)
        _move(turn, ActionStatus.WAITING, who, f"resumed by {who}")
    return "it goes on at once"


def _resume_unknown(
    turn: Turn, effect: EffectRecord, who: str, happened: str | None, *, did_not_happen: bool
) -> str:
    if happened is not None and did_not_happen:
        raise NotPossible("it cannot both have happened and not have happened")
    if did_not_happen:
        _did_not_happen(turn, effect)
        _move(turn, ActionStatus.WAITING, who, f"{who} states that it did not happen")
        return "it is carried out again, under a new key"
    # Resumed without a statement, an earlier one (a typo, say) is taken back.
    turn.note(effect, next_step="look_up", created_at=turn.now, stated_id=happened)
    said = f"{who} states that it happened as {happened}" if happened else f"resumed by {who}"
    _move(turn, ActionStatus.RECONCILING, who, said)
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


def _edit(fleet: Fleet, turn: Turn, params: Mapping[str, Any]) -> None:
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
        raise NotPossible(f"the edited params are refused: {refused}") from refused
    declared = fleet.catalogue.actions[request.action_type]
    problems = declared.check(turn.tx, replace(request, params=checked))
    if problems:
        words = "; ".join(f"{path}: {problem}" for path, problem in problems)
        raise NotPossible(f"the edited params are refused: {words}")
    turn.abandon_open_effect()  # what it had frozen and reserved was for the old params
    for effect in turn.effects:  # as was what it had read and tried: the plan starts afresh
        turn.note(effect, state=EffectState.ABANDONED.value)
    actions.edit(turn.tx, request.action_id, checked)


def give_up(
    fleet: Fleet,
    action_id: UUID,
    *,
    who: str,
    happened: str | None = None,
    did_not_happen: bool = False,
) -> str:
    """End a parked or waiting action as rejected; what already happened stays (`partial`).

    Raises:
        NotPossible: it is final or running, or an effect's outcome is unknown and nothing is said.
    """
    with fleet.database.transaction() as tx, ExitStack() as stack:
        turn = stack.enter_context(_turn(fleet, tx, action_id, fleet.now()))
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
            return "the platform is asked for it, its outcome is kept, and nothing further is done"
        turn.abandon_open_effect()
        turn.reject("given_up", f"given up by {who}", {}, by=who)
    return "it is rejected; nothing more will be done"


def cancel(fleet: Fleet, action_id: UUID, *, who: str) -> str:
    """Stop what is left of an action; undo nothing.

    Raises:
        NotPossible: it is final, or parked with an unknown outcome.
    """
    with fleet.database.transaction() as tx, ExitStack() as stack:
        turn = stack.enter_context(_turn(fleet, tx, action_id, fleet.now()))
        effect = turn.open_effect
        unknown = effect is not None and effect.is_in_doubt
        if turn.action.status is ActionStatus.PARKED and unknown:
            words = "its effect may have happened: resume it, or give it up with a statement"
            raise NotPossible(words)
        if unknown or turn.action.status is ActionStatus.RUNNING:
            actions.request_cancel(tx, action_id, who)
            return "it is under way: it stops before its next effect"
        turn.cancel(who)
    return "it is cancelled"


def _turn(fleet: Fleet, tx: Transaction, action_id: UUID, now: datetime) -> Turn:
    action = actions.lock(tx, action_id)
    if action is None:
        raise NotPossible(f"there is no action {action_id} (or it was refused at intake)")
    if action.status.is_final:
        raise NotPossible(f"it is {action.status.value} already")
    return Turn(fleet, tx, action, now)


def _move(turn: Turn, status: ActionStatus, who: str, reason: str) -> None:
    turn.move(status, by=who, reason=reason)


def requeue(fleet: Fleet, dead_letter_id: UUID, *, who: str) -> str:
    """Take a dead letter in again, as it is (after what made it unreadable was mended).

    Raises:
        NotPossible: there is no such open dead letter, or it is still unreadable.
    """
    now = fleet.now()
    with fleet.database.transaction() as tx:
        letter = dead_letters.find(tx, dead_letter_id)
        if letter is None:
            raise NotPossible(f"there is no open dead letter {dead_letter_id}")
        if letter.source not in {"celery", "plain"}:
            raise NotPossible(f"a message of source {letter.source!r} is no request")
        before = dead_letters.times_kept(tx, letter)
    identity = letter.headers.get("message_id")
    take_in(fleet, [Arrived(letter.body, letter.headers, letter.source, identity)])
    with fleet.database.transaction() as tx:
        kept_again = dead_letters.times_kept(tx, letter) != before
        if not kept_again:
            dead_letters.settle(tx, dead_letter_id, who=who, how="requeued", now=now)
    if kept_again:
        raise NotPossible("it was taken in again and is still unreadable: it stays here")
    return "it was taken in"


def discard(fleet: Fleet, dead_letter_id: UUID, *, who: str) -> str:
    """Close a dead letter; it stays on record.

    Raises:
        NotPossible: there is no such open dead letter.
    """
    with fleet.database.transaction() as tx:
        now = fleet.now()
        if not dead_letters.settle(tx, dead_letter_id, who=who, how="discarded", now=now):
            raise NotPossible(f"there is no open dead letter {dead_letter_id}")
    return "it is discarded (and kept on record)"


def reveal(fleet: Fleet, action_id: UUID, *, who: str) -> dict[str, Any]:
    """Return what the action's effects brought for its asker alone; that it was shown is logged."""
    now = fleet.now()
    with fleet.database.transaction() as tx:
        sealed = effects.secrets(tx, action_id)
        log.write(tx, [revealed_row(action_id, effect_id, who, now) for effect_id, _, _ in sealed])
    return {
        name: value for _, _, secret in sealed for name, value in fleet.vault.unlock(secret).items()
    }
