"""The database: reachable, migrated, in time; and what its rows say of the fleet's health."""

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import inspect, text

from infra.clock import utc_now
from infra.database import health, outbox
from infra.database.engine import Database
from infra.database.migrate import current_revision, newest_revision
from infra.database.tables import CrmTable
from workers.cli import words
from workers.cli.doctor import Finding, ok

if TYPE_CHECKING:
    from infra.database.engine import Transaction
    from infra.settings import Settings

CLOCKS_APART_MAX = timedelta(seconds=2)
OLDEST_DUE_MAX = timedelta(seconds=30)
OUTBOX_LAG_MAX = timedelta(seconds=30)
VERSION_MIN = 14


def examine(settings: "Settings") -> Iterator[Finding]:
    """Check the database, then what it says of the processes and the work."""
    database = Database(settings)
    try:
        with database.transaction() as tx:
            yield from _server(tx)
            newest, current = newest_revision(), current_revision(tx)
            if current != newest:
                seen = f"the database is at {current or 'nothing'}, this version needs {newest}"
                yield Finding("tables", "bad", seen, "fleet migrate")
                return
            yield ok("tables", f"migrated to {current}")
            yield from _crm(tx)
            yield from _work(tx)
    finally:
        database.dispose()


def _server(tx: "Transaction") -> Iterator[Finding]:
    version = tx.execute(text("SHOW server_version")).scalar_one()
    old = int(version.split(".")[0]) < VERSION_MIN
    seen = f"PostgreSQL {version} answers"
    mend = f"use PostgreSQL {VERSION_MIN} or newer"
    yield Finding("database", "bad" if old else "ok", seen, mend if old else "")
    apart = abs(tx.execute(text("SELECT clock_timestamp()")).scalar_one() - utc_now())
    seen = f"this machine and the database are {words.seconds(apart.total_seconds())} apart"
    late = apart > CLOCKS_APART_MAX
    mend = "set both by NTP: waits and deduplication windows are measured by them"
    yield Finding("clocks", "bad" if late else "ok", seen, mend if late else "")


def _crm(tx: "Transaction") -> Iterator[Finding]:
    there = inspect(tx)
    missing = []
    for name, table in CrmTable.metadata.tables.items():
        if not there.has_table(name):
            missing.append(name)
            continue
        columns = {column["name"] for column in there.get_columns(name)}
        missing += [f"{name}.{c.name}" for c in table.columns if c.name not in columns]
    if missing:
        mend = "they are the CRM's to create (for a trial: fleet migrate --with-crm-tables)"
        yield Finding("CRM tables", "bad", f"missing: {', '.join(missing)}", mend)
    else:
        yield ok("CRM tables", f"{len(CrmTable.metadata.tables)} tables with every column needed")


def _work(tx: "Transaction") -> Iterator[Finding]:
    now = utc_now()
    yield from _processes(tx)
    due = health.oldest_due(tx, now)
    if due is not None and now - due > OLDEST_DUE_MAX:
        seen = f"the oldest has been due for {words.age(due, now)}"
        yield Finding(
            "due actions",
            "bad",
            seen,
            "is a worker running for every queue? see: fleet actions list --status open",
        )
    else:
        yield ok("due actions", "none waits longer than it should")
    lag = outbox.lag(tx, now)
    late = lag > OUTBOX_LAG_MAX
    seen = (
        f"the oldest event not yet told is {words.span(lag)} old" if lag else "every event is told"
    )
    yield Finding(
        "events",
        "bad" if late else "ok",
        seen,
        "is the relay running, and the broker?" if late else "",
    )
    yield from _waiting_for_a_person(tx)


def _waiting_for_a_person(tx: "Transaction") -> Iterator[Finding]:
    counts = health.counts(tx)
    for what, number, mend in (
        (
            "unknown outcomes",
            counts["unknown"],
            "they are looked up; see: fleet actions list --status reconciling",
        ),
        (
            "parked actions",
            counts["parked"],
            "a person must decide: fleet actions list --status parked",
        ),
        ("dead letters", counts["dead_letters"], "fleet dead-letters list"),
    ):
        yield Finding(
            what, "warn" if number else "ok", str(number or "none"), mend if number else ""
        )


def _processes(tx: "Transaction") -> Iterator[Finding]:
    alive = health.processes(tx)
    shown = ", ".join(f"{count} {kind}" for kind, count in sorted(alive.items()))
    if alive.get("worker"):
        yield ok("workers", f"alive: {shown}")
    else:
        yield Finding(
            "workers",
            "bad",
            "no worker is alive: actions are kept and not carried out",
            "fleet up, or start the Procfile's workers",
        )
    for name, without in (
        ("relay", "events are not told, and doorbells ring late"),
        ("beat", "nothing is swept, retried on time or synced"),
    ):
        if health.leads(tx, name):
            yield ok(name, "one leads")
        else:
            yield Finding(name, "bad", f"none runs: {without}", f"python -m workers.{name}")
    for name, without in (
        ("webhooks", "what changes in Xero is seen at the next scheduled sync"),
        ("web", "the HTTP API is not served"),
    ):
        if alive.get(name):
            yield ok(name, "one listens")
        else:
            seen = f"nobody listens: {without}"
            yield Finding(name, "warn", seen, f"python -m workers.{name}")
