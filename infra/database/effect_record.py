"""One effect as it is stored, and its outcome as JSON."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.actions.outcome import JsonObject, Rejected, Succeeded
from domain.actions.plan import Effect, Result
from domain.actions.status import EffectState
from infra.platform import Call


@dataclass(frozen=True, slots=True)
class EffectRecord:
    """One effect as stored, with the call it goes out in (when that has been frozen)."""

    id: UUID
    ordinal: int
    name: str
    inputs: JsonObject
    integration_id: UUID | None  # who carries it out, if not the action's own
    state: EffectState
    generation: int
    attempt: int
    lookups: int
    next_step: str
    stated_id: str | None
    outcome: JsonObject | None
    external_id: str | None
    created_at: datetime
    last_send_by: datetime | None
    call_id: UUID | None
    call: Call | None
    key: str | None
    first_sent_at: datetime | None
    repeatable: bool
    members: tuple[UUID, ...] = ()  # whose call it is, in the order of their elements
    batch_max: int | None = None

    @property
    def shares_its_call(self) -> bool:
        """Did it last go out together with others?"""
        return len(self.members) > 1

    @property
    def is_taken_apart(self) -> bool:
        """Is it to be repeated in a call of its own, where it last went out together with others?

        Who may share no call shares none when it is sent: this is said only after a refused repeat.
        """
        return self.shares_its_call and self.batch_max == 1

    @property
    def is_in_doubt(self) -> bool:
        """It may have happened: its outcome is unknown, or somebody has said under which id."""
        if self.state in {EffectState.UNKNOWN, EffectState.STARTED}:
            return True
        return self.state is EffectState.PENDING and self.stated_id is not None

    @classmethod
    def new(cls, effect_id: UUID, ordinal: int, planned: Effect, now: datetime) -> "EffectRecord":
        """Describe an effect nothing has been done about yet."""
        return cls(
            id=effect_id,
            ordinal=ordinal,
            name=planned.name,
            inputs=planned.inputs,
            integration_id=planned.integration_id,
            state=EffectState.PENDING,
            generation=1,
            attempt=0,
            lookups=0,
            next_step="send",
            stated_id=None,
            outcome=None,
            external_id=None,
            created_at=now,
            last_send_by=None,
            call_id=None,
            call=None,
            key=None,
            first_sent_at=None,
            repeatable=True,
        )

    def settled(self) -> Result:
        """Its result, for the plan. Only for a settled effect."""
        return Result(self.name, self.inputs, outcome_of(self.outcome or {}))


def outcome_of(stored: Mapping[str, Any]) -> Succeeded | Rejected:
    """Read a settled outcome back from its stored form."""
    if stored.get("kind") == "succeeded":
        return Succeeded(stored.get("result") or {}, stored.get("external_id"))
    return Rejected(
        stored.get("code", "abandoned"), stored.get("message", ""), stored.get("details") or {}
    )


def stored_form(outcome: Succeeded | Rejected) -> dict[str, Any]:
    """Write a settled outcome as plain JSON."""
    if isinstance(outcome, Succeeded):
        result, external_id = dict(outcome.result), outcome.external_id
        return {"kind": "succeeded", "result": result, "external_id": external_id}
    return {
        "kind": "rejected",
        "code": outcome.code,
        "message": outcome.message,
        "details": dict(outcome.details),
    }
