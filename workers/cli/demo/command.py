"""The command `fleet demo`, and what it says when the play is over."""

import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workers.cli import say
from workers.cli.enqueue import AsJson

if TYPE_CHECKING:
    from workers.cli.demo.checks import Check
    from workers.cli.demo.stage import Stage

KEPT = {"lock"}


def demo(
    *,
    state: Annotated[
        Path | None, typer.Option(help="Folder of its own; it is emptied (default: .run/demo).")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the whole fleet at work, from nothing, against simulated platforms."""
    from workers.cli import reach  # noqa: PLC0415
    from workers.cli.demo.checks import check  # noqa: PLC0415
    from workers.cli.demo.play import Play  # noqa: PLC0415
    from workers.cli.demo.stage import Stage  # noqa: PLC0415

    folder = (state or reach.DEFAULT_STATE / "demo").absolute()
    begun = time.monotonic()
    empty(folder)
    stage = Stage(say.console(to_errors=as_json))
    play = Play(stage, folder)
    try:
        with stage:
            findings = play.run()
    except KeyboardInterrupt:
        say.fail("stopped", as_json=as_json)
    except Exception as error:
        words = say.explained(error)
        if words is None:
            raise
        raise say.Failed(words[0], [*words[1], _logs(folder)]) from error
    checks = check(findings)
    seconds = time.monotonic() - begun
    if as_json:
        say.answer(as_json, _plain(stage, checks, seconds))
    else:
        from workers.cli.demo import report  # noqa: PLC0415

        report.show(stage, play, findings, checks, seconds)
    if not all(one.holds for one in checks):
        say.fail("not everything came true", [_logs(folder)])


def empty(folder: Path) -> None:
    """Take the folder, end what an earlier demo has left running, and remove what it holds.

    Raises:
        FolderTaken: another demo plays there now.
        Failed: the folder holds something that is no demo's.
    """
    from infra.embedded.claim import FolderClaim  # noqa: PLC0415

    ours = {"lock", "processes.json", "fleet.json", "logs", "postgres", "valkey", "api_key"}
    ours |= {"secret_keys", "flower_password", "flower_port", "sandbox_port"}
    ours |= {"xero_webhook_key", "webhooks_port", "web_port", "metrics_port", "console_link_key"}
    if folder.exists():
        foreign = [
            one.name
            for one in folder.iterdir()
            if one.name not in ours and not one.name.startswith("sandbox.json")
        ]
        if foreign:
            raise say.Failed(
                f"{folder} holds what no demo made: {', '.join(sorted(foreign)[:5])}",
                ["Nothing was removed. Choose another folder: fleet demo --state DIR"],
            )
    with FolderClaim(folder):
        for one in folder.iterdir():
            if one.name in KEPT:
                continue
            if one.is_dir() and not one.is_symlink():
                shutil.rmtree(one)
            else:
                one.unlink()


def _logs(folder: Path) -> str:
    from workers.cli.reach import shown_path  # noqa: PLC0415

    return f"Logs: {shown_path(folder / 'logs')}"


def _plain(stage: "Stage", checks: Sequence["Check"], seconds: float) -> dict[str, Any]:
    return {
        "ok": all(one.holds for one in checks),
        "seconds": round(seconds, 1),
        "steps": [{"step": s.title, "seconds": round(s.seconds or 0, 2)} for s in stage.steps],
        "actions": [
            {"name": p.name, "way": p.way, "statuses": list(p.path), "outcome": p.why}
            for p in stage.players.values()
        ],
        "checks": [{"claim": c.claim, "holds": c.holds, "found": c.found} for c in checks],
    }
