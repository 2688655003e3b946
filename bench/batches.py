"""`python -m bench.batches`: what raising many invoices for one organisation costs in calls.

One run in which they are due together, and one in which each is due alone, on the same machine:
calls by path, wall time, CPU of the worker.
"""

import argparse
import os
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

from rich.table import Table
from sqlalchemy import insert

from bench.__main__ import console, stack
from infra.database.tables import ContactLinkRow, CrmDeal, CrmDealProduct
from infra.settings import Settings
from tests.harness.processes import Processes
from tests.harness.sandbox import Sandbox
from tests.harness.world import World
from workers.fleet import compose


@dataclass(frozen=True, slots=True)
class Run:
    """One run: calls by path, seconds by the clock, CPU seconds of the worker."""

    calls: Counter[str]
    seconds: float
    cpu: float
    statuses: Counter[str]


def run(  # noqa: PLR0913 - what is measured, and where
    settings: Settings, sandbox: Sandbox, folder: Path, count: int, contacts: int, *, alone: bool
) -> Run:
    """Raise `count` invoices over `contacts` linked contacts, all at once or one after another."""
    fleet = compose("bench", settings)
    world = World(fleet)
    deals = prepare(world, sandbox, count, contacts)
    folder.mkdir()
    with Processes(settings, folder, killable=False) as processes:
        processes.start("beat", "xero-a")
        cpu = cpu_seconds(processes.pid("xero-a"))
        if alone:
            processes.start("relay")
            began = time.monotonic()
            ended = [one for deal in deals for one in world.ended(world.invoice(deal))]
        else:
            actions = [world.invoice(deal) for deal in deals]
            began = time.monotonic()
            processes.start("relay")
            ended = world.ended(*actions, seconds=600)
        seconds = time.monotonic() - began
        cpu = cpu_seconds(processes.pid("xero-a")) - cpu
    fleet.database.dispose()
    return Run(calls_of(world), seconds, cpu, Counter(ended))


def prepare(world: World, sandbox: Sandbox, count: int, contacts: int) -> list[UUID]:
    """Contacts that exist in Xero and are linked, and deals of them."""
    made = [
        sandbox.control(
            "POST", "/xero/contacts", {"Name": f"Customer {world.workspace_id.hex[:6]} {number}"}
        )
        for number in range(contacts)
    ]
    ids = [one["ContactID"] for one in made]
    customers = [world.customer(f"Customer {number}") for number in range(contacts)]
    links = [
        {
            "integration_id": world.xero,
            "entity_id": ours,
            "entity": "customer",
            "platform_contact_id": theirs,
            "linked_by": "bench",
        }
        for ours, theirs in zip(customers, ids, strict=True)
    ]
    deals = [uuid4() for _ in range(count)]
    with world.fleet.database.transaction() as tx:
        tx.execute(insert(ContactLinkRow), links)
        common = {"workspace_id": world.workspace_id}
        tx.execute(
            insert(CrmDeal),
            [
                common
                | {
                    "id": deal,
                    "name": "Fit-out",
                    "currency": "AUD",
                    "customer_id": customers[number % contacts],
                }
                for number, deal in enumerate(deals)
            ],
        )
        line = {"position": 0, "name": "Work", "quantity": 1, "unit_price": 100}
        tx.execute(
            insert(CrmDealProduct),
            [common | line | {"id": uuid4(), "deal_id": deal} for deal in deals],
        )
    return deals


def calls_of(world: World) -> Counter[str]:
    """Every exchange with Xero so far, by method and path (a shared one counts once)."""
    rows = world.rows(
        "SELECT DISTINCT at, method, url FROM integration_log"
        " WHERE integration_id = :i AND seconds > 0",
        i=world.xero,
    )
    return Counter(f"{row.method} {_path(row.url)}" for row in rows)


def _path(url: str) -> str:
    path = url.partition("/api.xro/2.0/")[2].partition("?")[0]
    first, *rest = path.split("/")
    return "/".join([first, *("{id}" if len(one) == 36 else one for one in rest)])


def cpu_seconds(pid: int) -> float:
    """CPU seconds a process has used (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def show(runs: dict[str, Run]) -> None:
    table = Table(title="Invoices for one organisation")
    for column in ("", *runs):
        table.add_column(column)
    paths = sorted(set().union(*(one.calls for one in runs.values())))
    for path in paths:
        table.add_row(path, *(str(one.calls[path]) for one in runs.values()))
    table.add_row("calls", *(str(one.calls.total()) for one in runs.values()))
    table.add_row("seconds", *(f"{one.seconds:.1f}" for one in runs.values()))
    table.add_row("CPU seconds of the worker", *(f"{one.cpu:.1f}" for one in runs.values()))
    table.add_row("ended", *(str(dict(one.statuses)) for one in runs.values()))
    console.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--invoices", type=int, default=1000)
    parser.add_argument("--contacts", type=int, default=200)
    parser.add_argument("--alone", type=int, default=50, help="invoices raised one by one")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with stack(folder) as (settings, sandbox):
            sandbox.control("POST", "/limits", {"platform": "xero", "minute": None, "day": None})
            few = min(chosen.alone, chosen.contacts)
            runs = {
                f"{chosen.alone} one by one": run(
                    settings, sandbox, folder / "a", chosen.alone, few, alone=True
                ),
                f"{chosen.invoices} at once": run(
                    settings, sandbox, folder / "b", chosen.invoices, chosen.contacts, alone=False
                ),
            }
            show(runs)


if __name__ == "__main__":
    main()
