"""An invoice and its email as one action: who gets it, what it says, and what a failure leaves."""

import base64
import io
from datetime import datetime, timedelta
from decimal import Decimal

import pypdf
import pytest
from sqlalchemy import text

from infra.clock import utc_now
from infra.database import attachments
from infra.envelope import Refused
from infra.platforms.xero.invoice_email import next_day
from workers.commands import resume

SENT = "postmark.message.sent"
CREATED = "xero.invoice.created"
EMAILED = "xero.invoice.emailed"


@pytest.fixture
def branded(office):
    """An office whose workspace can send branded email."""
    office.world.add_postmark(colour="#0f766e", reply_to="hello@tidewater.test")
    return office


def deal_of(office, email="sam@brightside.test"):
    customer = office.world.customer("Brightside Dental", "ap@brightside.test")
    contact = office.world.contact(email)
    return office.world.deal(
        {}, {"unit_price": Decimal("49.95")}, customer=customer, contact=contact
    )[0]


def messages(office):
    return office.sandbox.control("GET", "/postmark/messages")["messages"]


def settings(office, **wish):
    office.sandbox.control("POST", "/postmark/settings", wish)


def test_create_pdf_link_and_branded_email_are_one_action(branded):
    done = branded.invoice(deal_of(branded), email_mode="trustpager")
    assert done.status == "succeeded", done.error
    (message,) = messages(branded)
    number, url = done.result["invoice_number"], done.result["online_url"]
    email = done.result["email"]
    assert (email["mode"], email["outcome"], email["to"]) == (
        "trustpager",
        "sent",
        "sam@brightside.test",
    )
    assert (email["message_id"], email["warnings"]) == (message["MessageID"], [])
    assert message["To"] == "sam@brightside.test"
    assert message["From"] == '"Tidewater Studio" <accounts@tidewater.test>'
    assert message["ReplyTo"] == "hello@tidewater.test"
    assert message["Subject"] == f"Invoice {number} from Tidewater Studio"
    assert f'href="{url}"' in message["HtmlBody"]
    assert url in message["TextBody"]
    assert "Hi Sam," in message["TextBody"]
    assert "$164.95 AUD" in message["HtmlBody"]
    (document,) = message["Attachments"]
    assert document["Name"] == f"Invoice {number}.pdf"
    assert (
        number
        in pypdf.PdfReader(io.BytesIO(base64.b64decode(document["Content"])))
        .pages[0]
        .extract_text()
    )
    (effect,) = branded.rows("SELECT id FROM effects WHERE name LIKE 'postmark.%'")
    assert message["Metadata"] == {"fleet_effect": str(effect.id)}
    assert (branded.sandbox.count(CREATED), branded.sandbox.count(SENT)) == (1, 1)


def test_the_pdf_is_in_no_log_no_outcome_and_no_stored_request(branded):
    done = branded.invoice(deal_of(branded), email_mode="trustpager")
    (document,) = messages(branded)[0]["Attachments"]
    beginning = document["Content"][:40]
    for table in ("integration_log", "effects", "actions", "outbox"):
        for row in branded.rows(f"SELECT * FROM {table}"):
            assert beginning not in str(row), table
            assert "%PDF" not in str(row), table
    assert not branded.rows(
        "SELECT 1 FROM calls c JOIN effects e ON e.call_id = c.id"
        " WHERE e.name LIKE 'postmark.%' AND c.body IS NOT NULL"
    )
    (kept,) = branded.rows("SELECT * FROM attachments")
    assert kept.content.startswith(b"%PDF")
    with branded.world.fleet.database.transaction() as tx:
        assert attachments.purge(tx, kept.created_at + timedelta(seconds=1)) == 1
    assert done.status == "succeeded"


def test_without_the_pdf_none_is_fetched(branded):
    branded.invoice(deal_of(branded), email_mode="trustpager", email_attach_pdf=False)
    assert messages(branded)[0]["Attachments"] == []
    assert not branded.rows("SELECT 1 FROM effects WHERE name = 'xero.fetch_invoice_pdf'")


def test_subject_and_body_are_filled_and_escaped(branded):
    branded.invoice(
        deal_of(branded),
        email_mode="trustpager",
        email_subject="{{ xero.invoice_number }}: {{xero.total}}",
        email_body="Dear {{contact.first_name}} <b>\n\nDue {{xero.due_date}}.",
    )
    (message,) = messages(branded)
    assert message["Subject"].endswith(": $164.95 AUD")
    assert "Dear Sam &lt;b&gt;" in message["HtmlBody"]
    assert "Dear Sam <b>" in message["TextBody"]


@pytest.mark.parametrize(
    ("params", "to"),
    [
        ({"email_recipient": "boss@brightside.test"}, "boss@brightside.test"),
        ({"email_recipient_source": "primary_contact"}, "sam@brightside.test"),
        ({"email_recipient_source": "xero_contact"}, "ap@brightside.test"),
        ({"email_recipient_source": "secondary_contact"}, "kim@brightside.test"),
    ],
)
def test_it_goes_to_whom_the_request_names(branded, params, to):
    if params.get("email_recipient_source") == "secondary_contact":
        kim = branded.world.contact("kim@brightside.test", first_name="Kim")
        params = {**params, "email_recipient_contact_id": str(kim)}
    done = branded.invoice(
        deal_of(branded), email_mode="trustpager", due_date="2027-01-31", **params
    )
    assert done.result["email"]["to"] == to
    assert messages(branded)[0]["To"] == to


@pytest.mark.parametrize(
    ("params", "field", "words"),
    [
        ({"email_subject": "{{xero.nummer}}"}, "params.email_subject", "{{xero.invoice_number}}"),
        ({"email_body": "Hi {{contact.first_name"}, "params.email_body", "not closed"),
        ({"email_body": "<" * 30_000}, "params.email_body", "at most"),
        ({"email_recipient": "a@b.test, c@d.test"}, "params.email_recipient", "not one"),
        ({"status": "DRAFT"}, "params.email_mode", "DRAFT"),
        (
            {"email_recipient_source": "secondary_contact"},
            "params.email_recipient_contact_id",
            "required",
        ),
        (
            {"email_recipient_contact_id": "00000000-0000-4000-8000-000000000000"},
            "params.email_recipient_contact_id",
            "secondary_contact",
        ),
        (
            {
                "email_recipient_source": "secondary_contact",
                "email_recipient_contact_id": "00000000-0000-4000-8000-000000000000",
            },
            "params.email_recipient_contact_id",
            "no contact",
        ),
    ],
)
def test_what_cannot_be_sent_is_refused_at_intake(branded, params, field, words):
    with pytest.raises(Refused) as refused:
        branded.invoice(deal_of(branded), email_mode="trustpager", **params)
    (problem,) = refused.value.problems
    assert (problem.field, words in problem.problem) == (field, True), problem


def test_a_deal_without_an_address_is_refused_before_anything_is_created(branded):
    deal = branded.world.deal({}, customer=branded.world.customer())[0]
    with pytest.raises(Refused, match="email_recipient_source: the deal has no primary contact"):
        branded.invoice(deal, email_mode="trustpager")
    deal = deal_of(branded, email=None)
    with pytest.raises(Refused, match="primary contact has no email address"):
        branded.invoice(deal, email_mode="trustpager")
    assert branded.paths() == []


def test_a_sender_removed_after_intake_is_missed_before_the_invoice(branded):
    request = branded.world.request(
        "xero_create_invoice", {"email_mode": "trustpager"}, deal_of(branded)
    )
    action = branded.world.submit(request)
    with branded.world.fleet.database.transaction() as tx:
        tx.execute(text("UPDATE email_configs SET is_default = false"))
    done = branded.carry_on(action)
    assert (done.status, done.error["code"]) == ("rejected", "cannot_invoice")
    assert "default email config" in done.error["message"]
    assert branded.sandbox.count(CREATED) == 0


def test_a_contact_without_an_address_in_xero_is_found_out_before_the_invoice(office):
    customer = office.world.customer("No Mail Pty Ltd", None)
    done = office.invoice(office.world.deal({}, customer=customer)[0], email_mode="xero")
    assert (done.status, done.error["code"]) == ("rejected", "no_recipient")
    assert office.sandbox.count(CREATED) == 0


def test_a_refused_email_leaves_the_invoice_and_is_sent_alone(branded):
    settings(branded, inactive=["sam@brightside.test"])
    done = branded.invoice(deal_of(branded), email_mode="trustpager")
    assert done.status == "succeeded"
    email = done.result["email"]
    assert (email["outcome"], email["to"]) == ("failed", "sam@brightside.test")
    assert "marked as inactive" in email["why"]
    settings(branded, inactive=[])
    alone = branded.act(
        "xero_email_invoice", invoice_id=done.result["invoice_id"], email_mode="trustpager"
    )
    assert (alone.status, alone.result["email"]["outcome"]) == ("succeeded", "sent")
    assert (branded.sandbox.count(CREATED), branded.sandbox.count(SENT)) == (1, 1)


def test_a_pdf_that_cannot_be_had_fails_the_email_only(branded):
    branded.sandbox.fault(
        "xero", "status", method="GET", path=r"/Invoices/[^/]+$", status=404, times=None
    )
    done = branded.invoice(deal_of(branded), email_mode="trustpager")
    assert (done.status, done.result["email"]["outcome"]) == ("succeeded", "failed")
    assert "no PDF to attach" in done.result["email"]["why"]
    assert branded.sandbox.count(SENT) == 0


@pytest.mark.parametrize("fault", ["drop_after_commit", "status_after_commit", "garbage"])
def test_a_send_of_unknown_outcome_is_looked_up_and_not_sent_again(branded, fault):
    branded.sandbox.fault("postmark", fault, method="POST", path="/email")
    request = branded.world.request(
        "xero_create_invoice", {"email_mode": "trustpager"}, deal_of(branded)
    )
    done = branded.carry_on(branded.world.submit(request), turns=25)
    assert (done.status, done.result["email"]["outcome"]) == ("succeeded", "sent"), done.result
    assert branded.sandbox.count(SENT) == 1


@pytest.mark.parametrize("fault", ["drop_before_commit", "status"])
def test_a_send_that_was_lost_is_sent_again_once_its_absence_is_believed(branded, fault):
    branded.sandbox.fault("postmark", fault, method="POST", path="/email", status=500)
    request = branded.world.request(
        "xero_create_invoice", {"email_mode": "trustpager"}, deal_of(branded)
    )
    action = branded.world.submit(request)
    assert branded.carry_on(action, turns=10).status == "reconciling"
    assert branded.sandbox.count(SENT) == 0
    with branded.world.fleet.database.transaction() as tx:
        tx.execute(text("UPDATE effects SET last_send_by = now() - interval '1 hour'"))
    done = branded.carry_on(action)
    assert (done.status, done.result["email"]["outcome"]) == ("succeeded", "sent")
    assert branded.sandbox.count(SENT) == 1


def test_an_invoice_voided_while_its_email_waited_is_not_sent(branded):
    branded.sandbox.fault("xero", "status", method="GET", path=r"/Invoices/[^/]+$", status=503)
    request = branded.world.request(
        "xero_create_invoice", {"email_mode": "trustpager"}, deal_of(branded)
    )
    action = branded.world.submit(request)
    while not branded.rows("SELECT 1 FROM effects WHERE name = 'xero.fetch_invoice_pdf'"):
        branded.carry_on(action, turns=1)
    with branded.world.fleet.database.transaction() as tx:
        tx.execute(text("UPDATE invoices SET status = 'VOIDED'"))
    done = branded.carry_on(action)
    assert (done.status, done.result["email"]["outcome"]) == ("succeeded", "failed")
    assert "VOIDED by now" in done.result["email"]["why"]
    assert branded.sandbox.count(SENT) == 0


def test_an_address_corrected_in_xero_counts_at_once(branded):
    customer = branded.world.customer("Brightside Dental", "new@brightside.test")
    contact = branded.world.contact()
    deals = [branded.world.deal({}, customer=customer, contact=contact)[0] for _ in range(2)]
    branded.invoice(deals[0])  # which reads the contact, and remembers it
    with branded.world.fleet.database.transaction() as tx:  # as it was before the correction
        remembered = (
            "UPDATE platform_facts SET value = jsonb_set(value, '{email}', '\"old@b.test\"')"
        )
        assert tx.execute(text(f"{remembered} WHERE name LIKE 'contact:%'")).rowcount == 1
    source = {"email_recipient_source": "xero_contact", "due_date": "2027-01-31"}
    done = branded.invoice(deals[1], email_mode="trustpager", **source)
    assert done.result["email"]["to"] == "new@brightside.test"


# --- by Xero --------------------------------------------------------------------------------------


def test_xero_emails_its_contact_and_the_outcome_says_whom(office):
    done = office.invoice(deal_of(office), email_mode="xero", due_date="2027-01-31")
    email = done.result["email"]
    assert (email["mode"], email["outcome"], email["to"], email["warnings"]) == (
        "xero",
        "sent",
        "ap@brightside.test",
        [],
    )
    assert email["at"]
    assert office.sandbox.count(EMAILED) == 1


def test_wishes_xero_takes_no_notice_of_are_told(office):
    done = office.invoice(
        deal_of(office), email_mode="xero", email_recipient="b@c.test", email_subject="Hello"
    )
    first, second = done.result["email"]["warnings"]
    assert "Xero sends its own email" in first
    assert "ap@brightside.test" in second


def test_xeros_email_of_unknown_outcome_is_told_and_never_sent_twice(office):
    office.sandbox.fault("xero", "status_after_commit", path="/Email", status=500)
    done = office.invoice(deal_of(office), email_mode="xero")
    assert (done.status, done.result["email"]["outcome"]) == ("succeeded", "unknown")
    assert (office.sandbox.count(CREATED), office.sandbox.count(EMAILED)) == (1, 1)


def test_a_dropped_answer_of_xeros_email_is_repeated_under_its_key(office):
    office.sandbox.fault("xero", "drop_after_commit", path="/Email")
    done = office.invoice(deal_of(office), email_mode="xero")
    assert (done.status, done.result["email"]["outcome"]) == ("succeeded", "sent")
    assert office.sandbox.count(EMAILED) == 1


def test_the_daily_cap_waits_for_the_organisations_next_day(office):
    office.sandbox.control("POST", "/limits", {"platform": "xero", "email_day": 0})
    request = office.world.request("xero_create_invoice", {"email_mode": "xero"}, deal_of(office))
    action = office.world.submit(request)
    waiting = office.carry_on(action, turns=4)
    while waiting.error is None or waiting.error["code"] != "email_cap":
        waiting = office.carry_on(action, turns=1)
    assert waiting.status == "waiting"
    assert waiting.due_at == next_day(utc_now(), "AUSEASTERNSTANDARDTIME")
    office.sandbox.control("POST", "/clock", {"advance_seconds": 600})  # the key is forgotten
    office.sandbox.control("POST", "/limits", {"platform": "xero", "email_day": 1000})
    done = office.carry_on(action)
    assert (done.status, done.result["email"]["outcome"]) == ("succeeded", "sent")


def test_the_next_day_begins_at_the_organisations_midnight():
    evening = datetime.fromisoformat("2026-12-04T12:30:00+00:00")  # 23:30 in Sydney
    assert next_day(evening, "Australia/Sydney").isoformat() == "2026-12-04T13:01:00+00:00"
    assert next_day(evening, None).isoformat() == "2026-12-05T00:01:00+00:00"


# --- the email alone ------------------------------------------------------------------------------


def test_send_invoice_by_our_id_or_xeros(office):
    raised = office.invoice(deal_of(office))
    (row,) = office.rows("SELECT id, platform_invoice_id FROM invoices")
    for invoice_id in (row.id, row.platform_invoice_id):
        done = office.act("xero_email_invoice", invoice_id=str(invoice_id))
        assert done.status == "succeeded", done.error
        assert done.result["invoice_number"] == raised.result["invoice_number"]
        assert done.result["email"]["to"] == "ap@brightside.test"
    assert office.sandbox.count(EMAILED) == 2


@pytest.mark.parametrize("status", ["DRAFT", "PAID", "VOIDED", "DELETED"])
def test_only_submitted_and_authorised_invoices_are_sent(office, status):
    raised = office.invoice(deal_of(office))
    with office.world.fleet.database.transaction() as tx:
        tx.execute(text("UPDATE invoices SET status = :s"), {"s": status})
    calls = len(office.paths())
    with pytest.raises(Refused, match=f"is {status}: only SUBMITTED and AUTHORISED"):
        office.act("xero_email_invoice", invoice_id=raised.result["invoice_id"])
    assert len(office.paths()) == calls


def test_an_unknown_email_alone_asks_for_a_person_and_is_not_repeated(office):
    raised = office.invoice(deal_of(office))
    office.sandbox.fault("xero", "status_after_commit", path="/Email", status=500)
    parked = office.act("xero_email_invoice", invoice_id=raised.result["invoice_id"])
    assert (parked.status, parked.error["code"]) == ("parked", "outcome_unknown")
    resume(office.world.fleet, parked.id, who="kim", happened="seen in Xero's history")
    done = office.carry_on(parked.id)
    assert (done.status, done.result["email"]["outcome"]) == ("succeeded", "sent")
    assert office.sandbox.count(EMAILED) == 1
