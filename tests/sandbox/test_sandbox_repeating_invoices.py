"""Repeating invoices: what a template must say, and the invoices it raises as time goes by."""

from typing import Any

import pytest
from sandbox_client import Sandbox, a_line, problems

ONLY_AUTHORISED = "Only AUTHORISED repeating invoices may have ApprovedForSending updated."


def a_template(contact: str, **more: Any) -> dict[str, Any]:
    schedule = {
        "Period": 1,
        "Unit": "MONTHLY",
        "DueDate": 14,
        "DueDateType": "DAYSAFTERBILLDATE",
        "StartDate": "2026-01-31",
        **more.pop("schedule", {}),
    }
    return {
        "Type": "ACCREC",
        "Contact": {"ContactID": contact},
        "Schedule": schedule,
        "LineItems": [a_line()],
        "Status": "AUTHORISED",
        **more,
    }


def put(sandbox: Sandbox, contact: str, **more: Any) -> Any:
    body = {"RepeatingInvoices": [a_template(contact, **more)]}
    return sandbox.xero("PUT", "/RepeatingInvoices", body)


def template(sandbox: Sandbox, contact: str, **more: Any) -> dict[str, Any]:
    answer = put(sandbox, contact, **more)
    assert answer.status == 200, answer.data
    return dict(answer.json()["RepeatingInvoices"][0])


def stored(sandbox: Sandbox, identity: str) -> dict[str, Any]:
    answer = sandbox.xero("GET", f"/RepeatingInvoices/{identity}")
    return dict(answer.json()["RepeatingInvoices"][0])


def set_clock(sandbox: Sandbox, day: str) -> None:
    sandbox.control("POST", "/clock", {"set": f"{day}T02:00:00Z"})


def children(sandbox: Sandbox) -> list[dict[str, Any]]:
    return list(sandbox.control("GET", "/xero/invoices")["invoices"])


def days(sandbox: Sandbox) -> list[str]:
    return sorted(invoice["DateString"][:10] for invoice in children(sandbox))


def by_schedule(sandbox: Sandbox) -> dict[str, int]:
    return dict(sandbox.control("GET", "/effects")["counts_by_schedule"])


def test_a_template_is_answered_whole(sandbox: Sandbox) -> None:
    set_clock(sandbox, "2026-01-01")
    made = template(sandbox, sandbox.contact(), Reference="sub", IncludePDF=True)
    assert made["ID"] == made["RepeatingInvoiceID"]
    assert made["Schedule"]["NextScheduledDate"] == made["Schedule"]["StartDate"]
    assert (made["SubTotal"], made["TotalTax"], made["Total"]) == (100, 10, 110)
    flags = ("ApprovedForSending", "SendCopy", "MarkAsSent", "IncludePDF")
    assert [made[flag] for flag in flags] == [False, False, False, True]
    assert stored(sandbox, made["ID"]) == made
    assert sandbox.counts()["xero.repeating.created"] == 1
    listed = sandbox.xero("GET", '/RepeatingInvoices?where=Status=="AUTHORISED"').json()
    assert (listed["RepeatingInvoices"], "pagination" in listed) == ([made], False)


def test_the_list_knows_neither_pages_nor_what_has_changed(sandbox: Sandbox) -> None:
    set_clock(sandbox, "2026-01-01")
    contact = sandbox.contact()
    made = [template(sandbox, contact)["ID"] for _ in range(3)]
    answer = sandbox.xero(
        "GET",
        "/RepeatingInvoices?page=2&pageSize=1",
        headers={"If-Modified-Since": "2030-01-01T00:00:00"},
    )
    assert {row["ID"] for row in answer.json()["RepeatingInvoices"]} == set(made)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"Type": None}, "Type must be specified"),
        ({"Contact": None}, "A Contact must be specified for this type of transaction"),
        ({"LineItems": []}, "One or more line items must be specified"),
        ({"LineItems": [a_line(AccountCode=None)]}, "Account code must be specified"),
        ({"schedule": {"Period": 0}}, "Schedule Period must be at least 1"),
        ({"schedule": {"DueDateType": None}}, "Schedule DueDateType must be specified"),
        ({"Status": "DRAFT", "ApprovedForSending": True}, ONLY_AUTHORISED),
    ],
)
def test_what_a_template_must_say(sandbox: Sandbox, more: dict[str, Any], message: str) -> None:
    assert problems(put(sandbox, sandbox.contact(), **more)) == [message]
    assert children(sandbox) == []


def test_a_template_knows_no_year(sandbox: Sandbox) -> None:
    answer = put(sandbox, sandbox.contact(), schedule={"Unit": "YEARLY"})
    assert (answer.status, answer.json()["ErrorNumber"]) == (400, 14)


def test_an_update_replaces_the_whole_document(sandbox: Sandbox) -> None:
    set_clock(sandbox, "2026-01-01")
    contact = sandbox.contact()
    made = template(sandbox, contact, Reference="old")
    path, identity = f"/RepeatingInvoices/{made['ID']}", {"RepeatingInvoiceID": made["ID"]}
    partly = {"RepeatingInvoices": [{**identity, "Schedule": {"Period": 2, "Unit": "WEEKLY"}}]}
    assert "Type must be specified" in problems(sandbox.xero("POST", path, partly))
    whole = {**a_template(contact, ApprovedForSending=True), **identity}
    answer = sandbox.xero("POST", path, {"RepeatingInvoices": [whole]})
    (after,) = answer.json()["RepeatingInvoices"]
    assert (after["ID"], after["ApprovedForSending"]) == (made["ID"], True)
    assert "Reference" not in after
    assert sandbox.counts()["xero.repeating.updated"] == 1


def test_an_update_without_the_id_inside_is_a_new_template(sandbox: Sandbox) -> None:
    set_clock(sandbox, "2026-01-01")
    contact = sandbox.contact()
    path = f"/RepeatingInvoices/{template(sandbox, contact)['ID']}"
    bare = {"RepeatingInvoices": [{"Status": "DELETED"}]}
    assert "Type must be specified" in problems(sandbox.xero("POST", path, bare))
    whole = {"RepeatingInvoices": [a_template(contact)]}
    assert sandbox.xero("POST", path, whole).status == 200
    assert sandbox.counts()["xero.repeating.created"] == 2


def test_a_deleted_template_raises_nothing_more(sandbox: Sandbox) -> None:
    set_clock(sandbox, "2026-01-01")
    contact = sandbox.contact()
    made = template(sandbox, contact)
    gone = {"RepeatingInvoiceID": made["ID"], "Status": "DELETED"}
    answer = sandbox.xero("POST", "/RepeatingInvoices", {"RepeatingInvoices": [gone]})
    (shown,) = answer.json()["RepeatingInvoices"]
    assert (shown["Status"], "NextScheduledDate" in shown["Schedule"]) == ("DELETED", False)
    again = sandbox.xero("POST", "/RepeatingInvoices", {"RepeatingInvoices": [gone]})
    assert problems(again) == ["Repeating invoice status must be set to DELETED"]
    set_clock(sandbox, "2026-06-01")
    assert children(sandbox) == []


@pytest.mark.parametrize(
    ("month_end", "expected"),
    [
        ("clamped", ["2026-01-31", "2026-02-28", "2026-03-28", "2026-04-28"]),
        ("original", ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]),
    ],
)
def test_invoices_are_raised_on_their_days(
    sandbox: Sandbox, month_end: str, expected: list[str]
) -> None:
    set_clock(sandbox, "2026-01-01")
    sandbox.control("POST", "/xero/schedules", {"month_end": month_end})
    made = template(sandbox, sandbox.contact(), Reference="Plan [Month Year]")
    set_clock(sandbox, "2026-01-30")
    assert days(sandbox) == []
    set_clock(sandbox, "2026-05-01")
    assert days(sandbox) == expected
    first = min(children(sandbox), key=lambda invoice: invoice["DateString"])
    assert first["RepeatingInvoiceID"] == made["ID"]
    assert (first["Status"], first["AmountDue"], first["Total"]) == ("AUTHORISED", 110, 110)
    assert (first["Reference"], first["CreatedByApp"]) == ("Plan January 2026", False)
    assert first["DueDateString"] == "2026-02-14T00:00:00"
    assert by_schedule(sandbox) == {"xero.invoice.created": 4}
    set_clock(sandbox, "2026-05-01")
    assert len(days(sandbox)) == 4, "no day is billed twice"


def test_weekly_until_the_end(sandbox: Sandbox) -> None:
    set_clock(sandbox, "2026-01-01")
    schedule = {"Unit": "WEEKLY", "Period": 2, "StartDate": "2026-01-05", "EndDate": "2026-02-02"}
    made = template(sandbox, sandbox.contact(), schedule=schedule)
    set_clock(sandbox, "2026-12-31")
    assert days(sandbox) == ["2026-01-05", "2026-01-19", "2026-02-02"]
    assert "NextScheduledDate" not in stored(sandbox, made["ID"])["Schedule"]


def test_without_a_start_the_first_is_due_at_once(sandbox: Sandbox) -> None:
    set_clock(sandbox, "2026-03-10")
    schedule = {"StartDate": None, "NextScheduledDate": "2026-04-10"}
    template(sandbox, sandbox.contact(), schedule=schedule)
    assert days(sandbox) == ["2026-03-10"]


def test_a_draft_template_raises_drafts(sandbox: Sandbox) -> None:
    set_clock(sandbox, "2026-01-01")
    template(sandbox, sandbox.contact(), Status="DRAFT", MarkAsSent=True)
    set_clock(sandbox, "2026-02-01")
    (child,) = children(sandbox)
    assert (child["Status"], child["SentToContact"]) == ("DRAFT", False)


@pytest.mark.parametrize(
    ("flags", "sent", "emails"),
    [
        ({"ApprovedForSending": True}, 1, 1),
        ({"MarkAsSent": True}, 1, 0),
        ({}, 0, 0),
    ],
)
def test_only_a_template_approved_for_sending_emails(
    sandbox: Sandbox, flags: dict[str, bool], sent: int, emails: int
) -> None:
    set_clock(sandbox, "2026-01-01")
    template(sandbox, sandbox.contact(EmailAddress="a@example.com"), **flags)
    set_clock(sandbox, "2026-02-01")
    (child,) = children(sandbox)
    assert child["SentToContact"] == bool(sent)
    assert by_schedule(sandbox).get("xero.invoice.emailed", 0) == emails


def test_a_contact_without_an_address_is_not_emailed(sandbox: Sandbox) -> None:
    set_clock(sandbox, "2026-01-01")
    template(sandbox, sandbox.contact(), ApprovedForSending=True)
    set_clock(sandbox, "2026-02-01")
    assert [child["SentToContact"] for child in children(sandbox)] == [False]
    assert by_schedule(sandbox) == {"xero.invoice.created": 1}


def test_one_bad_template_does_not_touch_the_others(sandbox: Sandbox) -> None:
    contact = sandbox.contact()
    later = {"StartDate": "2030-01-01"}
    body = {
        "RepeatingInvoices": [
            a_template(contact, schedule=later),
            a_template(contact, Type=None, schedule=later),
        ]
    }
    answer = sandbox.xero("PUT", "/RepeatingInvoices?summarizeErrors=false", body)
    good, bad = answer.json()["RepeatingInvoices"]
    assert (good["StatusAttributeString"], bad["StatusAttributeString"]) == ("OK", "ERROR")
    assert bad["ValidationErrors"] == [{"Message": "Type must be specified"}]
    assert sandbox.counts()["xero.repeating.created"] == 1
