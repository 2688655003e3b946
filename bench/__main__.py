"""`make bench`: latency at idle, throughput against a bare Celery task, memory of every process."""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from uuid import UUID

from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from infra.crypto import Vault
from infra.database.engine import Database
from infra.database.migrate import migrate
from infra.embedded.processes import memory_bytes
from infra.embedded.stack import embedded_stack
from infra.sandbox import seed
from infra.settings import Settings, read_settings
from tests.harness.processes import Processes
from tests.harness.sandbox import Sandbox
from tests.harness.senders import send_celery
from tests.harness.world import World, eventually
from workers.fleet import compose
from workers.submit import action_id_for

console = Console()
FLEET = ("intake", "relay", "slack-worker", "xero-worker", "beat", "events", "metrics")
TENANTS = 10
TARGETS_MB = {
    "xero-worker": 115,
    "slack-worker": 90,
    "relay": 60,
    "events": 60,
    "beat": 60,
    "metrics": 60,
}


@contextmanager
def stack(folder: Path) -> Iterator[tuple[Settings, Sandbox]]:
    given = os.environ.get("DATABASE_URL"), os.environ.get("BROKER_URL")
    with Sandbox.started(folder) as sandbox, embedded_stack(folder / "servers") as servers:
        settings = replace(
            read_settings({}),
            database_url=given[0] or servers.database_url,
            broker_url=given[1] or servers.broker_url,
            secret_keys=Vault.new_key(),
            log_level="INFO",
            **sandbox.addresses,
        )
        migrate(database := Database(settings), with_crm_tables=True)
        database.dispose()
        yield settings, sandbox


def requests(world: World, count: int) -> list[dict[str, object]]:
    """Messages of many tenants: one alone is held back by the lock on its budget."""
    params = {"channel": "C0GENERAL", "text": "A deal was won"}
    tenants = cycle(tenants_of(world))
    return [
        world.request("slack_send_message", params, integration_id=next(tenants))
        for _ in range(count)
    ]


def tenants_of(world: World) -> list[UUID]:
    """Ten Slack workspaces, made once."""
    found = [row.id for row in world.rows("SELECT id FROM integrations WHERE platform = 'slack'")]
    more = [world.add_slack(f"T0BENCH{number}") for number in range(len(found), TENANTS)]
    return found + more


def latency(world: World, settings: Settings, count: int) -> list[float]:
    """Milliseconds from sending a request to the queue to its effect at the platform."""
    found = []
    for request in requests(world, count):
        sent_at = time.time()
        send_celery(settings, [request])
        action_id = action_id_for(world.workspace_id, str(request["id"]))
        row = eventually(
            lambda wanted=action_id: world.rows(
                "SELECT at, seconds FROM integration_log WHERE action_id = :id", id=wanted
            ),
            10,
        )[0]
        found.append((row.at.timestamp() + row.seconds - sent_at) * 1000)
        time.sleep(0.05)  # idle again
    return found


def throughput(world: World, settings: Settings, count: int) -> float:
    """Actions per second: from the first request on the queue to the last event published."""
    wanted = requests(world, count)
    before = published(world)
    began = time.monotonic()
    send_celery(settings, wanted)
    eventually(lambda: published(world) - before >= count, 180)
    return count / (time.monotonic() - began)


def published(world: World) -> int:
    (row,) = world.rows(
        "SELECT count(*) AS n FROM outbox WHERE type = 'action.succeeded'"
        " AND published_at IS NOT NULL"
    )
    return int(row.n)


def bare_throughput(world: World, settings: Settings, count: int, folder: Path) -> float:
    """Tasks per second of the bare Celery task, one worker with ten threads."""
    with world.fleet.database.transaction() as tx:
        tx.execute(text("CREATE TABLE IF NOT EXISTS bench_bare (channel text, ts text)"))
        tx.execute(text("TRUNCATE bench_bare"))
    environment = os.environ | {
        "BROKER_URL": settings.broker_url,
        "DATABASE_URL": settings.database_url.replace("+psycopg", ""),
        "SLACK_API_URL": settings.slack_api_url,
        "BENCH_SLACK_TOKEN": seed.SLACK_TOKEN,
    }
    os.environ.update(environment)
    from bench.bare import post  # noqa: PLC0415 - it reads the environment set above

    words = "-m celery -q -A bench.bare worker -P threads -c 10 -Q celery"
    words += " --without-gossip --without-mingle --without-heartbeat"
    with (folder / "bare.log").open("w") as log:
        worker = subprocess.Popen(
            [sys.executable, *words.split()], env=environment, stdout=log, stderr=log
        )
    try:
        post.delay("C0GENERAL", "warm")
        eventually(lambda: rows_of_bare(world) == 1, 30)
        began = time.monotonic()
        for _ in range(count):
            post.delay("C0GENERAL", "A deal was won")
        eventually(lambda: rows_of_bare(world) >= count + 1, 180)
        return count / (time.monotonic() - began)
    finally:
        worker.terminate()
        worker.wait(20)


def rows_of_bare(world: World) -> int:
    (row,) = world.rows("SELECT count(*) AS n FROM bench_bare")
    return int(row.n)


def invoices(world: World, count: int) -> float:
    """Actions per second of the Xero path; also what fills the Xero worker's memory."""
    customer = world.customer()
    deals = [world.deal({}, customer=customer)[0] for _ in range(count)]
    began = time.monotonic()
    ids: list[UUID] = [world.invoice(deal) for deal in deals]
    world.ended(*ids, seconds=240)
    return count / (time.monotonic() - began)


def memory(processes: Processes, names: tuple[str, ...]) -> dict[str, float]:
    return {name: memory_bytes(processes.pid(name)) / 1e6 for name in names}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--actions", type=int, default=1000)
    parser.add_argument("--invoices", type=int, default=200)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with stack(folder) as (settings, sandbox):
            sandbox.control("POST", "/limits", {"platform": "xero", "minute": None, "day": None})
            measure(settings, folder, chosen.actions, chosen.invoices)


def measure(settings: Settings, folder: Path, actions: int, raised: int) -> None:
    fleet = compose("bench", settings)
    world = World(fleet)
    with console.status("bare Celery"):
        bare = bare_throughput(world, settings, actions, folder)
    with Processes(settings, folder, killable=False) as processes:
        with console.status("starting the fleet"):
            processes.start(*FLEET)
            throughput(world, settings, 50)
        with console.status("latency at idle"):
            waits = latency(world, settings, 40)
        with console.status("throughput"):
            ours = throughput(world, settings, actions)
        with console.status("invoices"):
            xero = invoices(world, raised)
        used = memory(processes, FLEET)
    show(bare, ours, xero, waits, used)


def show(bare: float, ours: float, xero: float, waits: list[float], used: dict[str, float]) -> None:
    table = Table(title="Speed", show_lines=False)
    for column in ("what", "figure", "target"):
        table.add_column(column)
    table.add_row("Slack, end to end, durable, event published", f"{ours:.0f}/s", "")
    table.add_row("bare Celery task, same call, one insert", f"{bare:.0f}/s", "baseline")
    table.add_row("ratio", f"{ours / bare:.2f}", ">= 0.5")
    table.add_row("Xero invoices, end to end", f"{xero:.0f}/s", "")
    ordered = sorted(waits)
    table.add_row("enqueue to effect at idle, p50", f"{statistics.median(waits):.0f} ms", "<= 150")
    table.add_row(
        "enqueue to effect at idle, p95", f"{ordered[int(len(ordered) * 0.95)]:.0f} ms", ""
    )
    console.print(table)
    table = Table(title="Memory (PSS) after the run")
    for column in ("process", "MB", "target"):
        table.add_column(column)
    for name, megabytes in used.items():
        table.add_row(name, f"{megabytes:.0f}", str(TARGETS_MB.get(name, "")))
    table.add_row("all of these", f"{sum(used.values()):.0f}", "")
    console.print(table)


if __name__ == "__main__":
    main()
