"""What every effect must do, whatever its platform does. Platforms bring cases; see `case`."""

import json
import math
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from infra.database.tables import CrmTable, FleetTable
from infra.envelope import Refused
from infra.exchange import Transport
from infra.platforms import CATALOGUE
from tests.conformance.carrying import Mumbling, Nowhere, Trial, with_transport
from tests.conformance.case import Case
from tests.harness.world import eventually

SEALED = {"connections", "effect_secrets", "email_configs"}


def test_every_effect_that_changes_something_has_a_case(tried: frozenset[str]) -> None:
    needed = {
        effect.name
        for platform in CATALOGUE.platforms.values()
        for effect in platform.effects
        if effect.guarantee.changes and not effect.optional
    }
    assert needed - tried == set()


def test_undisturbed_it_happens_once_and_carries_our_mark(trial: Trial) -> None:
    trial.carry_on(8)
    trial.ends_once()
    kind = trial.case.happened.partition(".")[2]
    record = trial.sandbox.control("GET", f"/effects?platform={trial.case.platform}")["effects"]
    (*_, last) = [one for one in record if one["kind"] == kind]
    if trial.case.mark is not None:
        assert trial.case.mark(last, trial.effect.id)


def test_without_a_connection_nothing_was_sent_and_it_is_tried_again(trial: Trial) -> None:
    trial.execute(with_transport(trial.world.fleet, lambda real: Nowhere(real, trial.case)))
    assert (trial.status, trial.row.error["code"]) == ("waiting", "not_sent")
    assert trial.happened == 0
    trial.ends_once()


def test_no_answer_in_time_is_settled(trial: Trial) -> None:
    trial.fault("latency", seconds=0.5)
    trial.execute(with_transport(trial.world.fleet, lambda _real: Transport(2.0, 0.2)))
    in_doubt(trial)
    trial.carry_on(2)
    # The platform's delay is real, the settling time that `ends_once` lets pass is not: late is
    # late within it.
    eventually(lambda: trial.happened > 0, 10, "the platform did late what it was asked for")
    trial.ends_once()


@pytest.mark.parametrize(
    "fault", ["drop_before_commit", "drop_after_commit", "garbage", "nested", "truncated"]
)
def test_a_lost_answer_is_settled(trial: Trial, fault: str) -> None:
    if trial.case.wordless and fault in {"garbage", "nested", "truncated"}:
        pytest.skip("its answer has no body")
    trial.fault(fault)
    trial.execute()
    in_doubt(trial)
    trial.ends_once()


@pytest.mark.parametrize("fault", ["status", "status_after_commit"])
@pytest.mark.parametrize("status", [500, 503])
def test_a_server_error_is_settled(trial: Trial, fault: str, status: int) -> None:
    trial.fault(fault, status=status)
    trial.execute()
    if trial.status == "waiting" and fault == "status":  # the platform says that it did nothing
        assert trial.happened == 0
    else:
        in_doubt(trial)
    trial.ends_once()


def in_doubt(trial: Trial) -> None:
    """It may have happened, and is not sent again until that is known (or is harmless)."""
    assert trial.status in {"reconciling", "parked"}, trial.row.error
    assert trial.effect.state == "unknown"
    assert trial.sent == 1


def test_absence_is_believed_only_after_the_settling_time(trial: Trial) -> None:
    guarantee = CATALOGUE.effect(trial.case.effect)[1].guarantee
    if not guarantee.can_find:
        pytest.skip("it is not looked up")
    # Where the same key may be used again a server error forbids it.
    trial.fault("status" if guarantee.deduplicates_for else "drop_before_commit", status=503)
    trial.execute()
    trial.carry_on(3)
    assert (trial.sent, trial.happened) == (1, 0)
    assert trial.status == "reconciling"
    trial.ends_once()


@pytest.mark.parametrize("body", [b"{}", b'{"ok":true}', b"[]", b"null", b""])
def test_a_look_up_that_says_nothing_is_no_absence(trial: Trial, body: bytes) -> None:
    guarantee = CATALOGUE.effect(trial.case.effect)[1].guarantee
    if not guarantee.can_find:
        pytest.skip("it is not looked up")
    trial.fault("status_after_commit" if guarantee.deduplicates_for else "drop_after_commit")
    trial.execute()
    in_doubt(trial)
    trial.let_it_settle()
    mumbling = with_transport(trial.world.fleet, lambda real: Mumbling(real, body))
    trial.execute_as_due(mumbling)
    in_doubt(trial)
    trial.ends_once()


def test_too_many_calls_wait_as_long_as_the_platform_says(case: Case, new_trial: Any) -> None:
    assert case.waits
    for wait in case.waits:
        trial = new_trial()
        trial.fault("rate_limited", **wait.fault)
        now = trial.world.fleet.now()
        trial.execute()
        assert (trial.status, trial.happened) == ("waiting", 0), wait.name
        if wait.until is not None:
            until = (
                now + timedelta(seconds=wait.until)
                if isinstance(wait.until, int | float)
                else wait.until(now)
            )
            assert math.isclose(trial.row.due_at.timestamp(), until.timestamp(), abs_tol=3), (
                wait.name
            )
        trial.ends_once()


def test_refused_credentials_pause_the_integration_until_it_is_reconnected(trial: Trial) -> None:
    trial.fault("revoke_token", **trial.case.revoke)
    trial.execute()
    integration_id = trial.world.integrations[trial.case.platform]
    (row,) = trial.world.rows("SELECT * FROM integrations WHERE id = :id", id=integration_id)
    assert (row.status, trial.status, trial.happened) == ("error", "waiting", 0)
    assert row.status_reason
    assert len(trial.world.events("integration.paused")) == 1
    trial.sandbox.control("POST", "/tokens/restore", {"platform": trial.case.platform})
    trial.world.reconnect(integration_id)
    trial.ends_once()


def test_a_refusal_for_good_passes_the_platforms_words_on(case, world, sandbox) -> None:
    request, words = case.refused(world, sandbox)
    trial = Trial.of(case, world, sandbox, request)
    trial.carry_on(8)
    assert trial.status == "rejected", trial.row.error
    assert words in trial.row.error["message"]
    assert trial.happened == 0
    (told,) = world.rows("SELECT data FROM outbox WHERE subject = :id AND type = 'action.rejected'",
                         id=str(trial.action))  # fmt: skip
    assert words in told.data["error"]["message"]


def test_nothing_secret_is_kept_or_told(case: Case, new_trial: Any, capfd) -> None:
    for fault in ("garbage", "status", "rate_limited", None):
        trial = new_trial()
        if fault is not None:
            trial.fault(fault)
        trial.carry_on(3)
    trial.fault("revoke_token", **case.revoke)
    new_trial().execute()
    kept = everything_kept(trial)
    said = "".join(capfd.readouterr())
    assert "attempted" in said
    for secret in case.secrets:
        assert secret not in kept
        assert secret not in said


def everything_kept(trial: Trial) -> str:
    """Every row of every table as text, but for what is sealed."""
    tables = {*FleetTable.metadata.tables, *CrmTable.metadata.tables} - SEALED
    with trial.world.fleet.database.engine.connect() as connection:
        rows = [
            str(row)
            for table in sorted(tables)
            for row in connection.execute(text(f"SELECT t::text FROM {table} t")).scalars()
        ]
        bodies = connection.execute(text("SELECT body FROM calls WHERE body IS NOT NULL"))
        rows += [bytes(body).decode("utf-8", "replace") for body in bodies.scalars()]
    return "\n".join(rows)


def test_params_are_strict_and_every_problem_has_its_path(trial: Trial) -> None:
    wrong = {**trial.request, "id": None, "params": {**trial.request["params"], "no_such": 1}}
    with pytest.raises(Refused) as refused:
        trial.world.answer({**wrong, "id": "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"})
    assert "params.no_such" in {problem.field for problem in refused.value.problems}
    for name, value in trial.request["params"].items():
        other: Any = {"not": "this"} if not isinstance(value, dict) else "not this"
        params = {**trial.request["params"], name: other, "no_such": 1}
        again = {**trial.request, "id": "6f9619ff-8b86-4d01-b42d-00cf4fc964ff", "params": params}
        with pytest.raises(Refused) as refused:
            trial.world.answer(again)
        found = json.dumps([problem.plain() for problem in refused.value.problems])
        assert f"params.{name}" in found
        assert "params.no_such" in found
