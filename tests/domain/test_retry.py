"""`decide`: an unknown outcome is never repeated blindly, and everything ends."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.actions.outcome import Absent, Blocks, Deferred, Rejected, Succeeded, Unknown
from domain.actions.retry import (
    AnyOutcome,
    Guarantee,
    LookUp,
    Park,
    Repeat,
    RetryPolicy,
    Settle,
    Trial,
    Wait,
    decide,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
WINDOW = timedelta(minutes=4)

outcomes = st.one_of(
    st.just(Succeeded()),
    st.just(Rejected("no", "no")),
    st.builds(
        Deferred,
        st.just("later"),
        st.just("later"),
        st.none() | st.timedeltas(timedelta(0), timedelta(days=1)).map(lambda d: NOW + d),
        st.sampled_from(Blocks),
    ),
    st.builds(Unknown, st.just("?"), st.just("?"), st.booleans()),
    st.just(Absent()),
)
guarantees = st.builds(
    Guarantee,
    changes=st.booleans(),
    deduplicates_for=st.none() | st.just(WINDOW),
    can_find=st.booleans(),
    settling=st.timedeltas(timedelta(0), timedelta(minutes=2)),
    on_unknown=st.just("park"),
    each_by_itself=st.booleans(),
)
past = st.timedeltas(timedelta(0), timedelta(days=3)).map(lambda ago: NOW - ago)
trials = st.builds(
    Trial,
    attempt=st.integers(1, 40),
    lookups=st.integers(0, 200),
    created_at=past,
    first_sent_at=st.none() | past,
    last_send_by=st.none() | past | st.just(NOW + timedelta(seconds=10)),
    repeatable=st.booleans(),
    may_have_happened=st.booleans(),
    shared=st.booleans(),
)
policies = st.builds(RetryPolicy, attempts_max=st.integers(1, 12))
jitters = st.floats(0, 1, exclude_max=True)


def _decide(outcome: AnyOutcome, trial: Trial, guarantee: Guarantee, jitter: float = 0.5) -> object:
    return decide(outcome, trial, guarantee, RetryPolicy(), NOW, jitter)


def _trial(**changed: object) -> Trial:
    values: dict[str, object] = {"attempt": 1, "lookups": 0, "created_at": NOW} | changed
    return Trial(**values)  # type: ignore[arg-type]


@given(outcomes, trials, guarantees, policies, jitters)
def test_what_may_have_happened_is_only_repeated_under_its_key_or_looked_up(
    outcome: AnyOutcome, trial: Trial, guarantee: Guarantee, policy: RetryPolicy, jitter: float
) -> None:
    decision = decide(outcome, trial, guarantee, policy, NOW, jitter)
    in_doubt = isinstance(outcome, Unknown) or (
        isinstance(outcome, Deferred | Rejected) and trial.may_have_happened
    )
    if guarantee.changes and in_doubt:
        assert not isinstance(decision, Wait | Settle)
    if isinstance(decision, Repeat):
        assert guarantee.deduplicates_for is not None
        assert trial.repeatable
        if trial.first_sent_at is not None:
            assert decision.at < trial.first_sent_at + guarantee.deduplicates_for
        if decision.alone:
            assert isinstance(outcome, Rejected)
            assert trial.shared
            assert guarantee.each_by_itself
    if isinstance(decision, LookUp):
        assert guarantee.can_find or isinstance(outcome, Absent)


@given(outcomes, trials, guarantees, policies, jitters)
def test_nothing_is_due_in_the_past(
    outcome: AnyOutcome, trial: Trial, guarantee: Guarantee, policy: RetryPolicy, jitter: float
) -> None:
    decision = decide(outcome, trial, guarantee, policy, NOW, jitter)
    if isinstance(decision, Wait | Repeat | LookUp):
        assert decision.at >= NOW


@given(trials, guarantees, jitters)
def test_absence_is_believed_only_after_the_settling_time(
    trial: Trial, guarantee: Guarantee, jitter: float
) -> None:
    decision = decide(Absent(), trial, guarantee, RetryPolicy(), NOW, jitter)
    settled = (trial.last_send_by or trial.created_at) + guarantee.settling
    assert isinstance(decision, LookUp) == (settled > NOW)
    if isinstance(decision, Wait):
        assert decision.new_generation


@given(jitters, guarantees)
def test_an_effect_that_keeps_failing_ends_parked(jitter: float, guarantee: Guarantee) -> None:
    policy = RetryPolicy(attempts_max=5)
    for attempt in range(1, 6):
        decision = decide(
            Deferred("busy", "busy"), _trial(attempt=attempt), guarantee, policy, NOW, jitter
        )
        assert isinstance(decision, Park) == (attempt == 5)


def test_a_timeout_inside_the_window_is_repeated_under_its_key() -> None:
    guarantee = Guarantee(deduplicates_for=WINDOW, can_find=True)
    trial = _trial(first_sent_at=NOW - timedelta(minutes=1))
    assert isinstance(_decide(Unknown("timeout", "no answer"), trial, guarantee), Repeat)


def test_a_timeout_after_the_window_is_looked_up() -> None:
    guarantee = Guarantee(deduplicates_for=WINDOW, can_find=True)
    trial = _trial(first_sent_at=NOW - WINDOW)
    assert isinstance(_decide(Unknown("timeout", "no answer"), trial, guarantee), LookUp)


def test_an_error_cached_under_the_key_is_looked_up_even_inside_the_window() -> None:
    guarantee = Guarantee(deduplicates_for=WINDOW, can_find=True)
    trial = _trial(first_sent_at=NOW)
    outcome = Unknown("http_500", "cached", repeatable=False)
    assert isinstance(_decide(outcome, trial, guarantee), LookUp)


def test_what_can_be_neither_found_nor_deduplicated_is_parked() -> None:
    assert isinstance(_decide(Unknown("?", "?"), _trial(), Guarantee(on_unknown="park")), Park)


def test_a_rate_limit_wait_is_honoured_exactly_and_never_uses_up_attempts() -> None:
    until = NOW + timedelta(hours=18)
    outcome = Deferred("daily", "daily limit", until, Blocks.TENANT)
    decision = _decide(outcome, _trial(attempt=1000), Guarantee())
    assert decision == Wait(until, "daily", "daily limit", Blocks.TENANT)


def test_refused_credentials_wait_for_a_reconnection_however_old_the_action() -> None:
    outcome = Deferred("invalid_grant", "reconnect", None, Blocks.CONNECTION)
    trial = _trial(created_at=NOW - timedelta(days=30))
    assert isinstance(_decide(outcome, trial, Guarantee()), Wait)


def test_an_unknown_read_is_simply_asked_again() -> None:
    assert isinstance(_decide(Unknown("?", "?"), _trial(), Guarantee(changes=False)), Wait)


def test_an_unsafe_guarantee_is_recognised() -> None:
    assert not Guarantee().is_safe
    assert Guarantee(changes=False).is_safe
    assert Guarantee(on_unknown="park").is_safe
    assert Guarantee(can_find=True).is_safe


@pytest.mark.parametrize(
    ("shared", "by_itself", "age", "follows"),
    [
        (True, True, timedelta(0), Repeat(NOW, alone=True)),
        (True, True, WINDOW, Park),
        (False, True, timedelta(0), Park),
        (True, False, timedelta(0), Park),
    ],
)
def test_a_refused_repeat_of_a_shared_call_is_taken_apart_where_that_is_safe(
    shared: bool,  # noqa: FBT001
    by_itself: bool,  # noqa: FBT001
    age: timedelta,
    follows: object,
) -> None:
    guarantee = Guarantee(deduplicates_for=WINDOW, on_unknown="park", each_by_itself=by_itself)
    trial = _trial(may_have_happened=True, shared=shared, first_sent_at=NOW - age)
    decision = _decide(Rejected("bad", "one of them is bad"), trial, guarantee)
    assert decision == follows or (follows is Park and isinstance(decision, Park))
