"""Looking things up in Xero from the command line."""

import pytest
from sqlalchemy import text

from workers import sample

STUDIO = ("--integration", "tidewater")


@pytest.fixture
def xero(run, loaded, sandbox):
    return lambda *said: run("xero", *said)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (("accounts",), ("200", "Consulting", "OUTPUT")),
        (("bank-accounts",), ("090", "Business Savings Account", "-8000-acc00000")),
        (("tax-rates",), ("GST on Income", "10")),
        (("contacts",), ("none found",)),
        (("contacts", "--search", "nobody"), ("none found",)),
        (("invoices",), ("none found",)),
    ],
)
def test_what_is_asked_is_shown(xero, said, shown):
    ran = xero(*said, *STUDIO)
    assert ran.status == 0
    for words in shown:
        assert words in ran.said


def test_json_has_the_items_and_their_age(xero):
    told = xero("accounts", "--json", "--integration", sample.XERO).json
    assert told["items"][0]["code"] == "200"
    assert (told["more"], told["stale"]) == (False, None)
    assert told["read_at"]


def test_several_integrations_must_be_told_apart(xero):
    ran = xero("accounts")
    assert ran.status == 1
    assert str(sample.JOINERY_XERO) in ran.said
    assert "Southbank" in ran.said


def test_an_integration_nobody_knows(xero):
    assert "is called 'harbour'" in xero("accounts", "--integration", "harbour").said


def test_what_cannot_be_asked_is_a_sentence(xero, sandbox):
    sandbox.fault("xero", "status", path="Accounts", status=503, times=None)
    ran = xero("accounts", *STUDIO, "--json")
    assert ran.status == 1
    assert "HTTP 503" in ran.json["error"]


def test_a_field_that_is_wrong_is_named(xero):
    ran = xero("invoices", "--status", "lost", *STUDIO)
    assert (ran.status, "params.status" in ran.said) == (1, True)
    both = xero("invoices", "--status", "paid", "--contact", sample.XERO, *STUDIO)
    assert "not both" in both.said


def test_an_old_answer_says_how_old_it_is(xero, loaded, sandbox):
    xero("accounts", *STUDIO)
    with loaded.database.transaction() as tx:
        tx.execute(text("UPDATE platform_facts SET read_at = read_at - interval '3 h'"))
    sandbox.fault("xero", "status", path="Accounts", status=503, times=None)
    ran = xero("accounts", *STUDIO)
    assert ran.status == 0
    assert "as of 3 h ago" in ran.said
    assert "Consulting" in ran.said
