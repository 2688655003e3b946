"""`python -m bench.metrics`: what reading the metrics costs with a long backlog and a long log."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from prometheus_client.exposition import generate_latest
from prometheus_client.registry import CollectorRegistry
from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from bench.__main__ import stack, tenants_of
from infra.database import measures, tallies
from tests.harness.world import World
from workers.fleet import compose
from workers.metrics import Exporter

ACTIONS = 100_000
console = Console()

FILL = (
    """
    INSERT INTO actions (id, workspace_id, integration_id, platform, queue, action_type, key,
                         request_hash, params, data, source, status, due_at, created_at)
    SELECT gen_random_uuid(), :w, (CAST(:tenants AS uuid[]))[1 + n % 10], 'slack', 'slack',
           'slack_send_message', n, '', '{}', '{}', 'bench', 'queued', now(), now()
    FROM generate_series(1, :n) n
    """,
    """
    INSERT INTO effects (id, action_id, ordinal, name, platform, budget_key, inputs, state)
    SELECT gen_random_uuid(), id, 0, 'slack.post_message', 'slack', 'slack:T', '{}', 'succeeded'
    FROM actions
    """,
    """
    INSERT INTO integration_log (integration_id, action_id, effect_id, attempt, step, method, url,
                                 request, status, response, outcome, seconds, at)
    SELECT a.integration_id, a.id, e.id, 1, 'send', 'POST', 'https://slack', jsonb_build_object(
           'body', repeat(md5(a.id::text), 40)), 200, '{}', 'succeeded', random(), clock_timestamp()
    FROM actions a JOIN effects e ON e.action_id = a.id
    """,
)


def main() -> None:
    """Fill a database, and time every part of a reading."""
    with tempfile.TemporaryDirectory() as folder, stack(Path(folder)) as (settings, _):
        fleet = compose("bench", settings)
        world = World(fleet)
        with fleet.database.transaction() as tx:
            values = {"w": world.workspace_id, "tenants": tenants_of(world), "n": ACTIONS}
            for statement in FILL:
                given = {k: v for k, v in values.items() if f":{k}" in statement}
                tx.execute(text(statement), given)
        with fleet.database.engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))
        table = Table("reading", "ms")
        table.title = f"{ACTIONS:,} actions waiting, as many log rows to count"
        with fleet.database.transaction() as tx:
            table.add_row("count (all of it, once)", timed(lambda: tallies.count(tx, fleet.now())))
        with fleet.database.transaction() as tx:
            table.add_row("count (nothing new)", timed(lambda: tallies.count(tx, fleet.now())))
        chosen = measures.MEASURES
        for measure in chosen:
            measures.MEASURES = (measure,)
            with fleet.database.reading() as tx:
                name = next(iter(measure.gauges.values()))[0]
                table.add_row(name, timed(lambda: list(measures.read(tx, fleet.now()))))
        measures.MEASURES = chosen
        registry = CollectorRegistry(auto_describe=False)
        registry.register(Exporter(fleet))
        table.add_row("a scrape, all in all", timed(lambda: generate_latest(registry)))
        console.print(table)
        console.print(f"{len(generate_latest(registry)):,} bytes")
        fleet.database.dispose()


def timed(work: Callable[[], object]) -> str:
    began = time.perf_counter()
    work()
    return f"{(time.perf_counter() - began) * 1000:.1f}"


if __name__ == "__main__":
    main()
