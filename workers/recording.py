"""Writing down a call before it goes out: whose it is, its bytes, its key, and who carries it."""

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from domain.actions.status import ActionStatus, EffectState
from infra.database import actions, calls, effects
from infra.database.effect_record import EffectRecord
from infra.database.writes import write
from infra.platform import Call, Sent
from workers.attempt import Attempt
from workers.member import Part, Step


def record(parts: Sequence[Part], step: Step, owner: UUID) -> list[Attempt]:
    """Mark every part's effect as started (the first one leads), and its action as carried.

    The time by which it must be sent counts from here: preparing many takes a while.
    """
    settings = parts[0].member.fleet.settings
    at, monotonic = parts[0].member.fleet.now(), time.monotonic()
    send_by = at + timedelta(seconds=settings.send_within_s)
    started = _started(parts, step, send_by)
    lease_until = at + timedelta(seconds=settings.lease_s)
    for part, effect in zip(parts, started, strict=True):
        _write(part, effect, started, step, (owner, lease_until))
    return [
        Attempt(
            action=part.member.action,
            token=part.member.action.lease_token + 1,
            effects=(*(e for e in part.member.turn.effects if e.id != effect.id), effect),
            kind=part.following.kind,
            carrier=part.member.turn.carrier(effect.integration_id),
            step=step,
            number=effect.lookups if step == "look_up" else effect.attempt,
            sent=_sent(part, effect),
            send_by=send_by,
            send_by_monotonic=monotonic + settings.send_within_s,
            started_at=part.member.now,
        )
        for part, effect in zip(parts, started, strict=True)
    ]


def _started(parts: Sequence[Part], step: Step, send_by: datetime) -> list[EffectRecord]:
    """Describe the effects as this attempt starts them."""
    before = [
        part.following.stored
        or EffectRecord.new(
            part.following.effect_id,
            part.following.ordinal,
            part.following.planned,
            part.member.now,
        )
        for part in parts
    ]
    if step == "look_up":
        return [replace(was, lookups=was.lookups + 1) for was in before]
    if step == "repeat":  # never re-formed: the same bytes under the same key
        tried = [
            _apart(part, was) if was.is_taken_apart else replace(was, state=EffectState.UNKNOWN)
            for part, was in zip(parts, before, strict=True)
        ]
    elif len(parts) == 1:
        tried = [_alone(parts[0], before[0])]
    else:
        tried = _together(parts, before)
    return [replace(one, attempt=one.attempt + 1, last_send_by=send_by) for one in tried]


def _alone(part: Part, was: EffectRecord) -> EffectRecord:
    tenant = part.member.turn.carrier(was.integration_id).integration.tenant_key
    key = f"{tenant}:{was.id}:{was.generation}"
    started = replace(was, state=EffectState.STARTED, call=part.call, members=(was.id,))
    if was.key == key and was.first_sent_at is not None:
        return started
    changes = part.following.kind.guarantee.changes
    return replace(
        started,
        key=key,
        call_id=uuid4() if changes else was.call_id,
        first_sent_at=part.member.now,
        repeatable=True,
    )


def _apart(part: Part, was: EffectRecord) -> EffectRecord:
    """Give one of a shared call a call of its own; its window still counts from the first send."""
    own = _alone(part, was)
    return replace(own, state=EffectState.UNKNOWN, first_sent_at=was.first_sent_at)


def _together(parts: Sequence[Part], before: Sequence[EffectRecord]) -> list[EffectRecord]:
    batch, call_id = parts[0].following.kind.batch, uuid4()
    if batch is None:
        raise AssertionError("only what is declared to may share a call")
    tenant = parts[0].member.turn.carrier(before[0].integration_id).integration.tenant_key
    merged = batch.merge([part.call for part in parts])
    members = tuple(was.id for was in before)
    return [
        replace(
            was,
            state=EffectState.STARTED,
            call=replace(merged, context=part.call.context),
            members=members,
            key=f"{tenant}:{call_id}",
            call_id=call_id,
            first_sent_at=part.member.now,
            repeatable=True,
        )
        for part, was in zip(parts, before, strict=True)
    ]


def _write(
    part: Part,
    effect: EffectRecord,
    started: Sequence[EffectRecord],
    step: Step,
    lease: tuple[UUID, datetime],
) -> None:
    member, stored, leads = part.member, part.following.stored, effect is started[0]
    carrier = member.turn.carrier(effect.integration_id)
    writes = []
    is_new = stored is None or stored.call_id != effect.call_id
    if leads and is_new and effect.call_id is not None:
        tenant = carrier.integration.tenant_key
        writes.append(calls.frozen(started, carrier.platform.name, tenant))
    if stored is None:
        action_id, key = member.action.request.action_id, carrier.budget_key
        writes.append(effects.added(effect, action_id, key, in_flight=leads))
    else:
        writes.append(effects.started(effect, in_flight=leads))
    status = ActionStatus.RUNNING if step == "send" else ActionStatus.RECONCILING
    writes.append(actions.leased(member.action, status, *lease, led=not leads))
    write(member.tx, writes)


def _sent(part: Part, effect: EffectRecord) -> Sent:
    shared = effect.shares_its_call
    return Sent(
        effect_id=effect.id,
        request=part.member.action.request,
        inputs=effect.inputs,
        call=effect.call or Call("GET", ""),
        key=effect.key or "",
        # A look-up reaches back to the first generation: its call may have arrived late.
        first_sent_at=min(effect.first_sent_at or part.member.now, effect.created_at),
        stated_id=effect.stated_id,
        place=effect.members.index(effect.id) if shared else 0,
        of=len(effect.members) if shared else 1,
        # A person who lets it go on sets its attempts back; that it was sent before stays true.
        attempt=max(effect.attempt, effect.generation),
    )
