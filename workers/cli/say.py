"""How the command line speaks: to eyes in tables, to programs in JSON, and what errors say."""

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NoReturn, TypeVar
from uuid import UUID

import typer
from rich import box
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

T = TypeVar("T")

WIDTH_PIPED = 120
Plain = Mapping[str, Any] | Iterable[Mapping[str, Any]]


class Failed(Exception):  # noqa: N818 - named for what happened
    """The command is refused or did not succeed; the message says why and what to do."""

    def __init__(self, message: str, hints: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.hints = list(hints)


def console(*, to_errors: bool = False) -> Console:
    """Return a console on stdout (or stderr); a fixed width when nobody's terminal gives one."""
    stream = sys.stderr if to_errors else sys.stdout
    width = None if stream.isatty() else WIDTH_PIPED
    return Console(file=stream, width=width, highlight=False, soft_wrap=False)


def answer(as_json: bool, plain: Any, shown: RenderableType | None = None) -> None:  # noqa: FBT001
    """Give the command's answer: `plain` as JSON, or `shown` for the eye."""
    if as_json:
        sys.stdout.write(json.dumps(plain, indent=2, default=_json) + "\n")
    elif shown is not None:
        console().print(shown)


def line(words: str, style: str = "") -> None:
    """Print one sentence."""
    console().print(Text.from_markup(words, style=style))


def fail(message: str, hints: Iterable[str] = (), *, as_json: bool = False) -> NoReturn:
    """Say what was refused and what to do about it; exit with 1."""
    if as_json:
        error = {"error": message, "hints": list(hints)}
        sys.stdout.write(json.dumps(error, indent=2) + "\n")
        raise typer.Exit(1)
    out = console(to_errors=True)
    text = Text.assemble(("✗ ", "bold red"), (message, ""))
    out.print(text)
    for hint in hints:
        out.print(Padding(Text(hint, style="dim"), (0, 0, 0, 2), expand=False))
    raise typer.Exit(1)


def the_one(
    found: Sequence[T],
    said: str,
    none: str,
    hints: Iterable[str] = (),
    told: Callable[[T], object] = str,
) -> T:
    """Return the only one found by what a person said (the beginning of an id, words of a name).

    Raises:
        Failed: there is `none`, with `hints`; or there are several, each as `told`.
    """
    if len(found) == 1:
        return found[0]
    if not found:
        raise Failed(none, hints)
    raise Failed(
        f"{said!r} may be any of these; give more of it", [str(told(one)) for one in found]
    )


def table(*columns: str | tuple[str, Mapping[str, Any]], title: str | None = None) -> Table:
    """Return an empty table in the house style; a column is its name, or (name, rich options)."""
    made = Table(
        box=box.SIMPLE_HEAD,
        title=title,
        title_justify="left",
        title_style="bold",
        header_style="dim",
        border_style="dim",
        pad_edge=False,
        padding=(0, 2, 0, 0),
    )
    for column in columns:
        name, options = (column, {}) if isinstance(column, str) else column
        made.add_column(name, **options)
    return made


def _json(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, UUID):
        return str(value)
    return str(value)


def explained(error: BaseException) -> tuple[str, list[str]] | None:
    """Put an expected failure into words; None: it is a fault of ours and keeps its traceback."""
    for kind in type(error).__mro__:
        how = _EXPLAINED.get(f"{kind.__module__}.{kind.__qualname__}")
        if how is not None:
            return (str(error) if how == _ITSELF else how, _hints(error))
    return None


def _hints(error: BaseException) -> list[str]:
    if isinstance(error, Failed):
        return error.hints
    if type(error).__module__.startswith("sqlalchemy"):
        words = str(getattr(error, "orig", error)).strip().splitlines()
        return [*words[:1], "Check DATABASE_URL, then: fleet doctor"]
    return []


_ITSELF = "itself"
_EXPLAINED = {
    "workers.cli.say.Failed": _ITSELF,
    "workers.commands.NotPossible": _ITSELF,
    "workers.connecting.Refused": _ITSELF,
    "infra.settings.SettingsError": _ITSELF,
    "infra.embedded.claim.FolderTaken": _ITSELF,
    "infra.embedded.program.StartFailed": _ITSELF,
    "infra.embedded.identity.NoWayToRun": _ITSELF,
    "sqlalchemy.exc.OperationalError": "the database does not answer",
    "sqlalchemy.exc.ProgrammingError": "the tables are not as this version needs: fleet migrate",
    "kombu.exceptions.OperationalError": "the broker does not answer; check BROKER_URL",
    "redis.exceptions.ConnectionError": "the broker does not answer; check BROKER_URL",
}
