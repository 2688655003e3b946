"""An update and its email: the change first, the email after it, neither twice."""

import pytest

from infra.envelope import Refused
from tests.platforms.xero.test_emailing import EMAILED, SENT, deal_of, messages
from tests.platforms.xero.test_update_invoice import UPDATE, UPDATED, stored


@pytest.fixture
def branded(office):
    """An office whose workspace can send branded email."""
    office.world.add_postmark()
    return office


def raised(office, **params):
    done = office.invoice(deal_of(office), **params)
    assert done.status == "succeeded", done.error
    return done.result["invoice_id"]


def test_approved_and_emailed_by_xero_in_one_action(office):
    invoice = raised(office, status="DRAFT")
    before = len(office.paths())
    done = office.act(UPDATE, invoice_id=invoice, status="AUTHORISED", email_mode="xero")
    assert (done.status, done.result["status"]) == ("succeeded", "AUTHORISED"), done.error
    email = done.result["email"]
    assert (email["outcome"], email["to"]) == ("sent", "ap@brightside.test")
    contact = stored(office).contact_id
    assert office.paths()[before:] == [
        f"GET /Contacts/{contact}",  # the address, before anything is changed
        f"POST /Invoices/{invoice}",
        f"POST /Invoices/{invoice}/Email",
    ]


def test_a_branded_email_shows_what_the_update_made_of_the_invoice(branded):
    invoice = raised(branded)
    done = branded.act(
        UPDATE, invoice_id=invoice, due_date="2031-02-28", email_mode="trustpager",
        email_subject="Due {{xero.due_date}}",
    )  # fmt: skip
    assert done.result["email"]["outcome"] == "sent", done.result
    (message,) = messages(branded)
    assert "28 " in message["Subject"]
    assert "2031" in message["Subject"]


def test_an_email_mode_alone_sends_the_email_and_changes_nothing(branded):
    invoice = raised(branded)
    done = branded.act(UPDATE, invoice_id=invoice, email_mode="trustpager")
    assert (done.status, done.result["email"]["outcome"]) == ("succeeded", "sent"), done.error
    assert branded.sandbox.count(SENT) == 1
    assert branded.sandbox.count(UPDATED) == 0
    assert f"POST /Invoices/{invoice}" not in branded.paths()


def test_a_failed_email_leaves_the_update_and_says_why(branded):
    invoice = raised(branded)
    branded.sandbox.control("POST", "/postmark/settings", {"inactive": ["sam@brightside.test"]})
    done = branded.act(UPDATE, invoice_id=invoice, reference="x", email_mode="trustpager")
    assert (done.status, done.result["reference"]) == ("succeeded", "x")
    assert done.result["email"]["outcome"] == "failed"
    assert "inactive" in done.result["email"]["why"]


def test_a_refused_update_sends_no_email(branded):
    invoice = raised(branded)
    branded.person("organisation", PeriodLockDate="2099-01-01")
    done = branded.act(UPDATE, invoice_id=invoice, reference="x", email_mode="trustpager")
    assert (done.status, done.error["code"]) == ("rejected", "period_locked")
    assert branded.sandbox.count(SENT) == 0


@pytest.mark.parametrize("fault", ["drop_after_commit", "status_after_commit"])
def test_an_unknown_update_is_made_once_and_emailed_once(branded, fault):
    invoice = raised(branded)
    branded.sandbox.fault("xero", fault, path=f"/Invoices/{invoice}$", method="POST")
    done = branded.act(UPDATE, invoice_id=invoice, reference="x", email_mode="trustpager")
    assert (done.status, done.result["email"]["outcome"]) == ("succeeded", "sent"), done.error
    assert (branded.sandbox.count(UPDATED), branded.sandbox.count(SENT)) == (1, 1)


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"reference": "x", "email_mode": "trustpager"}, "params.email_mode"),  # no sender
        ({"reference": "x", "email_subject": "Hi"}, "params.email_subject"),
        ({"status": "VOIDED", "email_mode": "xero"}, "params.email_mode"),
        ({"email_mode": "none"}, "params"),
        (
            {"email_mode": "xero", "email_recipient_source": "secondary_contact"},
            "params.email_recipient_contact_id",
        ),
    ],
)
def test_what_cannot_be_emailed_is_refused_before_the_change(office, params, field):
    invoice = raised(office)
    calls = len(office.paths())
    with pytest.raises(Refused) as refused:
        office.act(UPDATE, invoice_id=invoice, **params)
    assert [one.field for one in refused.value.problems] == [field]
    assert len(office.paths()) == calls


def test_a_contact_without_an_address_in_xero_is_found_out_before_the_change(office):
    customer = office.world.customer("No Mail Pty Ltd", None)
    done = office.invoice(office.world.deal({}, customer=customer)[0])
    invoice = done.result["invoice_id"]
    refused = office.act(UPDATE, invoice_id=invoice, reference="x", email_mode="xero")
    assert (refused.status, refused.error["code"]) == ("rejected", "no_recipient")
    assert (office.sandbox.count(UPDATED), office.sandbox.count(EMAILED)) == (0, 0)
