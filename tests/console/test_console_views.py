"""What pages show, shaped by pure functions."""

import datetime as dt
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.payments.status import PaymentStatus
from infra.platforms import CATALOGUE
from workers.api.shapes import Invoice, Product
from workers.console import wording
from workers.console.asking import by_field
from workers.console.deal_view import invoice_view, product_view, totals, unit_price
from workers.console.draft_view import first_day
from workers.console.invoice_form import body_of, email_of, form_of, preview_query
from workers.console.invoice_form import repeating_body_of as repeating
from workers.console.news_view import news
from workers.console.progress_view import progress
from workers.console.visit import Form

NOW = dt.datetime(2026, 12, 1, 9, 0, tzinfo=dt.UTC)
TODAY = NOW.date()
D = Decimal


def _product(**more: Any) -> Product:
    values: dict[str, Any] = {
        "id": uuid4(), "name": "Design", "quantity": D(1), "unit_price": D(100),
        "discount_percent": D(0), "deposit_percent": None, "category": "One-Off",
        "payment_status": PaymentStatus.UNPAID, "amount": D(100), "invoiced_amount": D(0),
        "paid_amount": D(0), "remaining_to_invoice": D(100), "remaining_to_pay": D(0),
        "over_invoiced": D(0),
    }  # fmt: skip
    return Product(**{**values, **more})


def _invoice(**more: Any) -> Invoice:
    values: dict[str, Any] = dict.fromkeys(Invoice.__slots__)
    values |= {
        "id": uuid4(), "platform_invoice_id": str(uuid4()), "number": "INV-1", "origin": "fleet",
        "status": "AUTHORISED", "currency": "AUD", "total": D(110), "amount_due": D(110),
        "amount_paid": D(0), "due_date": TODAY,
    }  # fmt: skip
    return Invoice(**{**values, **more})


def test_a_product_tells_how_its_amount_comes_about() -> None:
    shown = product_view(
        _product(quantity=D("12.50"), unit_price=D("0.0875"), discount_percent=D(10)), "AUD"
    )
    assert shown.detail == "12.5 × $0.0875, less 10 %"  # noqa: RUF001
    assert unit_price(D("1234.50"), "CHF") == "1,234.50 CHF"


@pytest.mark.parametrize(
    ("status", "invoiced", "left", "over", "note"),
    [
        ("paid", 40, 60, 0, "Deposit paid, $60.00 still to invoice"),
        ("paid", 0, 100, 0, None),  # set by hand
        ("paid", 100, 0, 0, None),
        ("invoiced", 40, 60, 0, None),
        ("invoiced", 150, 0, 50, "$50.00 more than its amount is invoiced"),
    ],
)
def test_a_product_says_what_is_odd_about_its_money(status, invoiced, left, over, note) -> None:
    shown = product_view(
        _product(
            payment_status=PaymentStatus(status),
            invoiced_amount=D(invoiced),
            remaining_to_invoice=D(left),
            over_invoiced=D(over),
        ),
        "AUD",
    )
    assert shown.note == note


def test_the_bar_never_leaves_its_frame() -> None:
    shown = product_view(_product(invoiced_amount=D(500), paid_amount=D(33)), "AUD")
    assert (shown.paid, shown.invoiced) == (D("33.0"), D(100))
    assert product_view(_product(amount=D(0)), "AUD").invoiced == 0


def test_totals_add_up_to_the_cent() -> None:
    found = totals([_product(amount=D("0.10")), _product(amount=D("0.20"))], "AUD")
    assert (found.amount, found.to_invoice) == (D("0.30"), D(200))
    assert totals([], "JPY").amount == 0


@pytest.mark.parametrize(
    ("status", "due", "offered"),
    [
        ("DRAFT", 110, "edit void"),
        ("SUBMITTED", 110, "edit pay send void"),
        ("AUTHORISED", 110, "edit pay send void"),
        ("AUTHORISED", 60, "edit pay send"),  # part paid
        ("PAID", 0, ""),
        ("VOIDED", 110, ""),
        ("DELETED", 110, ""),
    ],
)
def test_an_invoice_offers_what_its_status_allows(status, due, offered) -> None:
    one = invoice_view(_invoice(status=status, amount_due=D(due)), TODAY)
    found = {"edit": not one.is_locked, "pay": one.can_be_paid, "send": one.can_be_sent,
             "void": one.can_be_voided}  # fmt: skip
    assert " ".join(name for name, is_offered in found.items() if is_offered) == offered


def test_overdue_is_what_is_due_and_late() -> None:
    late = TODAY - dt.timedelta(days=1)
    assert invoice_view(_invoice(due_date=late), TODAY).is_overdue
    assert not invoice_view(_invoice(due_date=TODAY), TODAY).is_overdue
    assert not invoice_view(_invoice(due_date=late, status="SUBMITTED"), TODAY).is_overdue
    assert invoice_view(_invoice(number=None), TODAY).name.startswith("Draft ")


# --- the form -------------------------------------------------------------------------------------

ONE, TWO = str(UUID(int=1)), str(UUID(int=2))


def _form(**values: Any) -> Form:
    listed = {n: v if isinstance(v, tuple) else (v,) for n, v in values.items()}
    return Form(listed)


def test_a_form_sends_what_is_filled_in_and_nothing_else() -> None:
    form = _form(portion="deposit", due_date=" 2026-12-31 ", reference="", status="DRAFT")
    assert body_of(form, [ONE]) == {
        "portion": "deposit",
        "deal_product_ids": [ONE],
        "due_date": "2026-12-31",
        "status": "DRAFT",
    }
    assert body_of(_form(portion="everything"), [])["portion"] == "full"


def test_only_a_branded_email_takes_words_and_a_recipient() -> None:
    words = {"email_subject": "S", "email_body": "B", "email_recipient_source": "primary_contact"}
    assert email_of(_form(email_mode="none", **words)) == {}
    assert email_of(_form(email_mode="xero", **words)) == {"email_mode": "xero"}
    branded = email_of(_form(email_mode="trustpager", **words))
    assert branded == {"email_mode": "trustpager", "email_attach_pdf": False, **words}
    typed = _form(
        email_mode="trustpager",
        email_recipient_source="address",
        email_recipient="a@b.test",
        email_attach_pdf="true",
    )
    assert email_of(typed) == {
        "email_mode": "trustpager",
        "email_attach_pdf": True,
        "email_recipient": "a@b.test",
    }


def test_an_ongoing_invoice_has_a_schedule_and_no_due_date() -> None:
    form = _form(
        portion="ongoing", schedule_unit="YEARLY", schedule_period="2", due_date="2026-12-31",
        account_code="200", tax_type="OUTPUT", approve_for_sending="false", due_days="x",
    )  # fmt: skip
    body = repeating(form, [ONE], TWO, by_use=True)
    assert body == {
        "portion": "ongoing", "deal_product_ids": [ONE], "contact_id": TWO, "due_days": "x",
        "schedule_unit": "YEARLY", "schedule_period": 2, "approve_for_sending": False,
        "account_code": "200", "tax_type": "OUTPUT", "include_usage_based": True,
    }  # fmt: skip
    assert ("due_date", "2026-12-31") not in preview_query(form, None, by_use=False)


def test_what_was_refused_fills_the_form_again() -> None:
    form = _form(
        portion="full", deal_product_ids=(ONE, TWO), account_code="999", email_mode="trustpager",
        email_recipient_source="address", email_recipient="a@b.test", integration_id="i",
    )  # fmt: skip
    again = form_of(body_of(form, form.all("deal_product_ids")), "i")
    assert body_of(again, again.all("deal_product_ids")) == body_of(form, [ONE, TWO])
    ongoing = form_of({"schedule_unit": "WEEKLY", "approve_for_sending": False}, "i")
    assert (ongoing.one("portion"), ongoing.one("approve_for_sending")) == ("ongoing", "false")


def test_the_first_day_is_one_period_away() -> None:
    assert first_day(dt.date(2026, 1, 31), "MONTHLY", "1") == dt.date(2026, 2, 28)
    assert first_day(TODAY, "YEARLY", "1") == dt.date(2027, 12, 1)
    for unit, period in (("MONTHLY", ""), ("MONTHLY", "0"), ("DAILY", "1"), ("", "1")):
        assert first_day(TODAY, unit, period) is None


def test_problems_stand_beside_their_fields() -> None:
    given = [
        ("params.account_code", "is missing"),
        ("deal_product_ids[1]", "named twice"),
        ("data.deal.id", "no deal"),
        ("", "Xero: no"),
        ("", "Xero: no"),
    ]
    assert by_field(given, {"account_code", "deal_product_ids"}) == {
        "account_code": ["is missing"],
        "deal_product_ids": ["named twice"],
        "": ["data: no deal", "Xero: no"],
    }


# --- words ----------------------------------------------------------------------------------------


def _row(status: str, **more: Any) -> dict[str, Any]:
    return {
        "id": uuid4(), "action_type": "xero_create_invoice", "platform": "xero", "status": status,
        "effect": "xero.create_invoice", "effect_state": "started", "integration_status": "active",
        "integration_reason": None, "status_reason": None, "due_at": NOW, "created_at": NOW,
        "finished_at": None, "error": None, "result": None, "requested_by": "Jo", **more,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (_row("queued"), "waits for a free worker"),
        (_row("queued", integration_status="error", integration_reason="revoked"), "revoked"),
        (
            _row("queued", platform="slack", integration_status="error"),
            "waits until Slack is connected again",
        ),
        (_row("waiting", integration_status="inactive"), "until Xero is let go on by an operator"),
        (_row("reconciling", effect="postmark.send_invoice_email"), "Postmark's answer did not"),
        (_row("running"), "Now creating the invoice in Xero."),
        (_row("running", effect="xero.something_new"), "Now carrying it out."),
        (_row("waiting", status_reason="429", due_at=NOW + dt.timedelta(seconds=30)), "in 30 s"),
        (_row("waiting"), "Next: creating the invoice in Xero."),
        (_row("reconciling"), "it is never done twice"),
        (_row("parked", effect_state="unknown"), "do not do it again meanwhile"),
        (_row("parked", effect_state="pending", error={"message": "too often"}), "too often"),
        (_row("rejected", finished_at=NOW, error={"message": "Xero: no"}), "Xero: no"),
        (_row("cancelled", finished_at=NOW), "stopped"),
    ],
)
def test_progress_is_told_honestly(row, words) -> None:
    assert words in progress(row, NOW, sees_money=True).sentence


def test_progress_tells_no_money_to_who_may_not_see_it() -> None:
    row = _row("rejected", finished_at=NOW, error={"message": "Xero: $110.00 is too much"})
    assert "110" not in progress(row, NOW, sees_money=False).sentence
    assert progress(_row("running"), NOW, sees_money=False).sentence.startswith("Now creating")


def test_changes_are_named() -> None:
    told = [
        {"type": "invoice.status_changed", "data": {"number": None, "before": "A", "after": "B"}},
        {
            "type": "deal_product.payment_status_changed",
            "data": {"deal_product_id": ONE, "before": "unpaid", "after": "paid"},
        },
        {"type": "something.new", "data": {}},
    ]
    assert [one.what for one in news(told, {ONE: "Design"})] == ["Invoice", "Design"]


def test_whatever_can_be_asked_for_has_a_name() -> None:
    assert set(wording.ACTION) == set(CATALOGUE.actions)
    assert set(wording.PLATFORM) == set(CATALOGUE.platforms) - {"webhook"}


def test_every_status_has_a_name_and_a_tone() -> None:
    assert wording.label("deposit_invoiced", "payment") == "Deposit invoiced"
    assert {wording.tone(one.value, "payment") for one in PaymentStatus} == {
        "quiet", "amber", "blue", "green",
    }  # fmt: skip
    assert (wording.label("NEW", "invoice"), wording.tone("NEW", "invoice")) == ("NEW", "quiet")
    assert wording.money("-5", "AUD") == "$-5.00"
    assert wording.day(None) == "—"
