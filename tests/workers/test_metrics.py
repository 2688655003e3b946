"""What is told to Prometheus: counted once each, bounded, and right whoever reads it."""

import signal
import threading
import urllib.request
from datetime import timedelta
from uuid import uuid4

import pytest
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import CollectorRegistry
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from infra.database import measures, tallies
from infra.database.engine import Database
from tests.harness.world import settled
from workers.beat import Beat, invariants
from workers.execute import execute
from workers.metrics import Exporter


def told(fleet) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    """What a new exporter tells: samples by name and labels, read as Prometheus reads them."""
    settled(fleet, "integration_log", "action_transitions")
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Exporter(fleet))
    found: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
    for family in text_string_to_metric_families(generate_latest(registry).decode()):
        for sample in family.samples:
            labels = tuple(sorted(sample.labels.items()))
            assert labels not in found.setdefault(sample.name, {}), (sample.name, labels)
            found[sample.name][labels] = sample.value
    return found


def of(samples, **labels: str) -> float:
    return samples[tuple(sorted(labels.items()))]


def change(fleet, query: str, **values: object) -> None:
    with fleet.database.transaction() as tx:
        tx.execute(text(query), values)


def test_attempts_calls_and_actions_are_counted(world, fleet, sandbox) -> None:
    sandbox.fault("slack", "drop_after_commit", path="chat.postMessage")
    first, second = world.message(), world.message()
    for action_id in (first, first, second):
        execute(fleet, action_id)
        change(fleet, "UPDATE actions SET due_at = now() WHERE finished_at IS NULL")
    execute(fleet, first)
    assert world.ended(first, second) == ["succeeded"] * 2
    seen = told(fleet)
    log = world.rows("SELECT step, outcome FROM integration_log")
    for outcome in {(row.step, row.outcome) for row in log}:
        labels = {"platform": "slack", "effect": "slack.post_message"}
        counted = of(seen["fleet_attempts_total"], step=outcome[0], outcome=outcome[1], **labels)
        assert counted == sum((row.step, row.outcome) == outcome for row in log)
    assert of(seen["fleet_attempts_total"], step="send", outcome="unknown", **labels) == 1
    assert of(seen["fleet_actions_total"], platform="slack", status="succeeded") == 2
    assert of(seen["fleet_calls_total"], platform="slack", answer="none") == 1
    assert of(seen["fleet_call_seconds_count"], platform="slack") == len(log)
    assert of(seen["fleet_call_seconds_bucket"], platform="slack", le="+Inf") == len(log)
    assert of(seen["fleet_call_seconds_sum"], platform="slack") > 0
    assert of(seen["fleet_last_work_timestamp_seconds"], queue="slack") > 0


def test_what_is_written_while_several_count_is_counted_once(world, fleet) -> None:
    """Rows commit out of order: one that is written early may become visible late."""
    actions = [world.message(f"message {number}") for number in range(40)]
    late = fleet.database.engine.connect()
    opened = late.begin()
    late.execute(text("UPDATE actions SET status = 'waiting' WHERE id = :id"), {"id": actions[0]})
    over = threading.Event()

    def count() -> None:
        while not over.is_set():
            with fleet.database.transaction() as tx:
                tallies.count(tx, fleet.now())

    counters = [threading.Thread(target=count) for _ in range(3)]
    for one in counters:
        one.start()
    carriers = [
        threading.Thread(target=lambda part=part: [execute(fleet, one) for one in part])
        for part in (actions[1::2], actions[2::2])
    ]
    for one in carriers:
        one.start()
    for one in carriers:
        one.join(30)
    over.set()
    for one in counters:
        one.join(10)
    opened.commit()
    late.close()
    execute(fleet, actions[0])
    assert set(world.ended(*actions)) == {"succeeded"}
    assert of(told(fleet)["fleet_actions_total"], platform="slack", status="succeeded") == 40
    seen = told(fleet)  # another process, after a restart: the same
    assert of(seen["fleet_actions_total"], platform="slack", status="succeeded") == 40
    assert of(seen["fleet_actions_total"], platform="slack", status="waiting") == 1
    attempts = of(
        seen["fleet_attempts_total"],
        platform="slack", effect="slack.post_message", step="send", outcome="succeeded",
    )  # fmt: skip
    assert attempts == 40


def test_a_call_of_several_is_one_call(world, fleet) -> None:
    customer = world.customer()
    ids = [world.invoice(world.deal({}, customer=customer)[0]) for _ in range(4)]
    for action_id in ids:
        execute(fleet, action_id)
        for _ in range(8):
            change(fleet, "UPDATE actions SET due_at = now() WHERE finished_at IS NULL")
            execute(fleet, action_id)
    assert set(world.ended(*ids)) == {"succeeded"}
    exchanges = world.rows("SELECT DISTINCT at, url, method FROM integration_log")
    shared = world.rows("SELECT 1 FROM integration_log WHERE request ->> 'place' LIKE '%of 4'")
    assert shared, "nothing went out together"
    seen = told(fleet)
    assert sum(seen["fleet_calls_total"].values()) == len(exchanges)
    raised = of(
        seen["fleet_attempts_total"],
        platform="xero", effect="xero.create_invoice", step="send", outcome="succeeded",
    )  # fmt: skip
    assert raised == 4


def test_counting_catches_up_in_steps(world, fleet, monkeypatch) -> None:
    monkeypatch.setattr(tallies, "TRANSACTIONS_MAX", 3)
    for number in range(6):
        execute(fleet, world.message(f"message {number}"))
    steps = 0
    is_all = False
    while not is_all:
        with fleet.database.transaction() as tx:
            is_all = tallies.count(tx, fleet.now())
        steps += 1
        assert steps < 100
    assert steps > 3
    assert of(told(fleet)["fleet_actions_total"], platform="slack", status="succeeded") == 6


def test_backlog_unknowns_parked_and_letters(world, fleet) -> None:
    old = fleet.now() - timedelta(minutes=10)
    waiting, rung, later, parked, paused = (world.message(f"message {n}") for n in range(5))
    other = world.add_slack("T0OTHER")
    change(fleet, "UPDATE actions SET integration_id = :o WHERE id = :id", o=other, id=paused)
    world.set_integration(other, status="error")
    change(
        fleet, "UPDATE actions SET due_at = :at WHERE id = ANY(:ids)", at=old, ids=[waiting, rung]
    )
    change(fleet, "UPDATE actions SET rung_at = :at WHERE id = :id", at=old, id=rung)
    hence = old + timedelta(hours=1)
    change(fleet, "UPDATE actions SET due_at = :at WHERE id = :id", at=hence, id=later)
    change(fleet, "UPDATE actions SET status = 'parked' WHERE id = :id", id=parked)
    change(
        fleet,
        "INSERT INTO effects (id, action_id, ordinal, name, platform, budget_key, inputs, state,"
        " created_at) VALUES (:id, :a, 0, 'slack.post', 'slack', 'k', '{}', 'unknown', :at)",
        id=uuid4(), a=later, at=old,
    )  # fmt: skip
    change(
        fleet,
        "INSERT INTO dead_letters (id, fingerprint, source, reason, problems, headers, body, size)"
        " VALUES (:id, 'f', 'plain', 'r', '[]', '{}', 'b', 1)",
        id=uuid4(),
    )
    change(fleet, "UPDATE action_transitions SET at = :at", at=old)
    seen = told(fleet)
    assert of(seen["fleet_backlog_actions"], queue="slack") == 2
    assert 600 <= of(seen["fleet_backlog_oldest_seconds"], queue="slack") < 630
    assert of(seen["fleet_rung_actions"], queue="slack") == 1
    assert of(seen["fleet_postponed_actions"], queue="slack") == 1
    assert of(seen["fleet_paused_actions"], queue="slack") == 1
    tenant = {"queue": "slack", "integration": str(world.slack)}
    assert of(seen["fleet_tenant_backlog_actions"], **tenant) == 2
    assert of(seen["fleet_unknown_effects"], platform="slack") == 1
    assert 600 <= of(seen["fleet_unknown_oldest_seconds"], platform="slack") < 630
    assert of(seen["fleet_parked_actions"], platform="slack") == 1
    assert of(seen["fleet_dead_letters"], source="plain") == 1
    assert of(seen["fleet_integrations"], platform="slack", status="error") == 1
    assert of(seen["fleet_stalled"], process="worker:slack") == 1
    assert of(seen["fleet_stalled"], process="events") == 0
    assert of(seen["fleet_leaders"], process="relay") == 0
    assert of(seen["fleet_processes_alive"], process="test") == 1


def test_budgets_syncs_outbox_and_books(world, fleet) -> None:
    execute(fleet, world.message())
    hour = fleet.now() - timedelta(hours=1)
    change(fleet, "UPDATE outbox SET created_at = :at", at=hour)
    change(fleet, "UPDATE integrations SET created_at = :at", at=hour)
    action_id = world.message("breach")
    change(fleet, "UPDATE actions SET status = 'parked', error = NULL WHERE id = :i", i=action_id)
    invariants(Beat(fleet, threading.Event()), fleet.now())
    seen = told(fleet)
    slack = {"platform": "slack", "integration": str(world.slack), "window": "minute"}
    assert of(seen["fleet_budget_calls_left"], **slack) == 100_000 - 1
    assert of(seen["fleet_budget_calls_allowed"], **slack) == 100_000
    assert 3600 <= of(seen["fleet_sync_oldest_seconds"], platform="xero") < 3630
    xero = {"platform": "xero", "integration": str(world.xero)}
    assert 3600 <= of(seen["fleet_sync_age_seconds"], **xero) < 3630
    assert of(seen["fleet_outbox_events"]) == 1
    assert 3600 <= of(seen["fleet_outbox_lag_seconds"]) < 3630
    assert of(seen["fleet_broken_invariants"], rule="parked_actions_say_why") == 1
    assert of(seen["fleet_broken_invariants"], rule="one_invoice_per_effect") == 0
    assert of(seen["fleet_database_up"]) == of(seen["fleet_broker_up"]) == 1
    assert of(seen["fleet_broker_messages"], queue="actions") == 0


def test_a_thousand_tenants_are_the_worst_twenty(world, fleet) -> None:
    for _ in range(measures.WORST_MAX + 5):
        world.message()
    change(
        fleet,
        "WITH made AS (INSERT INTO integrations (id, workspace_id, platform, name, tenant_key)"
        " SELECT gen_random_uuid(), :w, 'slack', 'n', 'T' || n FROM generate_series(1, 1000) n"
        " RETURNING id), numbered AS (SELECT id, row_number() OVER () AS n FROM made)"
        " UPDATE actions a SET integration_id = m.id FROM numbered m WHERE m.n = (SELECT r FROM"
        " (SELECT id, row_number() OVER () AS r FROM actions) s WHERE s.id = a.id)",
        w=world.workspace_id,
    )
    change(
        fleet,
        "INSERT INTO budgets (key, tenant, name, seconds, calls)"
        " SELECT n, 'slack:T' || n, 'minute', 60, 100 FROM generate_series(1, 300) n",
    )
    seen = told(fleet)
    assert len(seen["fleet_tenant_backlog_actions"]) == measures.WORST_MAX
    assert len(seen["fleet_budget_calls_left"]) == measures.BUDGETS_MAX
    assert of(seen["fleet_backlog_actions"], queue="slack") == measures.WORST_MAX + 5


def test_it_is_read_anew_only_after_a_while(fleet, world) -> None:
    clock = [0.0]
    exporter = Exporter(fleet, clock=lambda: clock[0])
    first = exporter.look()
    assert exporter.look() is first
    clock[0] += fleet.settings.metrics_every_s
    assert exporter.look() is not first


def test_without_a_database_it_says_so_and_nothing_old(fleet, world, monkeypatch) -> None:
    clock = [0.0]
    exporter = Exporter(fleet, clock=lambda: clock[0])
    assert exporter.look().readings
    monkeypatch.setattr(Database, "transaction", _gone)
    clock[0] += 10
    assert exporter.look().readings is None


def _gone(_database: Database) -> None:
    raise OperationalError("SELECT 1", {}, Exception("gone"))


@pytest.mark.processes
def test_the_process_answers_and_stops(processes, settings, world) -> None:
    processes.start("metrics")
    url = f"http://127.0.0.1:{settings.metrics_port}"
    body = urllib.request.urlopen(f"{url}/metrics").read().decode()
    assert "fleet_database_up 1.0" in body
    assert "fleet_backlog_oldest_seconds" in body
    assert urllib.request.urlopen(f"{url}/stalled").read() == b"[]"
    asked = urllib.request.Request(
        f"{url}/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"}
    )
    assert urllib.request.urlopen(asked).read().decode().endswith("# EOF\n")
    processes.signal("metrics", signal.SIGTERM)
    assert processes.died("metrics") == 0
