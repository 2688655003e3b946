"""Whatever happens to a deal's invoices, in whatever order: Xero, fleet and a plain model agree."""

import json
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from domain.payments.status import PaymentStatus
from infra.clock import utc_now
from infra.database import promotions
from infra.envelope import Refused
from tests.harness.sandbox import Sandbox
from tests.harness.world import World
from tests.platforms.xero.model import LADDER, LIVE, Deal, Invoice, Line, cents
from tests.platforms.xero.office import Office
from workers.arrived import Arrived
from workers.fleet import Fleet
from workers.payment_status import consume

PRICES = st.sampled_from(["0.05", "33.33", "100.00", "1249.95"])
DEPOSITS = st.sampled_from(["0", "33.33", "50"])
PORTIONS = st.sampled_from(["full", "deposit", "balance"])
# What may happen to the answer of the call that changes something: it happened all the same.
LOST = st.sampled_from([None, None, None, "drop_after_commit", "garbage", "truncated"])
EDITS = st.sampled_from(
    [{"due_date": "2027-01-15"}, {"reference": "as agreed"}, {"status": "AUTHORISED"}]
)
CHANGES = {
    "xero_create_invoice": "PUT",
    "xero_record_payment": "PUT",
    "xero_void_invoice": "POST",
    "xero_update_invoice": "POST",
}
PICK = st.integers(min_value=0, max_value=11)


class AnyOrder(RuleBasedStateMachine):
    """One deal; a fleet, a person in Xero, a person in the CRM, and time going by."""

    def __init__(self, fleet: Fleet, sandbox: Sandbox) -> None:
        super().__init__()
        self.fleet, self.sandbox = fleet, sandbox
        sandbox.reset()
        sandbox.lift_limits()
        self.world = World(fleet)
        self.office = Office(self.world, sandbox)
        self.foreign = 0

    @initialize(lines=st.lists(st.tuples(PRICES, DEPOSITS), min_size=1, max_size=3))
    def a_deal(self, lines: list[tuple[str, str]]) -> None:
        products = [{"unit_price": Decimal(p), "deposit_percent": Decimal(d)} for p, d in lines]
        self.deal_id, ids = self.world.deal(*products)
        made = zip(ids, products, strict=True)
        self.deal = Deal({i: Line(p["unit_price"], p["deposit_percent"]) for i, p in made})
        linked = self.office.act("xero_create_contact", self.deal_id)
        self.contact_id = linked.result["contact_id"]

    # --- the fleet --------------------------------------------------------------------------------

    @rule(
        portion=PORTIONS,
        picks=st.none() | st.sets(PICK, min_size=1),
        draft=st.booleans(),
        lost=LOST,
    )
    def raise_invoice(
        self,
        portion: str,
        picks: set[int] | None,
        draft: bool,  # noqa: FBT001 - drawn
        lost: str | None,
    ) -> None:
        keys = list(self.deal.lines)
        named = (
            None if picks is None else sorted({keys[p % len(keys)] for p in picks}, key=keys.index)
        )
        covers = self.deal.bill(portion, named)
        status = "DRAFT" if draft else "AUTHORISED"
        params = {} if named is None else {"deal_product_ids": [str(one) for one in named]}
        row = self._act(
            "xero_create_invoice",
            lost if covers else None,
            portion=portion,
            status=status,
            **params,
        )
        if not covers:
            assert row.status == "rejected", (portion, named, row.result)
            return
        assert row.status == "succeeded", row.error
        billed = {
            UUID(one["deal_product_id"]): Decimal(one["amount"]) for one in row.result["lines"]
        }
        assert billed == covers
        key = row.result["invoice_id"]
        self.deal.invoices[key] = Invoice(portion, covers, status)
        assert Decimal(row.result["total"]) == self.deal.invoices[key].total
        self.deal.see(key)
        self.deal.promote(key)

    @precondition(lambda self: self.deal.invoices)
    @rule(pick=PICK, part=st.sampled_from([None, "1", "0.3", "2"]), lost=LOST)
    def mark_as_paid(self, pick: int, part: str | None, lost: str | None) -> None:
        """Without an amount the fleet looks first what is due, and so learns how the invoice is."""
        key, one = self._pick(pick, list(self.deal.invoices))
        payable = one.seen == "AUTHORISED" and one.seen_due > 0
        amount = one.due if part is None else cents(one.seen_due * Decimal(part))
        if payable and part is None:
            self.deal.see(key)
            payable = one.seen == "AUTHORISED"
        may = payable and 0 < amount <= one.seen_due
        happens = may and one.status == "AUTHORISED" and amount <= one.due
        given = {} if part is None else {"amount": str(amount)}
        self._edit(
            "xero_record_payment",
            key,
            lost if happens else None,
            happens=happens,
            bank_account_id="090",
            **given,
        )
        if happens:
            one.paid += amount
            one.status = "AUTHORISED" if one.due else "PAID"
            self.deal.see(key)  # and promotes nothing: the next sync does

    @precondition(lambda self: self.deal.invoices)
    @rule(pick=PICK, lost=LOST)
    def void(self, pick: int, lost: str | None) -> None:
        key, one = self._pick(pick, list(self.deal.invoices))
        target = {"DRAFT": "DELETED", "AUTHORISED": "VOIDED"}.get(one.seen)
        may = target is not None and one.seen_due == one.total
        happens = may and one.status == one.seen and not one.paid
        if may and one.status == target:  # somebody was quicker: Xero refuses a second time
            return
        self._edit("xero_void_invoice", key, lost if happens else None, happens=happens)
        if happens:
            one.status = str(target)
            self.deal.see(key)

    @precondition(lambda self: self.deal.invoices)
    @rule(pick=PICK, change=EDITS, lost=LOST)
    def edit(self, pick: int, change: dict[str, str], lost: str | None) -> None:
        key, one = self._pick(pick, list(self.deal.invoices))
        approved = "status" in change
        happens = one.seen in {"DRAFT", "AUTHORISED"} and one.status in LIVE
        if approved and one.status == "PAID":
            happens = False
        lost = lost if happens else None
        self._edit("xero_update_invoice", key, lost, happens=happens, **change)
        if happens:
            one.status = "AUTHORISED" if approved else one.status
            self.deal.see(key)
            self.deal.promote(key)

    @precondition(lambda self: self.deal.invoices)
    @rule(pick=PICK, label=PORTIONS)
    def change_the_label(self, pick: int, label: str) -> None:
        key, _ = self._pick(pick, list(self.deal.invoices))
        self._edit("xero_update_invoice", key, None, happens=True, portion=label)

    @rule(whole=st.booleans())
    def sync(self, whole: bool) -> None:  # noqa: FBT001 - drawn
        row = self._act("xero_sync_invoices", None, deal=None if whole else self.deal_id)
        assert row.status == "succeeded", row.error
        self.deal.see(*self.deal.invoices)
        self.deal.promote(*self.deal.invoices)

    @precondition(lambda self: self.deal.invoices)
    @rule(pick=PICK)
    def sync_one(self, pick: int) -> None:
        key, _ = self._pick(pick, list(self.deal.invoices))
        row = self._act("xero_sync_invoices", None, deal=None, invoice_ids=[key])
        assert row.status == "succeeded", row.error
        self.deal.see(key)
        self.deal.promote(key)

    @rule(order=st.randoms(use_true_random=False), share=st.sampled_from([1.0, 0.5]))
    def events_arrive(self, order: Any, share: float) -> None:
        """Some of what was never heard so far, shuffled, part of it twice."""
        rows = self.world.rows(
            "SELECT o.event_id, o.deal_id, o.data, i.platform_invoice_id FROM outbox o"
            " JOIN invoices i ON i.id::text = o.data ->> 'invoice_id'"
            " WHERE o.type = 'invoice.promotion_due' AND o.consumed_at IS NULL"
            " AND o.deal_id = :d ORDER BY o.id",
            d=self.deal_id,
        )
        assert {_promotion(row) for row in rows} >= self.deal.on_their_way
        order.shuffle(rows)
        rows = rows[: round(len(rows) * share)]
        for row in rows + rows[: len(rows) // 2]:
            consume(self.fleet, [_message(row)])
        self.deal.arrive(map(_promotion, rows))

    # --- people -----------------------------------------------------------------------------------

    @precondition(lambda self: self.deal.where("AUTHORISED"))
    @rule(pick=PICK, part=st.sampled_from(["1", "1", "0.3"]))
    def pay_in_xero(self, pick: int, part: str) -> None:
        key, one = self._pick(pick, self.deal.where("AUTHORISED"))
        amount = cents(one.due * Decimal(part))
        if amount > 0:
            self.office.person(f"invoices/{key}/pay", amount=float(amount))
            one.paid += amount
            one.status = "AUTHORISED" if one.due else "PAID"

    @precondition(lambda self: self.deal.paid())
    @rule(pick=PICK)
    def take_payments_back_in_xero(self, pick: int) -> None:
        key, one = self._pick(pick, self.deal.paid())
        self.office.person(f"invoices/{key}/unpay")
        one.paid, one.status = Decimal(0), "AUTHORISED"

    @precondition(lambda self: self.deal.where("DRAFT", "AUTHORISED"))
    @rule(pick=PICK)
    def withdraw_in_xero(self, pick: int) -> None:
        key, one = self._pick(pick, self.deal.where("DRAFT", "AUTHORISED"))
        if not one.paid:
            one.status = {"DRAFT": "DELETED", "AUTHORISED": "VOIDED"}[one.status]
            self.office.person(f"invoices/{key}/status", status=one.status)

    @precondition(lambda self: self.deal.where("DRAFT"))
    @rule(pick=PICK)
    def approve_in_xero(self, pick: int) -> None:
        key, one = self._pick(pick, self.deal.where("DRAFT"))
        self.office.person(f"invoices/{key}/status", status="AUTHORISED")
        one.status = "AUTHORISED"

    @precondition(lambda self: self.foreign < 2)
    @rule()
    def raise_one_in_xero_itself(self) -> None:
        line = {"Description": "by hand", "Quantity": 1, "UnitAmount": 5, "AccountCode": "200"}
        wish = {"Contact": {"ContactID": self.contact_id}, "LineItems": [line]}
        self.office.person("invoices", **wish)
        self.foreign += 1

    @rule(pick=PICK, status=st.sampled_from(LADDER))
    def set_a_status_by_hand(self, pick: int, status: str) -> None:
        line = list(self.deal.lines)[pick % len(self.deal.lines)]
        with self.fleet.database.transaction() as tx:
            promotions.set_by_person(tx, line, PaymentStatus(status), "pat", utc_now())
        self.deal.lines[line].status = status

    # --- what must hold ---------------------------------------------------------------------------

    @invariant()
    def the_fleet_knows_what_the_model_says_it_has_seen(self) -> None:
        if not hasattr(self, "deal"):
            return
        lines = self.world.rows(
            "SELECT id, payment_status FROM crm_deal_products WHERE deal_id = :d", d=self.deal_id
        )
        assert {r.id: r.payment_status for r in lines} == {
            key: line.status for key, line in self.deal.lines.items()
        }
        ours = self.world.rows(
            "SELECT platform_invoice_id, status, amount_due, cycle FROM invoices"
            " WHERE deal_id = :d AND raised_as IS NOT NULL",
            d=self.deal_id,
        )
        told = {r.platform_invoice_id: (r.status, r.amount_due, r.cycle) for r in ours}
        assert told == {
            key: (one.seen, one.seen_due, one.cycle) for key, one in self.deal.invoices.items()
        }

    def teardown(self) -> None:
        if not hasattr(self, "deal"):
            return
        self.sync(whole=True)
        self.events_arrive(order=Random(0), share=1.0)
        self.the_fleet_knows_what_the_model_says_it_has_seen()
        in_xero = self.sandbox.control("GET", "/xero/invoices")["invoices"]
        ours = {i["InvoiceID"]: i for i in in_xero if i["CreatedByApp"]}
        assert {key: i["Status"] for key, i in ours.items()} == {
            key: one.status for key, one in self.deal.invoices.items()
        }
        for key, one in self.deal.invoices.items():
            assert Decimal(str(ours[key]["AmountDue"])) == one.due or one.status not in {
                "AUTHORISED",
                "PAID",
            }
        assert len(in_xero) == len(ours) + self.foreign
        foreign = self.world.rows(
            "SELECT 1 FROM invoices WHERE origin = 'xero' AND workspace_id = :w",
            w=self.world.workspace_id,
        )
        assert len(foreign) == self.foreign
        assert not self.world.rows("SELECT 1 FROM reservations WHERE released_at IS NULL")
        for line, known in self.deal.lines.items():
            history = self.world.rows(
                "SELECT after FROM payment_status_history WHERE deal_product_id = :l"
                " ORDER BY id DESC LIMIT 1",
                l=line,
            )
            assert not history or history[0].after == known.status

    def _act(self, action_type: str, lost: str | None, **params: Any) -> Any:
        deal = params.pop("deal", self.deal_id)
        if lost is not None:
            self.sandbox.fault("xero", lost, method=CHANGES[action_type])
        row = self.office.act(action_type, deal, **params)
        hits = [fault["hits"] for fault in self.sandbox.control("GET", "/faults")["faults"]]
        assert hits == ([] if lost is None else [1])
        self.sandbox.control("DELETE", "/faults")
        return row

    def _edit(
        self,
        action_type: str,
        key: str,
        lost: str | None,
        *,
        happens: bool,
        **params: Any,
    ) -> None:
        try:
            row = self._act(action_type, lost, invoice_id=key, **params)
        except Refused:
            assert not happens
        else:
            assert row.status == ("succeeded" if happens else "rejected"), row.error or row.result

    def _pick(self, pick: int, among: list[str]) -> tuple[str, Invoice]:
        key = among[pick % len(among)]
        return key, self.deal.invoices[key]


def _promotion(row: Any) -> tuple[str, UUID, int, str]:
    told = row.data
    line = UUID(told["deal_product_id"])
    return row.platform_invoice_id, line, told["cycle"], told["rung"]


def _message(row: Any) -> Arrived:
    event = {"id": str(row.event_id), "dealid": str(row.deal_id), "data": row.data}
    return Arrived(json.dumps(event).encode(), {}, "event", None)


def run(
    fleet: Fleet, sandbox: Sandbox, machine: type[AnyOrder], *, examples: int, steps: int
) -> None:
    run_state_machine_as_test(
        lambda: machine(fleet, sandbox),
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_in_any_order_xero_the_fleet_and_the_model_agree(fleet: Fleet, sandbox: Sandbox) -> None:
    run(fleet, sandbox, AnyOrder, examples=8, steps=15)


@pytest.mark.deep
@pytest.mark.timeout(900)
def test_in_very_many_orders_they_agree(fleet: Fleet, sandbox: Sandbox) -> None:
    run(fleet, sandbox, AnyOrder, examples=60, steps=25)
