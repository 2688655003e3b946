"""The payment status of a deal product: a ladder that automation only climbs."""

from enum import StrEnum


class PaymentStatus(StrEnum):
    """Where a deal product stands: unpaid < deposit_invoiced < invoiced < paid.

    `<`, `max` and sorting follow the ladder, not the alphabet (which would put paid below unpaid).
    Comparing with a string that is no payment status raises ValueError.
    """

    UNPAID = "unpaid"
    DEPOSIT_INVOICED = "deposit_invoiced"
    INVOICED = "invoiced"
    PAID = "paid"

    @property
    def height(self) -> int:
        """The rung's place on the ladder: 0 for unpaid, 3 for paid."""
        return _LADDER.index(self)

    def __lt__(self, other: str) -> bool:
        return self.height < PaymentStatus(other).height

    def __le__(self, other: str) -> bool:
        return self.height <= PaymentStatus(other).height

    def __gt__(self, other: str) -> bool:
        return self.height > PaymentStatus(other).height

    def __ge__(self, other: str) -> bool:
        return self.height >= PaymentStatus(other).height


_LADDER = tuple(PaymentStatus)

RUNGS = frozenset(PaymentStatus) - {PaymentStatus.UNPAID}
"""What a promotion can lead to; unpaid is the ground, not a rung."""


def rungs_up_to(rung: PaymentStatus) -> frozenset[PaymentStatus]:
    """Return `rung` and every rung below it; empty for unpaid."""
    return frozenset(lower for lower in RUNGS if lower <= rung)
