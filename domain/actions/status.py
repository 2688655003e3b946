"""The life of an action: its statuses and the one table of legal changes."""

from enum import StrEnum


class ActionStatus(StrEnum):
    """Where an action stands. `QUEUED` to `PARKED` are open; the rest are final."""

    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"
    RECONCILING = "reconciling"
    PARKED = "parked"
    SUCCEEDED = "succeeded"
    REJECTED = "rejected"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Nothing more will happen to it."""
        return not NEXT[self]

    @property
    def is_due_by_itself(self) -> bool:
        """The fleet carries it on without a person."""
        return not self.is_final and self is not ActionStatus.PARKED


_S = ActionStatus

NEXT: dict[ActionStatus, frozenset[ActionStatus]] = {
    _S.QUEUED: frozenset(
        {_S.RUNNING, _S.WAITING, _S.REJECTED, _S.CANCELLED, _S.SUCCEEDED, _S.PARKED}
    ),
    _S.RUNNING: frozenset(
        {_S.SUCCEEDED, _S.REJECTED, _S.WAITING, _S.RECONCILING, _S.PARKED, _S.CANCELLED}
    ),
    _S.WAITING: frozenset(
        {_S.RUNNING, _S.PARKED, _S.CANCELLED, _S.REJECTED, _S.SUCCEEDED, _S.RECONCILING}
    ),
    _S.RECONCILING: frozenset({_S.SUCCEEDED, _S.WAITING, _S.PARKED, _S.REJECTED, _S.CANCELLED}),
    _S.PARKED: frozenset({_S.RECONCILING, _S.WAITING, _S.REJECTED, _S.SUCCEEDED, _S.CANCELLED}),
    _S.SUCCEEDED: frozenset(),
    _S.REJECTED: frozenset(),
    _S.CANCELLED: frozenset(),
}


class IllegalTransition(Exception):  # noqa: N818 - named for what could not be
    """A status change the table does not have."""

    def __init__(self, before: ActionStatus, after: ActionStatus) -> None:
        super().__init__(
            f"an action that is {before.value} cannot become {after.value}; "
            f"it can become: {', '.join(sorted(NEXT[before])) or 'nothing, it is final'}"
        )


def advance(before: ActionStatus, after: ActionStatus) -> ActionStatus:
    """Return `after` when the table allows it; staying put is always allowed.

    Raises:
        IllegalTransition: the table has no such change.
    """
    if after is not before and after not in NEXT[before]:
        raise IllegalTransition(before, after)
    return after


class EffectState(StrEnum):
    """Where one effect of an action stands."""

    PENDING = "pending"  # certainly not done yet: new, deferred, or known absent
    STARTED = "started"  # an attempt is under way (or its process died: see the action's lease)
    UNKNOWN = "unknown"  # it may have happened; only a look-up or the same key may follow
    SUCCEEDED = "succeeded"
    REJECTED = "rejected"
    ABANDONED = "abandoned"  # known not to have happened, and given up

    @property
    def is_settled(self) -> bool:
        """Its outcome is known for good."""
        return self in _SETTLED


_SETTLED = frozenset({EffectState.SUCCEEDED, EffectState.REJECTED, EffectState.ABANDONED})
