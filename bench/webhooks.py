"""`python -m bench.webhooks`: how fast the endpoint answers under load, good and forged alike.

Requests come at a steady rate over kept connections; an answer is timed from when its request was
due. The figure to hold is Xero's limit of 5 s.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

from rich.table import Table

from bench.__main__ import console, stack
from infra.embedded.ports import free_port
from infra.platforms.xero.webhooks import sign
from tests.harness.processes import Processes
from tests.harness.webhooks import body_of, event
from tests.harness.world import World
from workers.fleet import compose

KEY = "a-key-of-the-bench"
CONNECTIONS = 50
LIMIT_S = 5.0


def request(body: bytes, signature: bytes) -> bytes:
    head = (
        "POST /webhooks/xero HTTP/1.1\r\nHost: fleet\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nx-xero-signature: "
    )
    return head.encode() + signature + b"\r\n\r\n" + body


async def one_connection(
    port: int, requests: list[tuple[float, bytes]], began: float, taken: list[tuple[int, float]]
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for due, raw in requests:
        await asyncio.sleep(max(0.0, began + due - time.monotonic()))
        writer.write(raw)
        head = await reader.readuntil(b"\r\n\r\n")
        taken.append((int(head.split()[1]), time.monotonic() - began - due))
    writer.close()


async def load(port: int, rate: int, seconds: int) -> list[tuple[int, float]]:
    """Offer the load; one request in ten is forged. Returns (status, seconds) of each."""
    lanes: list[list[tuple[float, bytes]]] = [[] for _ in range(CONNECTIONS)]
    for number in range(rate * seconds):
        body = body_of(event())
        signature = sign(body, "forged" if number % 10 == 0 else KEY)
        lanes[number % CONNECTIONS].append((number / rate, request(body, signature)))
    taken: list[tuple[int, float]] = []
    began = time.monotonic() + 0.5
    await asyncio.gather(*(one_connection(port, lane, began, taken) for lane in lanes))
    return taken


def show(taken: list[tuple[int, float]], rate: int) -> None:
    table = Table(title=f"{rate} webhooks a second")
    for column in ("answer", "count", "p50 ms", "p99 ms", "slowest ms"):
        table.add_column(column, justify="right")
    for status in sorted(Counter(status for status, _ in taken)):
        times = sorted(seconds for one, seconds in taken if one == status)
        slow = statistics.quantiles(times, n=100)[98]
        figures = (statistics.median(times), slow, times[-1])
        table.add_row(str(status), str(len(times)), *(f"{1000 * one:.0f}" for one in figures))
    console.print(table)
    worst = max(seconds for _, seconds in taken)
    console.print(f"slowest answer / Xero's limit of {LIMIT_S:.0f} s: {worst / LIMIT_S:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=500)
    parser.add_argument("--seconds", type=int, default=10)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with stack(folder) as (base, _sandbox):
            settings = replace(base, webhooks_port=free_port(), xero_webhook_key=KEY)
            fleet = compose("bench", settings)
            World(fleet)
            with Processes(settings, folder, killable=False) as processes:
                processes.start("webhooks")
                show(
                    asyncio.run(load(settings.webhooks_port, chosen.rate, chosen.seconds)),
                    chosen.rate,
                )
            fleet.database.dispose()


if __name__ == "__main__":
    main()
