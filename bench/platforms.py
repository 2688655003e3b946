"""`python -m bench.platforms`: each platform alone: its time at idle, its memory, its size.

The requests are those of the conformance suite, one at a time.
"""

import statistics
import tempfile
import time
from dataclasses import replace
from itertools import groupby
from pathlib import Path

from rich.table import Table

from bench.__main__ import console, stack
from infra.embedded.processes import memory_bytes
from infra.logging import configure_logging
from infra.platforms import CATALOGUE
from tests.conformance.case import Case
from tests.conformance.conftest import CASES
from tests.harness.processes import Processes
from tests.harness.sandbox import Sandbox
from tests.harness.world import World, eventually
from workers.fleet import compose

TIMES = 12
FOLDER = Path(__file__).parent.parent / "infra" / "platforms"
ACTED = """
    SELECT l.at, l.seconds FROM integration_log l JOIN effects e ON e.id = l.effect_id
    WHERE e.action_id = :id AND e.name = :name AND e.state = 'succeeded'
    ORDER BY l.id DESC LIMIT 1
"""


def main() -> None:
    table = Table(title="Each platform's worker, alone")
    for column in ("platform", "effect", "submit to effect at idle, p50", "worst", "worker, PSS",
                   "lines of code"):  # fmt: skip
        table.add_column(column, justify="left" if column in {"platform", "effect"} else "right")
    with tempfile.TemporaryDirectory() as name, stack(Path(name)) as (settings, sandbox):
        sandbox.lift_limits()
        configure_logging(replace(settings, log_level="ERROR"))
        fleet = compose("bench", settings)
        fleet.incarnation.start()
        world = World(fleet)
        for platform, cases in groupby(CASES, key=lambda case: case.platform):
            queues = CATALOGUE.platforms[platform].queues
            names = {*queues[:1], "xero"} if platform == "postmark" else set(queues[:1])
            with (
                console.status(platform),
                Processes(settings, Path(name), killable=False) as processes,
            ):
                processes.start("relay", *sorted(names))
                rows = [(case.effect, *waits(case, world, sandbox)) for case in cases]
                megabytes = memory_bytes(processes.pid(queues[0])) / 1e6
            for number, (effect, typical, worst) in enumerate(rows):
                first = number == 0
                table.add_row(
                    platform if first else "", effect, f"{typical:.0f} ms", f"{worst:.0f} ms",
                    f"{megabytes:.0f} MB" if first else "", str(lines(platform)) if first else "",
                )  # fmt: skip
        fleet.incarnation.stop()
    console.print(table)


def waits(case: Case, world: World, sandbox: Sandbox) -> tuple[float, float]:
    """Milliseconds from the submitted row to the effect at the platform: median and worst."""
    found = []
    limits = CATALOGUE.effect(case.effect)[1].limits
    for _ in range(min([TIMES, *(window.calls - 1 for window in limits)])):
        request = case.request(world, sandbox)
        asked_at = time.time()
        action_id = world.submit(request)
        given = {"id": action_id, "name": case.effect}
        row = eventually(lambda given=given: world.rows(ACTED, **given), 20, case.effect)[0]
        found.append((row.at.timestamp() + row.seconds - asked_at) * 1000)
        time.sleep(0.3)  # idle again
    return statistics.median(found[1:]), max(found[1:])


def lines(platform: str) -> int:
    """Lines of Python in the platform's folder that are no blank lines or comments."""
    return sum(
        1
        for file in (FOLDER / platform).glob("*.py")
        for line in file.read_text().splitlines()
        if line.strip() and not line.strip().startswith("#")
    )


if __name__ == "__main__":
    main()
