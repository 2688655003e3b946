"""Contacts: unique names, upserts, archived and merged ones."""

from typing import Any

import pytest
from sandbox_client import Sandbox, problems

from infra.sandbox import seed

ARCHIVED = (
    "The specified contact details matched an archived contact. "
    "Archived contacts cannot currently be edited via the API."
)


def put(sandbox: Sandbox, *contacts: dict[str, Any]) -> Any:
    return sandbox.xero("PUT", "/Contacts", {"Contacts": list(contacts)})


def post(sandbox: Sandbox, **contact: Any) -> Any:
    return sandbox.xero("POST", "/Contacts", {"Contacts": [contact]})


def names(sandbox: Sandbox, query: str = "") -> list[str]:
    answer = sandbox.xero("GET", f"/Contacts?{query}".replace(" ", "%20").replace('"', "%22"))
    return [contact["Name"] for contact in answer.json()["Contacts"]]


def test_names_are_unique_whatever_their_case(sandbox: Sandbox) -> None:
    sandbox.contact("Acme Ltd")
    answer = put(sandbox, {"Name": "ACME ltd"})
    (message,) = problems(answer)
    assert message == (
        "The contact name ACME ltd is already assigned to another contact. "
        "The contact name must be unique across all active contacts."
    )
    assert answer.json()["Elements"][0]["HasValidationErrors"] is True
    assert sandbox.counts() == {"xero.contact.created": 1}


def test_the_name_of_an_archived_contact_is_free(sandbox: Sandbox) -> None:
    old = sandbox.contact("Acme")
    sandbox.control("POST", f"/xero/contacts/{old}/archive", {})
    assert sandbox.contact("Acme") != old


def test_a_name_twice_in_one_call_is_refused(sandbox: Sandbox) -> None:
    assert len(problems(put(sandbox, {"Name": "Acme"}, {"Name": "acme"}))) == 1
    assert names(sandbox) == []


def test_post_updates_by_id_then_number_then_name(sandbox: Sandbox) -> None:
    identity = sandbox.contact("Acme", ContactNumber="c-1", EmailAddress="a@acme.test")
    for wish in (
        {"ContactID": identity, "FirstName": "Ann"},
        {"ContactNumber": "c-1", "Name": "Acme Two", "LastName": "Able"},
        {"Name": "acme two", "EmailAddress": "b@acme.test"},
    ):
        (contact,) = post(sandbox, **wish).json()["Contacts"]
        assert contact["ContactID"] == identity
    expected = {"FirstName": "Ann", "LastName": "Able", "EmailAddress": "b@acme.test"}
    assert {name: contact[name] for name in expected} == expected
    assert sandbox.counts() == {"xero.contact.created": 1, "xero.contact.updated": 3}
    by_id = sandbox.xero("POST", f"/Contacts/{identity}", {"EmailAddress": ""})
    assert "EmailAddress" not in by_id.json()["Contacts"][0]


def test_renaming_frees_the_old_name(sandbox: Sandbox) -> None:
    identity = sandbox.contact("Acme")
    post(sandbox, ContactID=identity, Name="Bold")
    assert sandbox.contact("Acme") != identity
    assert len(problems(post(sandbox, ContactID=identity, Name="Acme"))) == 1


def test_a_contact_is_found_by_id_and_by_number(sandbox: Sandbox) -> None:
    identity = sandbox.contact("Acme", ContactNumber="c-1")
    for path in (identity, identity.upper(), "c-1"):
        (found,) = sandbox.xero("GET", f"/Contacts/{path}").json()["Contacts"]
        assert found["ContactID"] == identity
    assert sandbox.xero("GET", "/Contacts/c-2").status == 404
    assert sandbox.xero("POST", "/Contacts/c-2", {"Name": "X"}).status == 404
    (effect,) = sandbox.control("GET", "/effects")["effects"]
    assert effect["mark"] == "c-1"


@pytest.mark.parametrize(
    ("contact", "message"),
    [
        ({"Name": " "}, "The Contact Name must be specified."),
        ({"EmailAddress": "a@b.test"}, "The Contact Name must be specified."),
        ({"Name": "A", "EmailAddress": "nonsense"}, "Email address must be valid."),
        (
            {"Name": "A", "ContactNumber": "1" * 51},
            "The ContactNumber field cannot be longer than 50 characters",
        ),
        ({"Name": "A" * 256}, "The Name field cannot be longer than 255 characters"),
        ({"Name": "A", "ContactStatus": "GONE"}, "The status 'GONE' is not valid for contacts"),
    ],
)
def test_what_a_contact_must_not_be(
    sandbox: Sandbox, contact: dict[str, Any], message: str
) -> None:
    assert problems(put(sandbox, contact)) == [message]
    assert sandbox.counts() == {}


def test_a_post_must_say_who(sandbox: Sandbox) -> None:
    (message,) = problems(post(sandbox, EmailAddress="a@b.test"))
    assert message.endswith("Name, ContactID, ContactNumber")
    (message,) = problems(post(sandbox, ContactID=seed.TENANT_ONE))
    assert message == "The specified ContactID could not be found"


def test_an_archived_contact_is_closed_and_hidden(sandbox: Sandbox) -> None:
    identity = sandbox.contact("Acme", ContactNumber="c-1")
    sandbox.contact("Bold")
    sandbox.control("POST", f"/xero/contacts/{identity}/archive", {})
    assert names(sandbox) == ["Bold"]
    assert sorted(names(sandbox, "includeArchived=true")) == ["Acme", "Bold"]
    assert problems(post(sandbox, ContactID=identity, ContactStatus="ACTIVE")) == [ARCHIVED]
    assert problems(post(sandbox, ContactNumber="c-1", Name="New")) == [ARCHIVED]
    (found,) = sandbox.xero("GET", f"/Contacts/{identity}").json()["Contacts"]
    assert found["ContactStatus"] == "ARCHIVED"


def test_a_merged_contact_names_where_it_went(sandbox: Sandbox) -> None:
    old, kept = sandbox.contact("Old"), sandbox.contact("Kept")
    invoice = sandbox.invoice(old)
    sandbox.control("POST", f"/xero/contacts/{old}/merge", {"into": kept})
    (single,) = sandbox.xero("GET", f"/Contacts/{old}").json()["Contacts"]
    assert (single["ContactStatus"], single["MergedToContactID"]) == ("ARCHIVED", kept)
    unpaged = sandbox.xero("GET", "/Contacts?includeArchived=true").json()["Contacts"]
    assert not any("MergedToContactID" in contact for contact in unpaged)
    moved = sandbox.xero("GET", f"/Invoices/{invoice['InvoiceID']}").json()["Invoices"][0]
    assert moved["Contact"]["ContactID"] == kept


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ('where=EmailAddress=="A@ACME.TEST"', ["Acme"]),
        ('where=Name=="acme"', ["Acme"]),
        ('where=Name=="B \\"C\\" D"', ['B "C" D']),
        ('where=ContactNumber=="c-2"', ['B "C" D']),
        ('where=ContactStatus=="ACTIVE" AND EmailAddress==null', ['B "C" D']),
        ("searchTerm=acme.test", ["Acme"]),
        ("order=Name DESC", ['B "C" D', "Acme"]),
        ("page=1&pageSize=1&order=Name", ["Acme"]),
    ],
)
def test_filters(sandbox: Sandbox, query: str, expected: list[str]) -> None:
    sandbox.contact("Acme", EmailAddress="a@acme.test")
    sandbox.contact('B "C" D', ContactNumber="c-2")
    assert names(sandbox, query) == expected


def test_a_seeded_contact_is_a_persons(sandbox: Sandbox) -> None:
    wish = {"Name": "Seeded", "EmailAddress": "s@s.test", "ContactStatus": "ARCHIVED"}
    assert sandbox.control("POST", "/xero/contacts", wish)["ContactStatus"] == "ARCHIVED"
    assert sandbox.counts() == {}
    assert sandbox.control("GET", "/xero/contacts")["contacts"][0]["Name"] == "Seeded"
    sandbox.control("POST", "/xero/contacts", {"Name": "A"})
    refused = sandbox.control("POST", "/xero/contacts", {"Name": "a"}, status=400)
    assert "already assigned" in refused["error"]


def test_a_second_tenant_has_contacts_of_its_own(sandbox: Sandbox) -> None:
    sandbox.contact("Acme")
    body = {"Contacts": [{"Name": "Acme"}]}
    assert sandbox.xero("PUT", "/Contacts", body, tenant=seed.TENANT_TWO).status == 200
