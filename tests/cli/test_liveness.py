"""A process is stuck when work is due for it and nothing of its kind is done."""

import socket
from datetime import timedelta

import pytest
from sqlalchemy import text

from workers import liveness
from workers.local_processes import SMALL_QUEUES, XERO_QUEUES, local_processes


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
    url = fleet.settings.database_url.replace("postgresql+psycopg://", "postgresql://")
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
    assert {*liveness.PROCESS_OF_QUEUE.values(), liveness.SMALL, "relay", "events"} <= names
    small = set(fleet.catalogue.queues) - set(liveness.PROCESS_OF_QUEUE)
    assert small == set(SMALL_QUEUES.split(","))
    assert set(liveness.PROCESS_OF_QUEUE) == set(XERO_QUEUES.split(","))


def test_a_web_process_that_does_not_answer_is_silent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as opened:  # takes connections, says nothing
        url = f"http://127.0.0.1:{opened.getsockname()[1]}"
        assert liveness.silent(url, 0.3) == {"web"}
    assert liveness.silent(url, 0.3) == {"web"}
