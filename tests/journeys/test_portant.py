"""Documents through every process: posted by a worker, told to the webhooks process by HTTP."""

import time

import pytest

from tests.harness.processes import Processes
from tests.harness.sandbox import Sandbox
from tests.harness.world import World, eventually
from tests.platforms.portant.workflow import MADE, SECRET, connect, request, set_up

pytestmark = [pytest.mark.processes, pytest.mark.deep, pytest.mark.timeout(200)]
AT_ONCE = 30  # more than a worker has threads, and than an integration may have under way


@pytest.fixture(scope="module")
def telling(running: Processes) -> Processes:
    running.start("webhooks")
    return running


@pytest.fixture
def portant(settings, world: World, sandbox: Sandbox, telling: Processes) -> None:
    integration_id = connect(world, sandbox)
    address = f"http://127.0.0.1:{settings.webhooks_port}/callbacks/{integration_id}/{SECRET}"
    set_up(sandbox, callback_url=address, delay_s=0.2)


def documents(world: World, count: int) -> list:
    return [world.submit(request(world)) for _ in range(count)]


def runs(sandbox: Sandbox) -> list:
    return sandbox.control("GET", "/portant/runs")["runs"]


def test_a_document_comes_by_itself(world: World, sandbox: Sandbox, portant: None) -> None:
    (action,) = documents(world, 1)
    began = time.monotonic()
    assert world.ended(action) == ["succeeded"]
    assert time.monotonic() - began < 10
    (run,) = runs(sandbox)
    assert run["ref"] in world.action(action).result["name"]
    (log,) = world.rows("SELECT * FROM integration_log WHERE action_id = :a", a=action)
    assert log.outcome == "succeeded"


def test_those_that_wait_hold_no_worker(world: World, sandbox: Sandbox, portant: None) -> None:
    set_up(sandbox, delay_s=3600)
    actions = documents(world, AT_ONCE)
    eventually(lambda: len(runs(sandbox)) == AT_ONCE, 30)
    assert world.ended(world.message()) == ["succeeded"]
    eventually(lambda: {world.status(one) for one in actions} == {"waiting"})
    assert not world.rows("SELECT 1 FROM actions WHERE lease_owner IS NOT NULL")
    sandbox.control("POST", "/clock", {"advance_seconds": 3600})
    assert set(world.ended(*actions, seconds=60)) == {"succeeded"}
    assert sandbox.count(MADE) == AT_ONCE


def test_told_before_the_answer_came_it_is_done_when_it_comes(
    world: World, sandbox: Sandbox, portant: None
) -> None:
    set_up(sandbox, delay_s=0)
    sandbox.fault("portant", "hold_after_commit", seconds=20)
    (action,) = documents(world, 1)
    eventually(lambda: [run for run in runs(sandbox) if run["heard"]])
    assert world.status(action) == "running"
    sandbox.control("POST", "/held/release", {})
    assert world.ended(action, seconds=10) == ["succeeded"]


def test_a_lost_answer_is_made_good_by_the_callback(
    world: World, sandbox: Sandbox, portant: None
) -> None:
    sandbox.fault("portant", "drop_after_commit", times=5)
    actions = documents(world, 5)
    assert world.ended(*actions) == ["succeeded"] * 5
    assert sandbox.count(MADE) == 5


def test_told_thrice_and_forged_it_is_one_document(
    world: World, sandbox: Sandbox, portant: None
) -> None:
    set_up(sandbox, duplicate=2, delay_s=3600)
    (action,) = documents(world, 1)
    (run,) = eventually(lambda: runs(sandbox))
    assert sandbox.control("POST", "/portant/forge", {"ref": run["ref"]}) == {"status": 401}
    assert world.rows("SELECT 1 FROM callbacks") == []
    sandbox.control("POST", "/clock", {"advance_seconds": 3600})
    assert world.ended(action) == ["succeeded"]
    eventually(lambda: runs(sandbox)[0]["deliveries"] == [200] * 3)
    assert len(world.rows("SELECT 1 FROM callbacks")) == 1
    assert len(world.events("action.succeeded")) == 1


def test_what_nobody_heard_can_be_told_again(
    world: World, sandbox: Sandbox, portant: None, telling: Processes
) -> None:
    telling.kill("webhooks")
    (action,) = documents(world, 1)
    eventually(lambda: [run for run in runs(sandbox) if run["deliveries"] == [0]])
    assert world.status(action) == "waiting"
    telling.start("webhooks")
    assert sandbox.control("POST", "/portant/tell", {}) == {"statuses": [200]}
    assert world.ended(action) == ["succeeded"]
