"""Looking at an invoice before it is raised."""

from decimal import Decimal

import pytest
from sqlalchemy import text

from tests.platforms.xero.office import Office
from workers import sample
from workers.execute import execute

WEBSITE, COPY = sample.fixed("d101"), sample.fixed("d102")


@pytest.fixture
def preview(run, loaded, sandbox):
    def look(*said, deal="brightside", as_json=True):
        ran = run("invoice", "preview", "--deal", deal, *said, *(["--json"] if as_json else []))
        return ran.json if as_json and ran.status == 0 else ran

    return look


def by_id(told):
    return {line["deal_product_id"]: line for line in told["lines"]}


def money(told, *names):
    return tuple(Decimal(told[name]) for name in names)


def test_a_full_invoice_with_its_tax_and_what_is_left(preview):
    told = preview()
    assert money(told, "subtotal", "tax", "total") == (
        Decimal("9966.00"), Decimal("996.60"), Decimal("10962.60"),
    )  # fmt: skip
    line = by_id(told)[str(COPY)]
    assert (line["state"], line["reason"], line["payment_status"]) == (
        "chosen", "unpaid", "unpaid",
    )  # fmt: skip
    assert money(line, "amount", "tax", "remaining_to_invoice", "remaining_after") == (
        Decimal("1566.00"), Decimal("156.60"), Decimal("1566.00"), 0,
    )  # fmt: skip
    assert told["currency"] == "AUD"
    assert told["problems"] == told["warnings"] == []


def test_a_deposit_leaves_the_rest_open_and_says_that_tax_may_differ_by_a_cent(preview):
    told = preview("--portion", "deposit")
    line = by_id(told)[str(WEBSITE)]
    assert money(line, "amount", "remaining_after") == (Decimal("3360.00"), Decimal("5040.00"))
    assert any("cent" in note for note in told["notes"])


def test_nothing_is_created_or_written(preview, loaded, sandbox):
    preview()
    assert sandbox.counts() == {}
    with loaded.database.reading() as tx:
        for table in ("actions", "effects", "reservations", "invoices", "outbox"):
            assert tx.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == 0


def test_lines_are_named_by_id_its_beginning_or_words(preview):
    for said in (str(COPY), "d102", "copywriting"):
        told = preview("--lines", said)
        states = {key: line["state"] for key, line in by_id(told).items()}
        assert states == {str(WEBSITE): "offered", str(COPY): "chosen"}
    both = preview("--lines", "d101,d102")
    assert {line["state"] for line in both["lines"]} == {"chosen"}
    unclear = preview("--lines", "teapot")
    assert unclear.status == 1
    assert "Copywriting" in unclear.said


def test_billing_again_is_warned_about_and_says_by_how_much(preview, loaded):
    pay(loaded, WEBSITE, "invoiced")
    told = preview("--lines", "d101")
    assert "already invoiced" in told["warnings"][0]
    dimmed = by_id(preview())[str(WEBSITE)]
    assert (dimmed["state"], dimmed["reason"]) == ("dimmed", "already invoiced")


def pay(loaded, product, status):
    with loaded.database.transaction() as tx:
        tx.execute(
            text("UPDATE crm_deal_products SET payment_status = :status WHERE id = :id"),
            {"status": status, "id": product},
        )


def test_what_was_invoiced_counts(preview, run, loaded, sandbox):
    raise_deposit(run, loaded)
    told = preview("--portion", "full", "--lines", "d101")
    (line,) = [one for one in told["lines"] if one["state"] == "chosen"]
    assert Decimal(line["over_invoiced_by"]) == Decimal("3360.00")
    assert "3360.00 AUD more" in told["warnings"][0]
    pay(loaded, WEBSITE, "paid")
    open_balance = by_id(preview("--portion", "balance"))[str(WEBSITE)]
    assert open_balance["reason"] == "deposit paid, 5040.00 AUD still to invoice"
    assert open_balance["state"] == "offered"


def raise_deposit(run, loaded):
    from workers.cli.demo import script  # noqa: PLC0415

    (asked,) = run("enqueue", script.EXAMPLES / "deposit-invoice.json", "--json").json
    for _ in range(3):
        execute(loaded, asked["action_id"])


def test_an_ongoing_invoice_leaves_usage_based_products_unticked(preview):
    told = preview("--portion", "ongoing", deal="harbour")
    by_name = {line["name"]: line for line in told["lines"]}
    assert by_name["Managed hosting, per month"]["state"] == "chosen"
    traffic = by_name["Data transfer, per GB"]
    assert (traffic["state"], traffic["remaining_after"]) == ("skipped", None)
    assert "Usage-Based" in traffic["reason"]
    assert Decimal(told["subtotal"]) == Decimal("960.00")
    ticked = preview("--portion", "ongoing", "--include-usage-based", deal="harbour")
    assert Decimal(ticked["subtotal"]) == Decimal("1089.50")


def test_why_it_would_be_refused_is_said(preview):
    told = preview("--portion", "balance")
    (problem,) = told["problems"]
    assert problem["path"] == "params.deal_product_ids"
    assert "nothing to invoice as balance" in problem["message"]
    shown = preview("--portion", "balance", as_json=False)
    assert "It would be refused as it stands." in shown.said


def test_without_tax_rates_no_tax_is_made_up(preview, sandbox):
    sandbox.fault("xero", "status", path="TaxRates", status=503, times=None)
    told = preview()
    assert told["unknown_tax_types"] == ["OUTPUT"]
    assert money(told, "subtotal", "tax", "total") == (Decimal(9966), 0, Decimal(9966))
    assert any("tax rates are not known" in note for note in told["notes"])
    shown = " ".join(preview(as_json=False).said.split())
    assert "total (without what is not known)" in shown


def test_the_organisation_is_asked_once(preview, world, sandbox):
    preview()
    preview()
    paths = Office(world, sandbox).paths()
    assert sorted(paths) == ["GET /Organisation", "GET /TaxRates"]


def test_a_finance_person_can_read_it(preview):
    said = preview("--portion", "deposit", as_json=False).said
    for words in (
        "Brightside Dental: new website",
        "Invoice: deposit in AUD, amounts without tax",
        "Website design and build",
        "12 × 145.00, less 10 %",  # noqa: RUF001
        "3,360.00",
        "subtotal",
        "4,557.30 AUD",
        "Nothing has been created.",
    ):
        assert words in said
