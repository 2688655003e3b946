"""`fleet catalogue`: what is declared is what is told, in the terminal and in the docs."""

from datetime import timedelta
from pathlib import Path

import pytest

from domain.actions.retry import Guarantee
from infra.platforms import CATALOGUE
from workers.catalogue import markdown, offers, safety

PAGE = Path(__file__).parents[2] / "docs" / "catalogue.md"


def test_the_page_in_the_docs_is_as_declared():
    assert PAGE.read_text(encoding="utf-8") == markdown(offers(CATALOGUE)), (
        "fleet catalogue --markdown > docs/catalogue.md"
    )


def test_every_action_is_told_with_its_params_and_limits(run):
    told = {one["name"]: one for one in run("catalogue", "--json").json}
    assert set(told) == set(CATALOGUE.actions)
    message = told["slack_send_message"]
    assert message["effects"] == [{"effect": "slack.post_message", "words": "found by look-up"}]
    assert message["params"][0] == {
        "name": "channel",
        "kind": "text, 80 characters at most",
        "required": True,
        "default": None,
    }
    assert "10 in 10 s (channel)" in message["limits"]
    assert told["xero_sync_invoices"]["effects"] == []
    assert told["portant_generate_document"]["effects"] == [
        {"effect": "portant.trigger", "words": "told by callback, then parked when unknown"},
        {"effect": "portant.await_document", "words": "parked when unknown"},
    ]


def test_one_action_shows_its_params_and_an_unknown_one_what_there_is(run):
    assert "email_recipient_source" in run("catalogue", "xero_create_invoice").said
    wrong = run("catalogue", "xero_make_invoice")
    assert wrong.status == 1
    assert "xero_create_invoice" in wrong.said


def test_every_effect_that_changes_something_belongs_to_an_action():
    used = {name for action in CATALOGUE.actions.values() for name in action.effects}
    declared = {
        effect.name: effect.guarantee.changes
        for platform in CATALOGUE.platforms.values()
        for effect in platform.effects
    }
    assert {name for name, changes in declared.items() if changes} == used


@pytest.mark.parametrize(
    ("guarantee", "words"),
    [
        (Guarantee(changes=False), "reads only"),
        (Guarantee(can_find=True), "found by look-up"),
        (Guarantee(on_unknown="park"), "parked when unknown"),
        (
            Guarantee(deduplicates_for=timedelta(hours=40), on_unknown="park"),
            "deduplicated by the platform for 40 h, then parked when unknown",
        ),
    ],
)
def test_a_guarantee_in_words(guarantee, words):
    assert safety(guarantee) == words
