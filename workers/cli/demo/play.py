"""Plays the demo: starts the fleet, sends what the script says, gathers what came of it."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from infra.sandbox.seed import TENANT_TWO
from infra.settings import read_settings
from workers import sample
from workers.cli import run, sending, words
from workers.cli.demo import script
from workers.cli.demo.checks import Findings
from workers.cli.demo.control import Control
from workers.cli.demo.stage import Player, Stage
from workers.cli.say import Failed
from workers.local_fleet import LocalFleet, Options

if TYPE_CHECKING:
    from infra.database.views import Row
    from workers.fleet import Fleet

ACT_SECONDS = 60.0
PRODUCTS_SECONDS = 20.0
POLL_S = 0.08
FINAL = {"succeeded", "rejected", "cancelled"}
BY = {"celery": "Celery", "plain": "plain JSON"}


class Play:
    """One performance on a state folder of its own."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self.stage, self.folder = stage, folder
        self.before: list[Row] = []
        self._fleet: Fleet | None = None

    def run(self) -> Findings:
        """Play from start to end; the fleet is stopped again when it returns.

        Raises:
            Failed: it came to a halt; says where.
        """
        stage = self.stage
        stage.begin("PostgreSQL, Valkey and the simulated platforms")
        options = Options(prepare=self._prepare, report=stage.detail)
        with LocalFleet(self.folder, options) as local:
            from workers.fleet import compose  # noqa: PLC0415 - the processes start meanwhile

            fleet = compose("demo", read_settings(local.environment))
            local.wait_ready(self._ready)
            local.hear_callbacks()
            try:
                findings = self._perform(fleet, Control(local.environment["SANDBOX_URL"]))
            finally:
                fleet.database.dispose()
            stage.begin("the fleet stops, running work first")
        stage.end()
        return findings

    def _prepare(self, env: Mapping[str, str]) -> Mapping[str, object]:
        self.stage.begin("tables, and the sample workspace")
        told = run.prepare(env)
        self.stage.begin("the fleet's processes")
        return told

    def _ready(self, said: str) -> None:
        name, _, _ = said.partition(" is ready after ")
        if name not in {"postgres", "valkey", "sandbox"}:
            self.stage.detail(f"{name} {said.rpartition(' after ')[2]}")

    def _perform(self, fleet: "Fleet", control: Control) -> Findings:
        from infra.database import views  # noqa: PLC0415
        from workers.invariants import check_books  # noqa: PLC0415

        stage = self.stage
        with fleet.database.transaction() as tx:
            if views.actions(tx, views.Wanted(workspace=sample.STUDIO, limit=1)):
                raise Failed(
                    "this database has seen the demo before",
                    ["Unset DATABASE_URL for a fresh embedded one, or name an empty database."],
                )
            self.before = views.workspace_products(tx, sample.STUDIO)
        for fault in script.FAULTS:
            control.fault(fault)
        stage.begin("requests go out, by Celery and as plain JSON")
        self._send(fleet, act=1)
        sending.as_plain(fleet.settings, [script.BROKEN])
        stage.begin("actions are carried out; two answers are lost on the way")
        self._until(fleet, self._all_final)
        stage.begin("the balance of the deposit is billed")
        self._send(fleet, act=2)
        self._until(fleet, self._all_final)
        stage.begin("a customer pays in Xero, and invoices are synced")
        self._pay(fleet, control)
        self._until(fleet, self._all_final)
        self._await_products(fleet)
        stage.begin("checks")
        findings = self._gather(fleet, control)
        findings.breaches = check_books(fleet, fleet.now())
        return findings

    def _send(self, fleet: "Fleet", act: int) -> None:
        for cue in script.cues():
            if cue.act == act:
                self._send_one(fleet, cue)

    def _send_one(self, fleet: "Fleet", cue: script.Cue) -> None:
        requests = script.requests_of(cue.example)
        for number, request in enumerate(requests, 1):
            key = str(request["id"])
            if key in self.stage.players:
                self.stage.players[key].way += " + " + BY[cue.way]
                continue
            name = cue.example if len(requests) == 1 else f"{cue.example} {number}"
            self.stage.players[key] = Player(name, BY[cue.way], cue.says)
        sending.WAYS[cue.way](fleet.settings, requests)

    def _pay(self, fleet: "Fleet", control: Control) -> None:
        (row,) = [
            row
            for request in script.requests_of(script.PAID_EXAMPLE)
            for key, row in self._rows(fleet).items()
            if key == str(request["id"])
        ]
        control.pay(row["result"]["invoice_id"])
        self.stage.detail(f"{row['result']['invoice_number']} is paid")
        self._send_one(fleet, script.Cue(script.SYNC, "celery", "pulls what changed"))

    def _rows(self, fleet: "Fleet") -> dict[str, "Row"]:
        from infra.database import views  # noqa: PLC0415

        with fleet.database.transaction() as tx:
            found = views.actions(tx, views.Wanted(workspace=sample.STUDIO, limit=100))
            paths = views.statuses(tx, [row["id"] for row in found])
        rows = {row["key"]: row for row in found}
        now = fleet.now()
        self.stage.moved(
            {key: paths.get(row["id"], ()) for key, row in rows.items()},
            {key: words.why(row, now) for key, row in rows.items()},
        )
        return rows

    def _all_final(self, rows: Mapping[str, "Row"]) -> str:
        """Say what is still open; empty when nothing is."""
        open_ = [
            f"{player.name} is {rows[key]['status'] if key in rows else 'not taken in yet'}"
            for key, player in self.stage.players.items()
            if key not in rows or rows[key]["status"] not in FINAL
        ]
        return ", ".join(open_)

    def _until(self, fleet: "Fleet", still: Callable[[Mapping[str, "Row"]], str]) -> None:
        until = time.monotonic() + ACT_SECONDS
        while left := still(self._rows(fleet)):
            if time.monotonic() > until:
                raise Failed(f"not done within {ACT_SECONDS:.0f} s: {left}")
            time.sleep(POLL_S)

    def _await_products(self, fleet: "Fleet") -> None:
        """Wait for the promotions, which come by event; what is missing the checks will say."""
        from infra.database import views  # noqa: PLC0415

        until = time.monotonic() + PRODUCTS_SECONDS
        while time.monotonic() < until:
            with fleet.database.transaction() as tx:
                products = views.workspace_products(tx, sample.STUDIO)
            found = {str(row["id"])[:4]: row["payment_status"] for row in products}
            if found == script.EXPECTED_PRODUCTS:
                return
            time.sleep(POLL_S)

    def _gather(self, fleet: "Fleet", control: Control) -> Findings:
        from infra.database import views  # noqa: PLC0415

        rows = self._rows(fleet)
        with fleet.database.transaction() as tx:
            return Findings(
                effects=control.effects(),
                foreign_invoices=len(control.invoices(TENANT_TWO)),
                actions=rows,
                attempts=views.attempts(tx, [row["id"] for row in rows.values()]),
                letters=views.dead_letters(tx),
                products=views.workspace_products(tx, sample.STUDIO),
            )
