"""Promotions: what an invoice justifies for a deal product, each applied once."""

from dataclasses import dataclass
from uuid import UUID

from domain.payments.status import RUNGS, PaymentStatus, rungs_up_to

FIRST_CYCLE = 1


@dataclass(frozen=True, slots=True)
class Promotion:
    """An invoice justifies that a deal product stands at least on `rung`.

    `cycle` counts from 1 and rises when a PAID invoice was seen no longer PAID.

    Raises:
        ValueError: `rung` is unpaid, or `cycle` is below 1.
    """

    deal_product_id: UUID
    invoice_id: UUID
    rung: PaymentStatus
    cycle: int = FIRST_CYCLE

    def __post_init__(self) -> None:
        if self.rung not in RUNGS:
            raise ValueError(f"rung: {self.rung} is no rung; use one of {', '.join(sorted(RUNGS))}")
        if self.cycle < FIRST_CYCLE:
            raise ValueError(f"cycle: {self.cycle} is below {FIRST_CYCLE}; cycles count from 1")


@dataclass(frozen=True, slots=True)
class Applied:
    """What applying a promotion comes to.

    `consume` are the rungs to record for this deal product, invoice and cycle, also when the
    status did not move; empty when the promotion had been applied before.
    """

    moved: bool
    status: PaymentStatus
    consume: frozenset[PaymentStatus]


def apply(
    current: PaymentStatus, consumed: frozenset[PaymentStatus], promotion: Promotion
) -> Applied:
    """Apply `promotion` to a deal product whose status is `current`, at most once.

    `consumed` are the rungs recorded for the same deal product, invoice and cycle. Applying a rung
    consumes it and every lower one, so a late or repeated promotion never undoes a person's
    correction made after it; the status only ever rises.
    """
    if promotion.rung in consumed:
        return Applied(moved=False, status=current, consume=frozenset())
    return Applied(
        moved=promotion.rung > current,
        status=max(current, promotion.rung),
        consume=rungs_up_to(promotion.rung) - consumed,
    )
