"""Fixtures: a real PostgreSQL, a real broker, the sandbox over real HTTP, a composed fleet.

With DATABASE_URL and BROKER_URL set the servers are those; else they are embedded, for this run.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from infra.crypto import Vault
from infra.database.engine import Database
from infra.database.incarnations import Incarnation
from infra.database.migrate import migrate
from infra.database.tables import CrmTable, FleetTable
from infra.embedded.ports import free_port
from infra.embedded.stack import embedded_stack
from infra.settings import Settings, read_settings
from tests.harness.processes import Processes
from tests.harness.receiver import Receiver, receiving
from tests.harness.sandbox import Sandbox
from tests.harness.world import World
from workers.fleet import Fleet, compose

pytest_plugins = ["tests.conformance.table"]
SECRET_KEY = Vault.new_key()
WEBHOOK_KEYS = "the-new-webhook-key, the-old-webhook-key"


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """(database URL, broker URL)."""
    given = os.environ.get("DATABASE_URL"), os.environ.get("BROKER_URL")
    if given[0] and given[1]:
        yield given[0], given[1]
        return
    with embedded_stack(tmp_path_factory.mktemp("servers")) as stack:
        yield given[0] or stack.database_url, given[1] or stack.broker_url


@pytest.fixture(scope="session")
def sandbox_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox.started(tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(sandbox_process: Sandbox) -> Sandbox:
    """The simulated platforms, as new, and open to any number of calls."""
    sandbox_process.reset()
    sandbox_process.lift_limits()
    return sandbox_process


@pytest.fixture(scope="session")
def base_settings(servers: tuple[str, str], sandbox_process: Sandbox) -> Settings:
    """Settings with waits short enough for tests; every one is otherwise the product's."""
    return replace(
        read_settings({}),
        database_url=servers[0],
        broker_url=servers[1],
        secret_keys=SECRET_KEY,
        **sandbox_process.addresses,
        connect_timeout_s=2.0,
        read_timeout_s=2.0,
        call_timeout_s=2.5,
        send_within_s=1.5,
        lease_s=12.0,
        ring_again_s=3.0,
        sweep_every_s=0.5,
        sync_every_s=86400.0,
        republish_after_s=2.0,
        xero_webhook_key=WEBHOOK_KEYS,
        webhooks_port=free_port(),
        metrics_port=free_port(),
        metrics_every_s=0.2,
        webhook_body_bytes_max=64 * 1024,
        web_port=free_port(),
        web_calls_per_minute=60_000,
        console_calls_per_minute=60_000,
        web_heartbeat_s=0.5,
        web_body_within_s=1.0,
        console_link_key="the-new-link-key, the-old-link-key",
    )


@pytest.fixture(scope="session")
def migrated(base_settings: Settings) -> Iterator[Database]:
    database = Database(base_settings)
    migrate(database, with_crm_tables=True)
    yield database
    database.dispose()


@pytest.fixture
def database(migrated: Database) -> Database:
    """The migrated database, empty but for the processes registered in it."""
    names = {*FleetTable.metadata.tables, *CrmTable.metadata.tables} - {"incarnations"}
    used = " UNION ALL ".join(f"SELECT '{n}' WHERE EXISTS (SELECT FROM {n})" for n in sorted(names))
    for attempt in range(20):  # running processes may hold rows in another order for a moment
        try:
            with migrated.engine.begin() as connection:
                # Only those: emptying all of them takes longer than most tests. And again, since
                # what a process was about to commit is there once its locks are free.
                for _ in range(5):
                    full = connection.execute(text(used)).scalars().all()
                    if not full:
                        break
                    connection.execute(text(f"TRUNCATE {', '.join(full)} CASCADE"))
            break
        except OperationalError:
            assert attempt < 19
    return migrated


@pytest.fixture
def settings(base_settings: Settings) -> Settings:
    return base_settings


@pytest.fixture
def fleet(database: Database, settings: Settings, sandbox: Sandbox) -> Iterator[Fleet]:
    """A composed fleet in this process, registered: `execute(fleet, …)` works."""
    # One engine for all tests: a new one would compile every statement anew.
    incarnation = Incarnation(database, "test")
    made = replace(compose("test", settings), database=database, incarnation=incarnation)
    made.incarnation.start()
    yield made
    made.incarnation.stop()


@pytest.fixture
def world(fleet: Fleet) -> World:
    """A workspace with a Xero and a Slack integration, and a way to make deals."""
    return World(fleet)


@pytest.fixture(scope="module")
def running(
    base_settings: Settings, migrated: Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Processes]:
    """A whole fleet of real processes, shared by the tests of a module."""
    with Processes(base_settings, tmp_path_factory.mktemp("running")) as started:
        started.start("intake", "relay", "worker", "beat", "events")
        yield started


@pytest.fixture(scope="module")
def web(
    base_settings: Settings, migrated: Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Processes]:
    """The web process, shared by the tests of a module."""
    with Processes(base_settings, tmp_path_factory.mktemp("web")) as started:
        started.start("web")
        yield started


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Somebody else's server, which takes what is posted to it."""
    with receiving() as started:
        yield started


@pytest.fixture
def processes(settings: Settings, tmp_path: Path) -> Iterator[Processes]:
    """Real processes of the fleet, started and killed by name."""
    with ExitStack() as stack:
        yield stack.enter_context(Processes(settings, tmp_path))
