"""A process is stuck when work is due for it and nothing of its kind is done."""

import signal
import socket
import threading
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import text

from infra.settings import plain_database_url
from tests.harness.senders import send_celery, send_plain, wipe_broker
from tests.harness.world import eventually
from workers import liveness
from workers.beat import Beat
from workers.cli.checks import work
from workers.local_processes import SMALL_QUEUES, XERO_QUEUES, local_processes
from workers.metrics import Exporter


@pytest.fixture
def overdue(world, fleet):
    """Make an action of a platform that has been due for ten minutes, rung or not."""

    def make(platform: str, *, rung: bool) -> None:
        deal, _ = world.deal({})
        action_id = (
            world.message()
            if platform == "slack"
            else world.submit(world.request("xero_create_contact", {}, deal))
        )
        long_ago = fleet.now() - timedelta(minutes=10)
        with fleet.database.transaction() as tx:
            tx.execute(
                text("UPDATE actions SET due_at = :at, rung_at = :rung WHERE id = :id"),
                {"at": long_ago, "rung": long_ago if rung else None, "id": action_id},
            )
            tx.execute(text("UPDATE action_transitions SET at = :at"), {"at": long_ago})

    return make


def stuck(fleet) -> set[str]:
    url = plain_database_url(fleet.settings.database_url)
    return liveness.stuck(url)


def test_nothing_due_nobody_stuck(world, fleet) -> None:
    world.message()
    assert stuck(fleet) == set()


@pytest.mark.parametrize(
    ("platform", "rung", "name"),
    [("xero", True, "worker-xero"), ("slack", True, "worker-small"), ("slack", False, "relay")],
)
def test_overdue_work_names_its_process(fleet, overdue, platform, rung, name) -> None:
    overdue(platform, rung=rung)
    assert stuck(fleet) == {name}


def test_a_long_backlog_that_moves_is_not_stuck(fleet, overdue, world) -> None:
    overdue("slack", rung=True)
    moving = world.message()
    with fleet.database.transaction() as tx:
        tx.execute(text("UPDATE actions SET status = 'running' WHERE id = :id"), {"id": moving})
    assert stuck(fleet) == set()


def test_a_paused_integration_makes_nobody_stuck(fleet, overdue, world) -> None:
    overdue("slack", rung=True)
    world.set_integration(world.slack, status="error")
    assert stuck(fleet) == set()


def test_the_processes_it_names_exist(fleet, tmp_path) -> None:
    env = {"FLOWER_PORT": "1", "WORKER_CONCURRENCY": "1"}
    names = {program.name for program in local_processes(env, tmp_path)}
    kinds = {kind for kind in work.STALLS if kind != "worker"}
    assert {*liveness.PROCESS_OF_QUEUE.values(), liveness.SMALL, "metrics"} | kinds <= names
    small = set(fleet.catalogue.queues) - set(liveness.PROCESS_OF_QUEUE)
    assert small == set(SMALL_QUEUES.split(","))
    assert set(liveness.PROCESS_OF_QUEUE) == set(XERO_QUEUES.split(","))


def test_a_web_process_that_does_not_answer_is_silent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as opened:  # takes connections, says nothing
        url = f"http://127.0.0.1:{opened.getsockname()[1]}"
        assert liveness.silent(url, 0.3) == {"web"}
    assert liveness.silent(url, 0.3) == {"web"}


def test_for_how_long_something_has_been_so() -> None:
    waits = liveness.Lasting()
    assert waits.seconds(5.0, is_so=False) == 0
    assert waits.seconds(10.0, is_so=True) == 0
    assert waits.seconds(71.0, is_so=True) == 61
    assert waits.seconds(80.0, is_so=False) == 0
    assert waits.seconds(200.0, is_so=True) == 0


def test_requests_that_nobody_takes_in_name_intake(fleet, world, settings) -> None:
    wipe_broker(settings)
    send_plain(settings, [b"{}"] * 3)
    clock = [0.0]
    exporter = Exporter(fleet, clock=lambda: clock[0])

    def intake_stalls() -> bool:
        clock[0] += 59.0
        return exporter.look().stalled["intake"]

    try:
        assert not intake_stalls()  # they may have just come
        assert not intake_stalls()
        assert intake_stalls()
        world.message()  # a flood, but one that is being taken in
        assert not intake_stalls()
    finally:
        wipe_broker(settings)


def test_a_beat_that_leaves_no_ticks_is_stuck(fleet) -> None:
    with fleet.database.transaction() as tx:
        tx.execute(
            text(
                "INSERT INTO periodic_ticks (name, slot, taken_at)"
                " SELECT 'invariants', t, t FROM (VALUES (now() - interval '4 minutes')) v (t)"
            )
        )
    assert stuck(fleet) == {"beat"}
    Beat(fleet, threading.Event()).tick(fleet.now())
    assert stuck(fleet) == set()


def test_promotions_that_nobody_applies_name_events(fleet, world) -> None:
    with fleet.database.transaction() as tx:
        tx.execute(
            text(
                "INSERT INTO outbox (event_id, workspace_id, type, subject, data, created_at,"
                " published_at) SELECT gen_random_uuid(), :w, 'invoice.promotion_due', 's', '{}',"
                " t, t FROM (VALUES (now() - interval '3 minutes')) v (t)"
            ),
            {"w": world.workspace_id},
        )
    assert stuck(fleet) == {"events"}


@pytest.mark.deep
@pytest.mark.processes
def test_a_frozen_intake_and_webhooks_are_noticed(
    fleet, world, processes, settings, monkeypatch
) -> None:
    """By the process `metrics`, by the supervisor that asks it, and by the doctor."""
    processes.start("intake", "webhooks", "metrics")
    url = plain_database_url(fleet.settings.database_url)
    with psycopg.connect(url, autocommit=True) as session:
        where = settings.webhooks_host, settings.webhooks_port
        assert not liveness.webhooks_silent(session, *where)
        assert liveness.stuck(url, f"http://127.0.0.1:{settings.metrics_port}") == set()
        processes.signal("webhooks", signal.SIGSTOP)
        processes.signal("intake", signal.SIGSTOP)
        monkeypatch.setattr(liveness, "ANSWERS_WITHIN_S", 1.0)
        assert liveness.webhooks_silent(session, *where)
    send_celery(settings, [world.request("slack_send_message", {"channel": "C", "text": "t"})])

    def found() -> dict[str, str]:
        return {one.what: one.verdict for one in work.examine(settings)}

    assert found()["webhooks"] == "bad"
    # RabbitMQ has handed it out; it takes it back when no heartbeat comes.
    eventually(lambda: found().get("intake") == "bad", 60)
    processes.signal("webhooks", signal.SIGCONT)
    processes.signal("intake", signal.SIGCONT)
    eventually(lambda: world.rows("SELECT 1 FROM actions"))
    eventually(lambda: found().get("work") == "ok")


def test_metrics_that_do_not_answer_are_stuck(fleet) -> None:
    url = plain_database_url(fleet.settings.database_url)
    assert liveness.stuck(url, "http://127.0.0.1:1") == {"metrics"}


def test_the_doctor_tells_of_syncs_that_do_not_finish(fleet, world) -> None:
    settings = replace(fleet.settings, sync_every_s=60)

    def syncs() -> str:
        return next(one.verdict for one in work.examine(settings) if one.what == "syncs")

    assert syncs() == "ok"
    with fleet.database.transaction() as tx:
        tx.execute(text("UPDATE integrations SET created_at = now() - interval '4 minutes'"))
    assert syncs() == "bad"
