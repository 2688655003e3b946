"""`python -m bench.sync`: what syncing invoices costs, beside what it is measured against.

One organisation with invoices of linked contacts, all of them kept. Three syncs are measured: the
first, one after some have changed, one when nothing has. Two baselines read the same invoices in
the same run: reading everything anew through xero-python's own models (a page at a time, counted),
and that reading alone, without its models. CPU is this process's own; PostgreSQL and the sandbox
are others.
"""

import argparse
import json
import logging
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import urllib3
from rich.console import Console
from rich.table import Table

from bench.__main__ import stack
from domain.contacts import Entity
from infra.clock import utc_now
from infra.database import contacts
from infra.platforms.xero.seeking import beginning
from infra.platforms.xero.sync_pages import ALL, page_call
from infra.sandbox import seed
from tests.harness.sandbox import Sandbox
from tests.harness.world import World, eventually
from workers.execute import execute
from workers.fleet import Fleet, compose

console = Console(width=150)
PAGE = 1000
SYNC = "xero_sync_invoices"


@dataclass(frozen=True, slots=True)
class Figures:
    """What one way of reading cost."""

    calls: int
    megabytes: float
    cpu_s: float
    wall_s: float
    checked: int = 0
    changed: int = 0
    said_cpu_s: float | None = None  # by the sync itself


def measured(work: Callable[[], dict[str, Any]]) -> Figures:
    """Carry out some work and say what it cost; it returns its calls and bytes."""
    cpu, wall = time.process_time(), time.monotonic()
    told = work()
    return Figures(
        told["calls"],
        told["bytes_decoded"] / 1e6,
        time.process_time() - cpu,
        time.monotonic() - wall,
        told.get("checked", 0),
        told.get("changed", 0),
        told.get("cpu_seconds"),
    )


def linked_contacts(world: World, sandbox: Sandbox, count: int) -> list[str]:
    """Contacts in Xero, each linked to a customer of ours."""
    found = []
    for number in range(count):
        made = sandbox.control("POST", "/xero/contacts", {"Name": f"Customer {number}"})
        found.append(made["ContactID"])
        with world.fleet.database.transaction() as tx:
            of = (tx, world.xero, Entity.CUSTOMER, uuid4(), made["ContactID"])
            contacts.link(*of, by="bench", now=utc_now() - timedelta(hours=1))
    return found


def sync(fleet: Fleet, world: World) -> dict[str, Any]:
    """Carry one sync of everything out in this process and return its result."""
    action = world.submit(world.request(SYNC, {}))
    while world.status(action) not in {"succeeded", "rejected", "parked"}:
        execute(fleet, action)
    row = world.action(action)
    if row.status != "succeeded" or not row.result["finished"]:
        raise SystemExit(f"the sync ended as {row.status}: {row.error or row.result}")
    return dict(row.result)


def by_the_sdk(sandbox: Sandbox, *, models: bool) -> dict[str, Any]:
    """Read every page, counted, as xero-python would; with or without its models."""
    from xero_python.accounting import AccountingApi  # noqa: PLC0415 - heavy
    from xero_python.api_client import ApiClient, Configuration  # noqa: PLC0415
    from xero_python.api_client.deserializer import deserialize  # noqa: PLC0415

    finder = AccountingApi(ApiClient(Configuration())).get_model_finder()
    http = urllib3.PoolManager()
    headers = {
        "Authorization": f"Bearer {seed.ACCESS_TOKEN}",
        "xero-tenant-id": seed.TENANT_ONE,
        "Accept": "application/json",
    }
    calls = received = checked = 0
    while True:
        calls += 1
        answer = http.request(
            "GET",
            f"{sandbox.url}/xero/api.xro/2.0/Invoices",
            fields={"page": str(calls), "pageSize": str(PAGE), "unitdp": "4"},
            headers=headers,
        )
        assert answer.status == 200, answer.data[:300]
        received += len(answer.data)
        if models:
            document = json.loads(answer.data, parse_float=Decimal)
            count = len(deserialize("Invoices", document, finder).invoices)
        else:
            count = len(json.loads(answer.data)["Invoices"])
        checked += count
        if count < PAGE:
            return {"calls": calls, "bytes_decoded": received, "checked": checked}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--invoices", type=int, default=10_000)
    parser.add_argument("--changed", type=int, default=100)
    parser.add_argument("--contacts", type=int, default=10)
    parser.add_argument("--lines", type=int, default=2)
    chosen = parser.parse_args()
    logging.disable(logging.INFO)
    with tempfile.TemporaryDirectory() as name, stack(Path(name)) as (settings, sandbox):
        sandbox.control("POST", "/limits", {"platform": "xero", "minute": None, "day": None})
        fleet = compose("bench", settings)
        fleet.incarnation.start()
        try:
            eventually(lambda: fleet.incarnation.id)
            measure(fleet, sandbox, chosen)
        finally:
            fleet.incarnation.stop()


def measure(fleet: Fleet, sandbox: Sandbox, chosen: argparse.Namespace) -> None:
    """Run every way of reading, in an order in which none helps another."""
    world = World(fleet)
    each = -(-chosen.invoices // chosen.contacts)
    for contact in linked_contacts(world, sandbox, chosen.contacts):
        wish = {"contact": contact, "count": each, "lines": chosen.lines, "days": 700}
        sandbox.control("POST", "/xero/invoices/bulk", wish)
    page_call(ALL, (), beginning())  # a process loads the SDK once
    found: dict[str, Figures] = {}
    found["first sync, everything kept"] = measured(lambda: sync(fleet, world))
    sandbox.control("POST", "/xero/invoices/touch", {"count": chosen.changed})
    found[f"{chosen.changed} changed"] = measured(lambda: sync(fleet, world))
    found["nothing changed"] = measured(lambda: sync(fleet, world))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found["baseline: all pages, plain json"] = measured(lambda: by_the_sdk(sandbox, models=False))
    found["baseline: all pages, xero-python"] = measured(lambda: by_the_sdk(sandbox, models=True))
    show(found, chosen, peak)


def show(found: dict[str, Figures], chosen: argparse.Namespace, peak_mb: float) -> None:
    """Print the figures, and each against reading everything anew through the SDK."""
    (row,) = [one for name, one in found.items() if "xero-python" in name]
    title = f"{chosen.invoices} invoices of {chosen.lines} lines, {chosen.contacts} contacts"
    table = Table(title=title)
    for column in ("what", "calls", "MB", "CPU s", "it says", "wall s", "seen", "stored"):
        table.add_column(column, justify="left" if column == "what" else "right")
    table.add_column("calls / MB / CPU / wall, of the SDK's re-read", justify="right")
    for name, one in found.items():
        ratios = (
            one.calls / row.calls,
            one.megabytes / row.megabytes,
            one.cpu_s / row.cpu_s,
            one.wall_s / row.wall_s,
        )
        table.add_row(
            name,
            str(one.calls),
            f"{one.megabytes:.2f}",
            f"{one.cpu_s:.2f}",
            "" if one.said_cpu_s is None else f"{one.said_cpu_s:.2f}",
            f"{one.wall_s:.2f}",
            str(one.checked),
            str(one.changed),
            " / ".join(f"{ratio:.2f}" for ratio in ratios),
        )
    console.print(table)
    console.print(f"Peak memory of the process after the syncs: {peak_mb:.0f} MB")
    changed = found[f"{chosen.changed} changed"]
    console.print(
        f"Targets: first sync <= 12 calls ({found['first sync, everything kept'].calls});"
    )
    console.print(f"  changed: <= 3 calls ({changed.calls}), < 1 s CPU ({changed.cpu_s:.2f})")


if __name__ == "__main__":
    main()
