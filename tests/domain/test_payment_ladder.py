import itertools
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.payments.promotion import Applied, Promotion, apply
from domain.payments.status import RUNGS, PaymentStatus, rungs_up_to

PRODUCT = UUID(int=1)
UNPAID, DEPOSITED, INVOICED, PAID = PaymentStatus

statuses = st.sampled_from(PaymentStatus)
rungs = st.sampled_from(sorted(RUNGS))
promotions = st.builds(
    Promotion,
    st.just(PRODUCT),
    st.sampled_from([UUID(int=11), UUID(int=12)]),
    rungs,
    st.integers(1, 3),
)


class Line:
    """A deal product's status with the ledger of applied promotions."""

    def __init__(self, status=UNPAID):
        self.status = status
        self.consumed = {}

    def receive(self, promotions):
        for promotion in promotions:
            key = (promotion.invoice_id, promotion.cycle)
            before = self.consumed.get(key, frozenset())
            applied = apply(self.status, before, promotion)
            assert applied.moved == (applied.status != self.status)
            assert not applied.consume & before
            self.consumed[key] = before | applied.consume
            self.status = applied.status
        return self


def test_the_ladder_is_ordered_by_rung_not_by_letter():
    assert UNPAID < DEPOSITED < INVOICED < PAID
    assert sorted([PAID, DEPOSITED, UNPAID, INVOICED]) == [UNPAID, DEPOSITED, INVOICED, PAID]
    for lower, higher in itertools.combinations(PaymentStatus, 2):
        assert max(lower, higher) is max(higher, lower) is higher
        assert min(lower, higher) is lower


@pytest.mark.parametrize("left", PaymentStatus)
@pytest.mark.parametrize("right", PaymentStatus)
def test_every_comparison_follows_the_ladder(left, right):
    rank = [UNPAID, DEPOSITED, INVOICED, PAID].index
    assert (left < right) == (rank(left) < rank(right))
    assert (left <= right) == (rank(left) <= rank(right))
    assert (left > right) == (rank(left) > rank(right))
    assert (left >= right) == (rank(left) >= rank(right))


def test_a_status_cannot_be_compared_with_another_word():
    with pytest.raises(ValueError, match="overdue"):
        _ = PAID < "overdue"


def test_rungs_up_to_are_all_lower_rungs_and_never_the_ground():
    assert rungs_up_to(UNPAID) == frozenset()
    assert rungs_up_to(DEPOSITED) == {DEPOSITED}
    assert rungs_up_to(INVOICED) == {DEPOSITED, INVOICED}
    assert rungs_up_to(PAID) == {DEPOSITED, INVOICED, PAID}


@given(statuses, st.lists(promotions, max_size=8), st.data())
def test_any_order_and_any_number_of_repeats_end_the_same(start, events, data):
    once = Line(start).receive(events)
    repeats = data.draw(st.lists(st.sampled_from(events), max_size=5)) if events else []
    shuffled = Line(start).receive(data.draw(st.permutations(events + repeats)))
    assert shuffled.status == once.status == max([start, *(e.rung for e in events)])
    assert shuffled.consumed == once.consumed


@given(statuses, statuses, st.lists(promotions, min_size=1, max_size=6), st.data())
def test_a_persons_correction_survives_replayed_late_and_lower_promotions(
    start, correction, events, data
):
    line = Line(start).receive(events)
    line.status = correction
    late = st.sampled_from(events).flatmap(
        lambda e: st.sampled_from(sorted(rungs_up_to(e.rung))).map(
            lambda rung: Promotion(PRODUCT, e.invoice_id, rung, e.cycle)
        )
    )
    line.receive(data.draw(st.lists(late, min_size=1, max_size=8)))
    assert line.status == correction


@given(statuses, rungs)
def test_a_promotion_that_moves_nothing_is_used_up_all_the_same(current, rung):
    promotion = Promotion(PRODUCT, UUID(int=11), rung)
    line = Line(max(current, rung)).receive([promotion])
    line.status = UNPAID
    assert line.receive([promotion]).status == UNPAID


def test_a_higher_rung_of_the_same_invoice_still_promotes_after_a_correction():
    line = Line().receive([Promotion(PRODUCT, UUID(int=11), INVOICED)])
    line.status = UNPAID
    assert line.receive([Promotion(PRODUCT, UUID(int=11), PAID)]).status == PAID


def test_the_next_cycle_and_another_invoice_promote_anew():
    first = Promotion(PRODUCT, UUID(int=11), PAID)
    for anew in (
        Promotion(PRODUCT, UUID(int=11), PAID, cycle=2),
        Promotion(PRODUCT, UUID(int=12), PAID),
    ):
        line = Line().receive([first])
        line.status = INVOICED
        assert line.receive([first]).status == INVOICED
        assert line.receive([anew, first]).status == PAID
        line.status = UNPAID
        assert line.receive([first, anew]).status == UNPAID


@given(statuses, st.sets(rungs).map(frozenset), promotions)
def test_automation_only_moves_up_and_consumes_what_lies_below(current, consumed, promotion):
    applied = apply(current, consumed, promotion)
    assert applied.status >= current
    if promotion.rung in consumed:
        assert applied == Applied(moved=False, status=current, consume=frozenset())
    else:
        assert applied.status == max(current, promotion.rung)
        assert applied.consume == rungs_up_to(promotion.rung) - consumed


def test_there_is_no_promotion_to_unpaid_and_no_cycle_before_the_first():
    with pytest.raises(ValueError, match="rung: unpaid is no rung"):
        Promotion(PRODUCT, UUID(int=11), UNPAID)
    with pytest.raises(ValueError, match="cycle: 0 is below 1"):
        Promotion(PRODUCT, UUID(int=11), PAID, cycle=0)
