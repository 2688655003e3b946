"""Actions as a table, for wide and for narrow terminals."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from workers.cli import say, words

if TYPE_CHECKING:
    from infra.database.views import Row

WIDE = 105
COLUMNS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("id", {"no_wrap": True}),
    ("type", {"no_wrap": True}),
    ("status", {"no_wrap": True}),
    ("age", {"no_wrap": True, "justify": "right"}),
)


def listed(rows: Sequence["Row"], now: datetime) -> RenderableType:
    """Return actions as a table; on a narrow terminal the reasons go below."""
    return _Listed(rows, now) if rows else Text("no actions", style="dim")


class _Listed:
    def __init__(self, rows: Sequence["Row"], now: datetime) -> None:
        self._rows, self._now = rows, now

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield self._wide() if options.max_width >= WIDE else self._narrow()

    def _cells(self, row: "Row") -> tuple[RenderableType, ...]:
        return (
            Text(words.short(row["id"]), style="bold"),
            row["action_type"],
            words.status(row["status"]),
            words.age(row["created_at"], self._now),
        )

    def _wide(self) -> RenderableType:
        table = say.table(
            *COLUMNS,
            ("deal", {"overflow": "ellipsis", "no_wrap": True, "max_width": 28}),
            ("why", {"overflow": "fold", "ratio": 1}),
        )
        for row in self._rows:
            table.add_row(*self._cells(row), _deal(row), words.why(row, self._now))
        return table

    def _narrow(self) -> RenderableType:
        parts: list[RenderableType] = []
        for row in self._rows:
            line = Table.grid(padding=(0, 2))
            for width in (8, 29, 13, 7):
                line.add_column(width=width, no_wrap=True)
            line.add_row(*self._cells(row))
            below = " · ".join(part for part in (_deal(row), words.why(row, self._now)) if part)
            parts += [line, Padding(Text(below, style="dim"), (0, 0, 0, 10), expand=False)]
        return Group(*parts)


def _deal(row: "Row") -> str:
    return row["deal"] or (words.short(row["deal_id"]) if row["deal_id"] else "")
