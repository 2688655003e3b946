"""One action inside one transaction: where it stands, and the ways it can end."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from functools import cached_property
from typing import Any, Self
from uuid import UUID

from domain.actions.outcome import Rejected, Succeeded
from domain.actions.plan import Done, Known, Refuse, Step
from domain.actions.retry import (
    Trial,
)
from domain.actions.status import ActionStatus, EffectState
from domain.events import Event, EventType
from infra.database import actions, effects, integrations, outbox
from infra.database.actions import ActionRecord
from infra.database.effect_record import EffectRecord
from infra.database.engine import Transaction
from infra.database.tables import OutboxRow
from infra.database.writes import Write, write
from infra.platform import Carrier, Settlement
from workers.fleet import Fleet

_TOLD = frozenset({EffectState.SUCCEEDED, EffectState.REJECTED})
_KNOWN = frozenset(field.name for field in fields(EffectRecord))


class Turn:
    """One action inside one transaction: its effects, and every way it can move on."""

    def __init__(  # noqa: PLR0913, PLR0917 - what is known already need not be read again
        self,
        fleet: Fleet,
        tx: Transaction,
        action: ActionRecord,
        now: datetime,
        known_effects: Sequence[EffectRecord] | None = None,
        carrier: Carrier | None = None,
    ) -> None:
        self.fleet, self.tx, self.action, self.now = fleet, tx, action, now
        # A queued action has none, and who holds the lease knows them: nobody else changes them.
        if known_effects is None and action.status is not ActionStatus.QUEUED:
            known_effects = effects.of_action(tx, action.request.action_id)
        self.effects = list(known_effects or ())
        self.writes: list[Write] = []
        self._changes: dict[UUID, dict[str, Any]] = {}
        self.moved_to: ActionStatus | None = None
        home = Carrier(fleet.catalogue.platform_of(action.request.action_type), action.integration)
        self._carriers = {c.integration.id: c for c in (home, carrier) if c is not None}

    @property
    def open_effect(self) -> EffectRecord | None:
        """The effect without a final outcome, if any: there is at most one, the last."""
        last = self.effects[-1] if self.effects else None
        return None if last is None or last.state.is_settled else last

    def carrier(self, integration_id: UUID | None) -> Carrier:
        """Who carries an effect out: the action's own integration (None), or another one.

        Raises:
            LookupError: there is none by that id in the workspace.
        """
        wanted = integration_id or self.action.integration.id
        if wanted not in self._carriers:
            found = integrations.find(self.tx, wanted)
            if found is None or found.workspace_id != self.action.request.workspace_id:
                raise LookupError(f"the workspace has no integration {wanted}")
            self._carriers[wanted] = Carrier(self.fleet.catalogue.platforms[found.platform], found)
        return self._carriers[wanted]

    @cached_property
    def known(self) -> Known:
        """What the plan may know beside request and results."""
        declared = self.fleet.catalogue.action(self.action.request.action_type)
        return declared.known(self.tx, self.action.request, self.action.integration)

    def plan(self) -> Step:
        """Ask the plan what comes next."""
        declared = self.fleet.catalogue.action(self.action.request.action_type)
        # An abandoned effect told the plan nothing: it was given up before it was done.
        results = tuple(effect.settled() for effect in self.effects if effect.state in _TOLD)
        return declared.next_effect(self.action.request, self.known, results)

    def trial(self, effect: EffectRecord) -> Trial:
        """Sum up the effect's past for `decide`."""
        return Trial(
            attempt=effect.attempt,
            lookups=effect.lookups,
            created_at=effect.created_at,
            first_sent_at=effect.first_sent_at,
            last_send_by=effect.last_send_by,
            repeatable=effect.repeatable,
            may_have_happened=effect.state is EffectState.UNKNOWN,
            shared=effect.shares_its_call and not effect.is_taken_apart,
        )

    def settlement(self, effect: EffectRecord, outcome: Succeeded | Rejected) -> Settlement:
        """Sum up the effect for its bookkeeping."""
        return Settlement(
            tx=self.tx,
            request=self.action.request,
            integration=self.carrier(effect.integration_id).integration,
            effect_id=effect.id,
            inputs=effect.inputs,
            context=effect.call.context if effect.call is not None else {},
            outcome=outcome,
            now=self.now,
        )

    def note(self, effect: EffectRecord, **changes: Any) -> None:
        """Change columns of an effect: known here at once, written with `flush`."""
        self._changes.setdefault(effect.id, {}).update(changes)
        known = {name: value for name, value in changes.items() if name in _KNOWN}
        if "state" in known:
            known["state"] = EffectState(known["state"])
        self.effects = [replace(e, **known) if e.id == effect.id else e for e in self.effects]

    def move(self, status: ActionStatus, **how: Any) -> None:
        """Give the action its next status (`infra.database.actions.moved`) with `flush`."""
        self.moved_to = status
        self.writes.append(actions.moved(self.action, status, now=self.now, **how))

    def flush(self) -> None:
        """Write everything noted so far, in one round trip."""
        changes = [effects.changed(key, **values) for key, values in self._changes.items()]
        writes, self.writes, self._changes = [*changes, *self.writes], [], {}
        write(self.tx, writes)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.flush()

    # --- the ends -----------------------------------------------------------------------------

    @property
    def has_changed_something(self) -> bool:
        """Has any effect that changes something outside succeeded?"""
        return any(
            effect.state is EffectState.SUCCEEDED
            and self.fleet.catalogue.effect(effect.name)[1].guarantee.changes
            for effect in self.effects
        )

    def end(self, step: Done | Refuse) -> None:
        """Finish the action as its plan says."""
        if isinstance(step, Done):
            self.move(ActionStatus.SUCCEEDED, result=step.result)
            self._tell(EventType.ACTION_SUCCEEDED, {"result": dict(step.result)})
            return
        refusal = step.rejection
        self.reject(refusal.code, refusal.message, dict(refusal.details))

    def reject(
        self, code: str, message: str, details: Mapping[str, Any], by: str = "fleet"
    ) -> None:
        """End it as refused; what already happened stays, and is said (`partial`)."""
        error = {"code": code, "message": message, **({"details": details} if details else {})}
        partial = self.has_changed_something
        self.move(
            ActionStatus.REJECTED,
            reason=message,
            error=error,
            partial=partial,
            by=by,
        )
        self._tell(EventType.ACTION_REJECTED, {"error": error, "partial": partial})

    def park(self, code: str, message: str) -> None:
        """Stop until a person decides, and say why."""
        error = {"code": code, "message": message}
        self.move(ActionStatus.PARKED, reason=message, error=error)
        self._tell(EventType.ACTION_PARKED, {"error": error})

    def cancel(self, who: str) -> None:
        """Stop what is left; undo nothing."""
        self.abandon_open_effect()
        partial = self.has_changed_something
        self.move(
            ActionStatus.CANCELLED,
            reason=f"cancelled by {who}",
            partial=partial,
            by=who,
        )
        self._tell(EventType.ACTION_CANCELLED, {"by": who, "partial": partial})

    def abandon_open_effect(self) -> None:
        """Give up an effect known not to have happened, and what was reserved for it."""
        effect = self.open_effect
        if effect is None:
            return
        _, kind = self.fleet.catalogue.effect(effect.name)
        self.note(effect, state=EffectState.ABANDONED.value, finished_at=self.now)
        if kind.abandon is not None:
            given_up = Rejected("abandoned", "given up before it was done")
            kind.abandon(self.settlement(effect, given_up))

    def hand_over(self, queue: str) -> None:
        """Let the workers of another queue go on."""
        self.move(ActionStatus.WAITING, queue=queue)

    def _tell(self, event: EventType, data: Mapping[str, Any]) -> None:
        request = self.action.request
        if self.fleet.catalogue.action(request.action_type).own:
            return  # telling how the telling went would never end
        told = {
            "action_id": str(request.action_id),
            "action_type": request.action_type,
            "integration_id": str(request.integration_id),
            "deal_id": None if request.deal_id is None else str(request.deal_id),
            **data,
        }
        fact = Event(event, str(request.action_id), told, request.workspace_id, request.deal_id)
        self.writes.append(Write(OutboxRow, outbox.row(self.tx, fact, self.now)))
