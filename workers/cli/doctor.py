"""`fleet doctor`: everything that can be misconfigured, checked, each with how to mend it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

import typer
from rich.table import Table
from rich.text import Text

from workers.cli import say
from workers.cli.enqueue import AsJson

if TYPE_CHECKING:
    from infra.settings import Settings

Verdict = Literal["ok", "warn", "bad"]
SIGNS: dict[Verdict, tuple[str, str]] = {
    "ok": ("✓", "green"), "warn": ("!", "bold yellow"), "bad": ("✗", "bold red"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing checked: how it is, what was seen, and how to mend it when it is not well."""

    what: str
    verdict: Verdict
    seen: str
    mend: str = ""


def ok(what: str, seen: str) -> Finding:
    """Return a finding that all is well."""
    return Finding(what, "ok", seen)


def doctor(*, as_json: AsJson = False) -> None:
    """Check everything that can be misconfigured, and say how to mend it."""
    findings = list(examine())
    say.answer(as_json, [asdict(one) for one in findings], _shown(findings))
    if any(one.verdict == "bad" for one in findings):
        raise typer.Exit(1)


def examine() -> Iterator[Finding]:
    """Check the settings, then what each of them leads to."""
    from workers.cli.checks import broker, database, platforms, work  # noqa: PLC0415

    chosen, found = _settings()
    yield from found
    if chosen is None:
        return
    sections: Sequence[tuple[str, Callable[[Settings], Iterator[Finding]]]] = (
        ("database", database.examine),
        ("broker", broker.examine),
        ("platforms", platforms.examine),
        ("work", work.examine),
    )
    for name, section in sections:
        try:
            yield from section(chosen)
        except Exception as error:  # noqa: BLE001 - a check that fails is a finding
            known = say.explained(error)
            seen = known[0] if known else f"the check failed: {type(error).__name__}: {error}"
            yield Finding(name, "bad", seen, known[1][0] if known and known[1] else "")


def _settings() -> "tuple[Settings | None, list[Finding]]":
    from infra.settings import SettingsError  # noqa: PLC0415
    from workers.cli import reach  # noqa: PLC0415

    try:
        chosen = reach.settings()
    except SettingsError as error:
        return None, [Finding("settings", "bad", str(error), "mend the variables named")]
    except say.Failed as error:
        return None, [Finding("settings", "bad", str(error), " ".join(error.hints))]
    found = [ok("settings", "every variable set can be read")]
    if not chosen.broker_url:
        mend = "set BROKER_URL (redis://… or amqp://…)"
        found.append(Finding("BROKER_URL", "bad", "not set", mend))
    longest = chosen.send_within_s + chosen.call_timeout_s
    if chosen.lease_s <= longest:
        seen = f"{chosen.lease_s:g} s, but an attempt may take {longest:g} s"
        found.append(Finding("FLEET_LEASE_S", "bad", seen, "make the lease longer"))
    return chosen, found


def _shown(findings: Sequence[Finding]) -> Table:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=1)
    grid.add_column(no_wrap=True, style="bold")
    grid.add_column(overflow="fold")
    for one in findings:
        sign, style = SIGNS[one.verdict]
        seen = Text(one.seen)
        if one.mend and one.verdict != "ok":
            seen.append(f"\n→ {one.mend}", style="cyan")
        grid.add_row(Text(sign, style=style), f"{one.what} ", seen)
    return grid
