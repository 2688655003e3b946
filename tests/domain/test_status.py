"""The table of statuses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.actions.status import NEXT, ActionStatus, EffectState, IllegalTransition, advance

statuses = st.sampled_from(ActionStatus)


@given(statuses, statuses)
def test_only_what_the_table_has_is_possible(before: ActionStatus, after: ActionStatus) -> None:
    if after is before or after in NEXT[before]:
        assert advance(before, after) is after
    else:
        with pytest.raises(IllegalTransition, match=before.value):
            advance(before, after)


@given(st.lists(statuses, max_size=30))
def test_no_path_leaves_a_final_status(path: list[ActionStatus]) -> None:
    status = ActionStatus.QUEUED
    for wanted in path:
        was_final = status.is_final
        before = status
        try:
            status = advance(status, wanted)
        except IllegalTransition:
            continue
        assert not was_final or status is before


def test_every_status_is_in_the_table() -> None:
    assert set(NEXT) == set(ActionStatus)
    finals = {s for s in ActionStatus if s.is_final}
    assert finals == {ActionStatus.SUCCEEDED, ActionStatus.REJECTED, ActionStatus.CANCELLED}


def test_a_parked_action_never_moves_by_itself() -> None:
    assert not ActionStatus.PARKED.is_due_by_itself
    assert ActionStatus.RUNNING not in NEXT[ActionStatus.PARKED]


def test_effects_of_unknown_outcome_are_not_settled() -> None:
    assert not EffectState.UNKNOWN.is_settled
    assert EffectState.ABANDONED.is_settled
