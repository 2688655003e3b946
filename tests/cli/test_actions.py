"""Lists that can be narrowed, stories that explain, and what a person may do."""

import json
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from workers import sample
from workers.cli.demo import script
from workers.execute import execute


@pytest.fixture
def ids(run, loaded) -> dict[str, UUID]:
    """Two messages and an invoice, asked and not begun."""
    names = ("slack-messages", "deposit-invoice")
    ran = run("enqueue", *(script.EXAMPLES / f"{name}.json" for name in names), "--json")
    first, second, invoice = (UUID(one["action_id"]) for one in ran.json)
    return {"first": first, "second": second, "invoice": invoice}


def change(fleet, action_id: UUID, **values: object) -> None:
    settings = ", ".join(f"{name} = :{name}" for name in values)
    with fleet.database.transaction() as tx:
        tx.execute(
            text(f"UPDATE actions SET {settings} WHERE id = :id"), {"id": action_id} | values
        )


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ((), {"first", "second", "invoice"}),
        (("--platform", "slack"), {"first", "second"}),
        (("--type", "xero_create_invoice"), {"invoice"}),
        (("--deal", sample.fixed("d1")), {"invoice"}),
        (("--status", "rejected"), set()),
        (("--status", "open", "--integration", sample.SLACK), {"first", "second"}),
        (("--older-than", "10m"), {"first"}),
        (("--newer-than", "10m"), {"second", "invoice"}),
        (("--workspace", sample.JOINERY), set()),
        (("--limit", "1", "--older-than", "1m"), {"first"}),
    ],
)
def test_list_narrows(run, loaded, ids, words: tuple[object, ...], names: set[str]) -> None:
    change(loaded, ids["first"], created_at=loaded.now() - timedelta(hours=1))
    ran = run("actions", "list", *words, "--json")
    assert {UUID(one["id"]) for one in ran.json} == {ids[name] for name in names}


def test_list_for_the_eye(run, loaded, ids) -> None:
    said = run("actions", "list").said
    assert str(ids["invoice"])[:8] in said
    assert "Brightside Dental" in said
    assert "waits for a free worker" in said


@pytest.mark.parametrize("words", [("--status", "lost"), ("--older-than", "soon")])
def test_words_not_understood_are_usage_errors(run, loaded, words: tuple[str, ...]) -> None:
    assert run("actions", "list", *words).status == 2


def test_a_story_from_asking_to_the_result(run, loaded, ids, sandbox) -> None:
    sandbox.fault("slack", "drop_after_commit", path="chat.postMessage")
    execute(loaded, ids["first"])
    told = run("actions", "show", str(ids["first"])[:8], "--json").json
    assert [one["after"] for one in told["history"]] == ["queued", "running", "reconciling"]
    assert told["effects"][0]["attempts"][0]["outcome"] == "unknown"
    change(loaded, ids["first"], due_at=loaded.now())
    execute(loaded, ids["first"])
    story = run("actions", "show", "5eed0006").said  # by the beginning of the request's id
    for words in ("automation: deal won", "may have happened", "looked up", "C0SALES", "final"):
        assert words in story
    assert sandbox.count("slack.message.posted") == 1


def test_a_parked_story_says_what_to_type(run, loaded, ids) -> None:
    error = json.dumps({"code": "attempts_exhausted", "message": "8 attempts"})
    change(loaded, ids["first"], status="parked", error=error)
    said = run("actions", "show", ids["first"]).said
    name = str(ids["first"])[:8]
    assert f"fleet actions resume {name}" in said
    assert f"fleet actions give-up {name}" in said
    assert run("actions", "resume", name).status == 0
    assert run("actions", "show", name, "--json").json["action"]["status"] == "waiting"


def test_a_paused_integration_is_the_reason(run, loaded, ids) -> None:
    with loaded.database.transaction() as tx:
        tx.execute(
            text("UPDATE integrations SET status = 'error', status_reason = 'token revoked'")
        )
    said = run("actions", "show", ids["invoice"]).said
    assert "the integration is paused (token revoked)" in said.replace("\n", " ")


def test_cancel_then_nothing_more_is_possible(run, loaded, ids) -> None:
    assert "it is cancelled" in run("actions", "cancel", ids["second"]).said
    again = run("actions", "give-up", ids["second"], "--json")
    assert again.status == 1
    assert "cancelled already" in again.json["error"]


def test_an_id_that_fits_none_or_several(run, loaded, ids) -> None:
    nobody = run("actions", "show", "ffffffff")
    assert (nobody.status, "there is no action 'ffffffff'" in nobody.said) == (1, True)
    several = run("actions", "show", "5eed")
    assert several.status == 1
    assert str(ids["first"]) in several.said


def test_what_is_revealed_is_whole_and_in_one_line(run, loaded, sandbox, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")  # a narrow terminal cuts no address
    (asked,) = run("enqueue", script.EXAMPLES / "zoom/create-meeting.json", "--json").json
    for _ in range(5):
        execute(loaded, UUID(asked["action_id"]))
    kept = run("actions", "reveal", asked["action_id"], "--json").json
    lines = run("actions", "reveal", asked["action_id"]).said.splitlines()
    assert len(kept["start_url"]) > 60
    assert lines == [f"{name}  {value}" for name, value in kept.items()]
