"""Deploying while work goes on: former code beside new code on the new tables, and SIGTERM."""

import signal
import subprocess
import sys
import tarfile
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from infra.embedded.claim import CHECKOUT
from tests.harness.processes import Processes
from tests.harness.sandbox import Sandbox
from tests.harness.senders import send_celery, send_plain
from tests.harness.world import World, eventually
from workers.submit import action_id_for

pytestmark = [pytest.mark.deep, pytest.mark.processes, pytest.mark.timeout(400)]

MIGRATIONS = "infra/database/migrations/versions"
KINDS = ("intake", "relay", "worker", "beat", "events")


def git(*words: str) -> bytes:
    return subprocess.run(
        ["git", "-C", str(CHECKOUT), *words], check=True, capture_output=True
    ).stdout


def code_before_the_newest_migration() -> str:
    """The commit that stood before the newest migration came."""
    newest = max(path.name for path in (CHECKOUT / MIGRATIONS).glob("[0-9]*.py"))
    try:
        words = ("log", "--diff-filter=A", "--format=%H", "-1", "--", f"{MIGRATIONS}/{newest}")
        added = git(*words).decode().strip()
        return git("rev-parse", f"{added}^" if added else "HEAD").decode().strip()
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"NOT TESTED: no history here to take the former code from ({error})")


@pytest.fixture
def former(tmp_path: Path) -> Path:
    """A checkout of the former code."""
    folder = tmp_path / "former"
    archive = git("archive", "--format=tar", code_before_the_newest_migration())
    with tarfile.open(fileobj=BytesIO(archive)) as tar:
        tar.extractall(folder, filter="data")
    names = {path.name for path in (CHECKOUT / MIGRATIONS).glob("[0-9]*.py")}
    missing = names - {path.name for path in (folder / MIGRATIONS).glob("[0-9]*.py")}
    assert missing, "the former code knows every migration: it is not former"
    where = [sys.executable, "-c", "import workers, infra; print(workers.__file__, infra.__file__)"]
    said = subprocess.run(where, cwd=folder, check=True, capture_output=True, text=True).stdout
    assert said.count(str(folder)) == 2, said
    return folder


class Load:
    """Requests of every way in, some of whose answers are lost; each must happen once."""

    def __init__(self, world: World, sandbox: Sandbox) -> None:
        self.world, self.sandbox = world, sandbox
        self.messages: list[UUID] = []
        self.invoices: list[UUID] = []
        self.lines: list[UUID] = []
        self.customer = world.customer()

    def send(self, messages: int, invoices: int) -> None:
        for platform, path in (("slack", "chat.postMessage"), ("xero", "/Invoices")):
            self.sandbox.fault(platform, "drop_after_commit", path=path)
        said = [
            self.world.request("slack_send_message", {"channel": "C0GENERAL", "text": f"m {n}"})
            for n in range(messages)
        ]
        raised = []
        for _ in range(invoices):
            deal, lines = self.world.deal({}, {}, customer=self.customer)
            raised.append(self.world.request("xero_create_invoice", {"portion": "full"}, deal))
            self.lines += lines
        self.messages += map(self._id, said)
        self.invoices += map(self._id, raised)
        settings = self.world.fleet.settings
        send_celery(settings, said[::2] + raised)
        send_plain(settings, said[1::2])

    def _id(self, request: dict[str, Any]) -> UUID:
        return action_id_for(self.world.workspace_id, str(request["id"]))

    def is_taken_in(self) -> bool:
        (row,) = self.world.rows("SELECT count(*) AS n FROM actions")
        return bool(row.n >= len(self.messages) + len(self.invoices))

    def ended_once(self) -> None:
        eventually(self.is_taken_in, 90, "every request is an action")
        ids = [*self.messages, *self.invoices]
        assert set(self.world.ended(*ids, seconds=120)) == {"succeeded"}
        assert self.sandbox.count("slack.message.posted") == len(self.messages)
        assert self.sandbox.count("xero.invoice.created") == len(self.invoices)
        eventually(
            lambda: set(self.world.payment_statuses(*self.lines)) == {"invoiced"}, 60, "promoted"
        )
        told = eventually(lambda: _told(self.world, len(ids)), 30, "every end is told")
        assert told == len(ids)
        assert not self.world.rows("SELECT * FROM dead_letters")


def _told(world: World, wanted: int) -> int:
    (row,) = world.rows(
        "SELECT count(*) AS n FROM outbox WHERE type = 'action.succeeded'"
        " AND published_at IS NOT NULL"
    )
    return row.n if row.n >= wanted else 0


def test_former_code_works_on_the_new_tables_beside_new_code(
    world: World, sandbox: Sandbox, settings, tmp_path: Path, former: Path
) -> None:
    load = Load(world, sandbox)
    (tmp_path / "old").mkdir()
    (tmp_path / "new").mkdir()
    with (
        Processes(settings, tmp_path / "old", killable=False, checkout=former) as old,
        Processes(settings, tmp_path / "new", killable=False) as new,
    ):
        old.start(*KINDS)
        load.send(20, 4)
        load.ended_once()  # the former code alone, on the new tables
        new.start(*KINDS)
        load.send(60, 8)  # both
        for kind in KINDS:
            old.signal(kind, signal.SIGTERM)
            assert old.died(kind, 40) == 0, kind
            load.send(20, 2)
        load.ended_once()
        assert "Traceback" not in "".join(old.log(kind).read_text() for kind in KINDS)
        assert "Traceback" not in "".join(new.log(kind).read_text() for kind in KINDS)


def test_sigterm_of_every_kind_of_process_under_load_loses_nothing(
    world: World, sandbox: Sandbox, settings, tmp_path: Path
) -> None:
    load = Load(world, sandbox)
    with Processes(settings, tmp_path, killable=False) as processes:
        processes.start(*KINDS, "webhooks", "metrics")
        for kind in (*KINDS, "webhooks", "metrics"):
            load.send(30, 3)
            processes.signal(kind, signal.SIGTERM)
            assert processes.died(kind, 40) == 0, processes.log(kind).read_text()[-2000:]
            processes.start(kind)
        load.ended_once()
        for kind in (*KINDS, "webhooks", "metrics"):
            assert "Traceback" not in processes.log(kind).read_text(), kind
