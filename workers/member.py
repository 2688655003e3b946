"""An action that may take part in a call: what it would do next, and its part of the call."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import uuid4

from domain.actions.outcome import Deferred, Outcome, Succeeded, Unknown
from domain.actions.plan import Effect
from domain.actions.status import EffectState
from infra.database.actions import ActionRecord
from infra.database.effect_record import EffectRecord
from infra.database.engine import Transaction
from infra.platform import Call, Preparation
from workers.conclude import Decisions, Following
from workers.fleet import Fleet

LOOK_AGAIN = timedelta(minutes=5)
"""How often an action looks whether the other integration it needs has been reconnected."""

Step = Literal["send", "repeat", "look_up"]


class Member:
    """One action inside the transaction that begins a call."""

    def __init__(self, fleet: Fleet, tx: Transaction, action: ActionRecord, now: datetime) -> None:
        self.fleet, self.tx, self.action, self.now = fleet, tx, action, now
        self.turn = Decisions(fleet, tx, action, now)

    def new(self, planned: Effect) -> Following:
        """What follows when the plan names a new effect."""
        _, kind = self.fleet.catalogue.effect(planned.name)
        return Following(uuid4(), kind, planned, None, len(self.turn.effects))

    def again(self, current: EffectRecord) -> Following:
        """What follows when an effect is open."""
        _, kind = self.fleet.catalogue.effect(current.name)
        planned = Effect(current.name, current.inputs, current.integration_id)
        return Following(current.id, kind, planned, current, current.ordinal)

    def next_to_send(self) -> Following | None:
        """What it would send next; None when something else comes first."""
        current = self.turn.open_effect
        if current is None:
            planned = self.turn.plan()
            return self.new(planned) if isinstance(planned, Effect) else None
        # One that a sync has seen is fetched first.
        if current.state is EffectState.PENDING and current.stated_id is None:
            return self.again(current)
        return None

    def queue(self, following: Following) -> str:
        """Return whose workers carry it out: its platform's, and the action's own for the rest."""
        platform, kind = self.fleet.catalogue.effect(following.planned.name)
        action_type = self.action.request.action_type
        if kind.queue is not None:
            return kind.queue
        if platform is not self.fleet.catalogue.platform_of(action_type):
            return platform.queues[0]
        return self.fleet.catalogue.queue_of(action_type)

    def frozen(self, following: Following, step: Step) -> Call | Outcome:
        """Return its call: as it was stored, or as its effect prepares it now.

        What went out together with others is prepared anew when it certainly did not happen, or is
        to be repeated by itself. Without a call, and with nothing to say yet, a person's word
        stands.
        """
        integration = self.turn.carrier(following.planned.integration_id).integration
        if integration.status != "active":  # another one than the action's, which was looked at
            words = f"its {integration.platform} integration is {integration.status}: reconnect it"
            return Deferred("integration_paused", words, self.now + LOOK_AGAIN)
        stored = following.stored
        if stored is not None and stored.call is not None:
            anew = step == "send" or (step == "repeat" and stored.is_taken_apart)
            if not stored.shares_its_call or not anew:
                return stored.call
        prepared = following.kind.prepare(
            Preparation(
                tx=self.tx,
                request=self.action.request,
                integration=integration,
                effect_id=following.effect_id,
                inputs=following.planned.inputs,
                known=self.turn.known,
                now=self.now,
                public_url=self.fleet.settings.public_url,
            )
        )
        said = None if stored is None else stored.stated_id
        if isinstance(prepared, Deferred | Unknown) and said is not None:
            return Succeeded({}, external_id=said)
        return prepared


@dataclass(frozen=True, slots=True)
class Part:
    """A member's part of a call."""

    member: Member
    following: Following
    call: Call
