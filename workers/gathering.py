"""Who goes out together with an action that is being begun: what is due anyway, never waited for.

A fellow that does not fit, is refused or fails is left exactly as it was, for a turn of its own.
"""

import time
from collections.abc import Iterator, Sequence
from uuid import UUID

from sqlalchemy.exc import OperationalError

from domain.actions.status import EffectState
from infra.database import fellows, outbox
from infra.database.actions import ActionRecord
from infra.database.effect_record import EffectRecord
from infra.logging import logger
from infra.platform import Batch, Call
from workers.conclude import Following
from workers.member import Member, Part, Step

WITHIN_S = 2.0
"""How long looking for fellows may take: the leader waits for it."""

LOOKS_MAX = 6
"""How often fellows are looked for while there is room: some of those due have come less far."""

Fellow = tuple[Member, Following]


class Gathering:
    """The fellows of one leader; none for an effect that goes out by itself.

    Those in `passed_over` were looked at and held meanwhile: a doorbell of theirs may have found
    them held and be lost.
    """

    def __init__(self, leader: Member, following: Following, step: Step) -> None:
        self.leader, self.following, self.step = leader, following, step
        self.passed_over: set[UUID] = set()
        batch = following.kind.batch
        self.fellows: list[Fellow] = [] if batch is None else list(self._found(batch))
        if self.fellows and step == "send":
            everybody = (leader, *(member for member, _ in self.fellows))
            deals = {one.action.request.deal_id for one in everybody}
            outbox.lock_deals(leader.tx, [deal for deal in deals if deal is not None])

    def parts(self, call: Call) -> Iterator[Part]:
        """Freeze the fellows' parts; after the leader's `call`, whose amounts come first."""
        calls = [call]
        for member, following in self.fellows:
            try:
                with member.tx.begin_nested() as savepoint:
                    call_too = member.frozen(following, self.step)
                    if not isinstance(call_too, Call) or not self._fits(calls, call_too):
                        savepoint.rollback()
                        self.passed_over.add(member.action.request.action_id)
                        continue
            except OperationalError:
                raise
            except Exception:  # noqa: BLE001 - its own turn meets the error and deals with it
                logger().exception("a fellow could not be prepared")
                self.passed_over.add(member.action.request.action_id)
                continue
            calls.append(call_too)
            yield Part(member, following, call_too)

    def _fits(self, calls: Sequence[Call], another: Call) -> bool:
        batch = self.following.kind.batch
        return self.step != "send" or batch is None or batch.fits(calls, another)

    def _found(self, batch: Batch) -> Iterator[Fellow]:
        leader, stored = self.leader, self.following.stored
        if self.step == "send":
            yield from self._due_too(batch)
        elif stored is None:
            return
        elif self.step == "look_up" and stored.stated_id is None:
            name, room = self.following.kind.name, batch.size - 1
            for one in fellows.looked_for_too(leader.tx, leader.action, name, room, leader.now):
                yield from self._in_doubt(one)
        elif stored.is_taken_apart:
            return
        elif self.step == "repeat" and stored.shares_its_call and stored.call_id is not None:
            for one in fellows.of_the_call(leader.tx, leader.action, stored.call_id):
                yield from self._in_doubt(one)

    def _in_doubt(self, action: ActionRecord) -> Iterator[Fellow]:
        member = self._member(action)
        current = member.turn.open_effect
        if current is None or current.name != self.following.kind.name:
            return
        if self.leader.now - current.created_at > 2 * self.following.kind.retry.age_max:
            return
        if current.state is EffectState.STARTED:  # its lease is void
            member.turn.tell_interrupted(current)
        yield member, member.again(current)

    def _due_too(self, batch: Batch) -> Iterator[Fellow]:
        until = time.monotonic() + WITHIN_S
        name, leader = self.following.kind.name, self.leader
        types = [a.name for a in leader.fleet.catalogue.actions.values() if name in a.batched]
        seen: list[ActionRecord] = []
        taken, room = 1, _bound(batch, self.following.stored)
        for _ in range(LOOKS_MAX):
            ids = [one.request.action_id for one in seen]
            wanted = room - taken if time.monotonic() < until else 0
            more = fellows.due_too(leader.tx, leader.action, types, wanted, leader.now, ids)
            seen += more
            self.passed_over |= {one.request.action_id for one in more}
            for fellow in filter(None, map(self._fitting, more)):
                bound = min(room, _bound(batch, fellow[1].stored))
                if taken < bound:
                    taken, room = taken + 1, bound
                    self.passed_over.discard(fellow[0].action.request.action_id)
                    yield fellow
            if not more:
                return

    def _fitting(self, action: ActionRecord) -> Fellow | None:
        """Return it when what it would send next is what the leader sends, to the same tenant."""
        member = self._member(action)
        try:
            with member.tx.begin_nested():
                following = member.next_to_send()
        except OperationalError:
            raise
        except Exception:  # noqa: BLE001 - its own turn meets the error and deals with it
            return None
        if following is None or following.kind.name != self.following.kind.name:
            return None
        carriers = {following.planned.integration_id, self.following.planned.integration_id}
        same_queue = member.queue(following) == self.leader.action.queue
        return (member, following) if same_queue and len(carriers) == 1 else None

    def _member(self, action: ActionRecord) -> Member:
        return Member(self.leader.fleet, self.leader.tx, action, self.leader.now)


def _bound(batch: Batch, stored: EffectRecord | None) -> int:
    """Return how many may share its call."""
    return min(batch.size, (stored and stored.batch_max) or batch.size)
