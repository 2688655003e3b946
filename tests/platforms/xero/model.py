"""A deal's invoices in the plainest words: no ledger, no events, no database.

`seen` is what the fleet has been told of an invoice so far; everything else is how it is in Xero.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from uuid import UUID

LADDER = ("unpaid", "deposit_invoiced", "invoiced", "paid")
LIVE = ("DRAFT", "SUBMITTED", "AUTHORISED", "PAID")
TAX = Decimal("0.10")


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


@dataclass
class Line:
    """A deal product, by what it comes to."""

    full: Decimal
    deposit_percent: Decimal
    status: str = "unpaid"

    def amount(self, portion: str, remaining: Decimal) -> Decimal:
        if portion == "deposit":
            return cents(self.full * self.deposit_percent / 100)
        return remaining if portion == "balance" else self.full


@dataclass
class Invoice:
    """An invoice of ours."""

    raised_as: str
    covers: dict[UUID, Decimal]
    status: str
    paid: Decimal = Decimal(0)
    seen: str = ""
    seen_due: Decimal = Decimal(0)
    cycle: int = 1
    used: set[tuple[UUID, int, str]] = field(default_factory=set)

    @property
    def total(self) -> Decimal:
        return sum((amount + cents(amount * TAX) for amount in self.covers.values()), Decimal(0))

    @property
    def due(self) -> Decimal:
        return self.total - self.paid

    @property
    def rung(self) -> str | None:
        """What it justifies, by what the fleet has seen of it."""
        if self.seen == "PAID":
            return "paid"
        if self.seen not in LIVE or self.cycle > 1:
            return None
        return "deposit_invoiced" if self.raised_as == "deposit" else "invoiced"


@dataclass
class Deal:
    """Lines, invoices, and the promotions that are on their way."""

    lines: dict[UUID, Line]
    invoices: dict[str, Invoice] = field(default_factory=dict)
    on_their_way: set[tuple[str, UUID, int, str]] = field(default_factory=set)

    def where(self, *statuses: str) -> list[str]:
        """The invoices that have one of these statuses in Xero."""
        return [key for key, one in self.invoices.items() if one.status in statuses]

    def paid(self) -> list[str]:
        """The invoices something has been paid of."""
        return [key for key, one in self.invoices.items() if one.paid]

    def billed(self, line: UUID) -> Decimal:
        return sum(
            (i.covers.get(line, Decimal(0)) for i in self.invoices.values() if i.seen in LIVE),
            Decimal(0),
        )

    def remaining(self, line: UUID) -> Decimal:
        return self.lines[line].full - self.billed(line)

    def bill(self, portion: str, named: Iterable[UUID] | None) -> dict[UUID, Decimal]:
        """What an invoice of that portion covers; nothing: it is refused."""
        chosen = self._by_default(portion) if named is None else list(named)
        covers = {line: self.lines[line].amount(portion, self.remaining(line)) for line in chosen}
        if portion == "balance" and any(amount <= 0 for amount in covers.values()):
            return {}
        return {line: amount for line, amount in covers.items() if amount > 0}

    def _by_default(self, portion: str) -> list[UUID]:
        wanted = "deposit_invoiced" if portion == "balance" else "unpaid"
        return [
            key
            for key, line in self.lines.items()
            if line.status == wanted
            and not (portion == "deposit" and self._has_deposit(key))
            and 0 < line.amount(portion, self.remaining(key)) <= self.remaining(key)
        ]

    def _has_deposit(self, line: UUID) -> bool:
        live = (i for i in self.invoices.values() if i.seen in LIVE)
        return any(i.raised_as == "deposit" and line in i.covers for i in live)

    def see(self, *ids: str) -> None:
        """The fleet learns how these invoices are."""
        for one in map(self.invoices.__getitem__, ids):
            if one.seen == "PAID" and one.status != "PAID":
                one.cycle += 1
            one.seen, one.seen_due = one.status, one.due

    def promote(self, *ids: str) -> None:
        """What these invoices justify and has not been used up is sent on its way."""
        for key in ids:
            one = self.invoices[key]
            if one.rung is not None:
                rungs = {(key, line, one.cycle, one.rung) for line in one.covers}
                self.on_their_way |= {r for r in rungs if r[1:] not in one.used}

    def arrive(self, arrived: Iterable[tuple[str, UUID, int, str]]) -> None:
        """These arrive; their order makes no difference."""
        for key, line, cycle, rung in arrived:
            used = self.invoices[key].used
            self.on_their_way.discard((key, line, cycle, rung))
            if (line, cycle, rung) in used:
                continue
            place = LADDER.index(rung)
            used |= {(line, cycle, lower) for lower in LADDER[1 : place + 1]}
            status = self.lines[line].status
            self.lines[line].status = LADDER[max(place, LADDER.index(status))]
