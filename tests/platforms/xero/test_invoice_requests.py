"""Requests for invoices that are refused at intake, every problem by its field."""

import pytest
from sqlalchemy import text

from infra.envelope import Refused


@pytest.mark.parametrize(
    ("params", "field", "words"),
    [
        ({"portion": "ongoing"}, "params.portion", "xero_create_repeating_invoice"),
        (
            {"email_mode": "trustpager", "email_recipient": "sam@deal.test"},
            "params.email_mode",
            "default email config",
        ),
        ({"email_subject": "Hi"}, "params.email_subject", "email_mode"),
        ({"email_mod": "xero"}, "params.email_mod", "unknown field"),
        ({"status": "PAID"}, "params.status", "AUTHORISED"),
        ({"due_date": "soon"}, "params.due_date", "date"),
        ({"deal_product_ids": ["x"]}, "params.deal_product_ids[0]", "UUID"),
        ({"currency": "aud"}, "params.currency", "pattern"),
        ({"line_amount_types": "exclusive"}, "params.line_amount_types", "Exclusive"),
    ],
)
def test_what_cannot_be_done_is_refused_at_intake_by_field(office, params, field, words):
    deal, _ = office.world.deal({})
    with pytest.raises(Refused) as refused:
        office.invoice(deal, **params)
    (problem,) = refused.value.problems
    assert problem.field == field
    assert words.lower() in problem.problem.lower()


def test_everything_wrong_is_named_at_once(office):
    _, (foreign,) = office.world.deal({})
    deal, _ = office.world.deal({})
    with pytest.raises(Refused) as refused:
        office.invoice(
            deal,
            deal_product_ids=[str(foreign)],
            email_mode="xero",
            status="DRAFT",
            portion="ongoing",
        )
    assert {p.field for p in refused.value.problems} == {
        "params.deal_product_ids[0]",
        "params.email_mode",
        "params.portion",
    }


def test_email_fields_beside_email_mode_none_are_accepted(office):
    done = office.invoice(office.world.deal({})[0], email_mode="none", email_attach_pdf=True)
    assert done.result["email"] == {"mode": "none", "outcome": "none"}


def test_another_workspaces_deal_does_not_exist(office):
    deal, _ = office.world.deal({})
    with office.world.fleet.database.transaction() as tx:
        tx.execute(text("UPDATE crm_deals SET workspace_id = gen_random_uuid()"))
    with pytest.raises(Refused, match=r"data\.deal\.id: no deal"):
        office.invoice(deal)
