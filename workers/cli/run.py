"""`fleet up`, `fleet sandbox`, `fleet migrate`: things that run."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workers.cli import say
from workers.cli.enqueue import AsJson

if TYPE_CHECKING:
    from workers.local_fleet import LocalFleet

PREPARE_SECONDS = 120


def up(
    *,
    state: Annotated[
        Path | None, typer.Option(help="Folder for data, logs and fleet.json (default: .run).")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run the whole fleet on this machine until Ctrl-C, against the sandbox."""
    from workers.cli import reach  # noqa: PLC0415
    from workers.local_fleet import LocalFleet, Options  # noqa: PLC0415

    folder = (state or reach.state_folder()).absolute()
    out = say.console(to_errors=as_json)
    begun = time.monotonic()
    options = Options(
        prepare=prepare,
        stuck=lambda: _stuck(reach.told(folder)),
        report=lambda words: out.print(words, style="yellow", markup=False),
    )
    try:
        with LocalFleet(folder, options) as fleet:
            out.print(f"[dim]state in {reach.shown_path(folder)}[/dim]")
            fleet.wait_ready(lambda words: out.print(f"  [green]✓[/green] {words}"))
            if fleet.hear_webhooks() and fleet.hear_callbacks():
                out.print("  [green]✓[/green] the sandbox tells by webhook what changes")
            told = reach.told(folder)
            if as_json:
                say.answer(as_json, told)
                sys.stdout.flush()
            else:
                out.print(_where(fleet, told, time.monotonic() - begun))
            fleet.run()
    except KeyboardInterrupt:  # during the start; later ones are `run`'s
        out.print("stopped")
    else:
        out.print("[green]✓[/green] everything is stopped")


def _stuck(told: Mapping[str, Any]) -> set[str]:
    from workers import liveness  # noqa: PLC0415

    stuck = liveness.stuck(told["database_url"], told["metrics_url"])
    return stuck | liveness.silent(told["web_url"])


def prepare(env: Mapping[str, str]) -> Mapping[str, object]:
    """Migrate and load the sample, in a process of its own: its memory is given back.

    Raises:
        StartFailed: it could not; with its last words.
    """
    from infra.embedded.claim import CHECKOUT  # noqa: PLC0415
    from infra.embedded.program import StartFailed  # noqa: PLC0415

    done = subprocess.run(
        [sys.executable, "-m", "workers.sample"],
        env=dict(env),
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=PREPARE_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        words = "\n".join(done.stderr.strip().splitlines()[-8:])
        raise StartFailed(f"the database could not be prepared:\n{words}")
    told: dict[str, object] = json.loads(done.stdout)
    return told


def _where(fleet: "LocalFleet", told: Mapping[str, Any], seconds: float) -> Any:
    from rich import box  # noqa: PLC0415
    from rich.panel import Panel  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    from workers.cli import reach  # noqa: PLC0415

    rows = Table.grid(padding=(0, 2))
    rows.add_column(style="dim", no_wrap=True)
    rows.add_column(overflow="fold")
    for name, value in (
        ("API", f"{told['web_url']}/docs"),
        ("", f"its key is in {reach.shown_path(fleet.state / 'api_key')}"),
        ("console", f"{told['web_url']}/console"),
        ("Flower", told["flower_url"]),
        ("", f"user {told['flower_user']}, password {told['flower_password']}"),
        ("metrics", f"{told['metrics_url']}/metrics"),
        ("sandbox", f"{told['sandbox_url']}/_sandbox/effects"),
        ("database", told["database_url"]),
        ("broker", told["broker_url"]),
        ("all of this", reach.shown_path(fleet.state / "fleet.json")),
        ("logs", reach.shown_path(fleet.state / "logs")),
    ):
        rows.add_row(name, Text(str(value)))
    rows.add_row("", "")
    command = "fleet" if _on_path() else ".venv/bin/fleet"
    for name, value in (
        ("try", f"{command} enqueue examples/deposit-invoice.json --wait 20"),
        ("", f"{command} actions list"),
        ("", f"{command} console link --deal Brightside"),
        ("", f"{command} doctor"),
        ("", f"{command} connect xero --workspace {told['workspace_id']}"),
    ):
        rows.add_row(name, Text(value, style="bold"))
    title = f"The fleet is up, after {seconds:.1f} s. Ctrl-C stops it."
    return Panel(rows, title=title, title_align="left", box=box.ROUNDED, border_style="green")


def _on_path() -> bool:
    from shutil import which  # noqa: PLC0415

    return which("fleet") is not None


def sandbox(
    *,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 takes a free one.")] = 0,
    keep: Annotated[
        Path | None, typer.Option(help="File that keeps its world over a restart.")
    ] = None,
) -> None:
    """Run the simulated platforms in the foreground."""
    from infra.embedded.claim import CHECKOUT  # noqa: PLC0415

    words = ["--host", host, "--port", str(port)]
    if keep is not None:
        words += ["--state", str(keep.absolute())]
    os.chdir(CHECKOUT)
    os.execv(sys.executable, [sys.executable, "-m", "infra.sandbox", *words])  # noqa: S606


def migrate(
    *,
    with_crm_tables: Annotated[
        bool,
        typer.Option("--with-crm-tables", help="Create the crm_* tables too (demo and tests)."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Bring the database's tables to the newest version. Running it again changes nothing."""
    from infra.database import migrate as schema  # noqa: PLC0415
    from workers.cli import reach  # noqa: PLC0415

    with reach.database() as database:
        with database.engine.connect() as connection:
            before = schema.current_revision(connection)
        after = schema.migrate(database, with_crm_tables=with_crm_tables)
    plain = {"before": before, "after": after, "crm_tables": with_crm_tables}
    if as_json:
        say.answer(as_json, plain)
    elif before == after:
        say.line(f"[green]✓[/green] nothing to do: the database is at {after}")
    else:
        say.line(f"[green]✓[/green] migrated from {before or 'nothing'} to {after}")
