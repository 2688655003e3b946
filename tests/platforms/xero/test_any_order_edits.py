"""As `test_any_order`, with people who edit, void and pay through the fleet as well."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from infra.sandbox import seed
from infra.sandbox.xero.invoice_rules import TRANSITIONS
from tests.harness.sandbox import Sandbox
from tests.platforms.xero import test_any_order
from tests.platforms.xero.model import Invoice, cents
from workers.fleet import Fleet


class AnyOrderAndEdits(test_any_order.AnyOrder):
    """The same machine with the actions on an invoice that stands."""

    def _open(self) -> list[str]:
        """What the fleet takes for unpaid and not withdrawn, whatever it is in Xero by now."""
        return [
            key
            for key, one in self.deal.invoices.items()
            if one.seen in {"DRAFT", "AUTHORISED"} and one.seen_due == one.total
        ]

    def _ended(self, row: Any, key: str, *, accepted: bool) -> bool:
        assert row.status == ("succeeded" if accepted else "rejected"), (row.error, key)
        if accepted:
            self.deal.see(key)
            assert row.result["status"] == self.deal.invoices[key].status
            assert Decimal(row.result["amount_due"]) == self.deal.invoices[key].due
        return accepted

    @precondition(lambda self: self._open())
    @rule(
        pick=test_any_order.PICK,
        change=st.sampled_from([{"status": "AUTHORISED"}, {"reference": "edited"}]),
        lost=test_any_order.LOST,
    )
    def update(self, pick: int, change: dict[str, str], lost: str | None) -> None:
        key, one = self._pick(pick, self._open())
        row = self._act("xero_update_invoice", lost, f"/{key}", invoice_id=key, **change)
        wanted = change.get("status", one.status)
        accepted = wanted in TRANSITIONS[one.status]
        if accepted:
            one.status = wanted
        if self._ended(row, key, accepted=accepted):
            self.deal.promote(key)

    @precondition(lambda self: self._open())
    @rule(pick=test_any_order.PICK, lost=test_any_order.LOST)
    def void(self, pick: int, lost: str | None) -> None:
        key, one = self._pick(pick, self._open())
        wanted = {"DRAFT": "DELETED", "AUTHORISED": "VOIDED"}[one.seen]
        accepted = not one.paid and wanted in TRANSITIONS[one.status]
        row = self._act("xero_void_invoice", lost, f"/{key}", invoice_id=key)
        if accepted:
            one.status = wanted
        self._ended(row, key, accepted=accepted)

    def _payable(self) -> list[str]:
        return [
            key
            for key, one in self.deal.invoices.items()
            if one.seen == "AUTHORISED" and one.seen_due >= Decimal("0.05")
        ]

    @precondition(lambda self: self._payable())
    @rule(
        pick=test_any_order.PICK,
        part=st.none() | st.sampled_from(["0.3", "1"]),
        lost=test_any_order.LOST,
    )
    def mark_as_paid(self, pick: int, part: str | None, lost: str | None) -> None:
        """What is due is asked of Xero, unless a part of what was seen to be due is named."""
        key, one = self._pick(pick, self._payable())
        amount = one.due if part is None else cents(one.seen_due * Decimal(part))
        given = {} if part is None else {"amount": str(amount)}
        row = self._act(
            "xero_record_payment", lost, "/Payments",
            invoice_id=key, bank_account_id=seed.BANK_ACCOUNT, **given,
        )  # fmt: skip
        if part is None:
            self.deal.see(key)  # promotes nothing, and nor does the payment
        accepted = one.status == "AUTHORISED" and 0 < amount <= one.due
        if accepted:
            _pay(one, amount)
        self._ended(row, key, accepted=accepted)


def _pay(one: Invoice, amount: Decimal) -> None:
    one.paid += amount
    one.status = "AUTHORISED" if one.due else "PAID"


def test_with_edits_too_xero_the_fleet_and_the_model_agree(fleet: Fleet, sandbox: Sandbox) -> None:
    test_any_order.run(fleet, sandbox, AnyOrderAndEdits, examples=6, steps=15)


@pytest.mark.deep
@pytest.mark.timeout(900)
def test_with_edits_too_in_very_many_orders_they_agree(fleet: Fleet, sandbox: Sandbox) -> None:
    test_any_order.run(fleet, sandbox, AnyOrderAndEdits, examples=40, steps=25)
