"""What the viewer sees while the demo plays: one live picture, or plain lines where none can be."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from workers.cli import words


@dataclass(slots=True)
class Step:
    """One thing the demo does. `details` are shown behind it."""

    title: str
    begun: float
    seconds: float | None = None
    details: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Player:
    """One action on the stage: its name, how it was sent, and the statuses it has gone through."""

    name: str
    way: str
    says: str
    path: Sequence[str] = ()
    why: str = ""


class Stage:
    """Shows steps and players as they change. On a terminal live, else one line per change."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.begun = time.monotonic()
        self.steps: list[Step] = []
        self.players: dict[str, Player] = {}
        self._well_over = False
        self._spinner = Spinner("dots", style="cyan")
        live = console.is_terminal and not console.is_dumb_terminal
        self._live = Live(
            get_renderable=self.picture,
            console=console,
            refresh_per_second=10,
            vertical_overflow="crop",
        ) if live else None  # fmt: skip

    def __enter__(self) -> Self:
        """Raise the curtain."""
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the steps on the screen, and the players too if something went wrong."""
        self._well_over = error is None
        if self._live is not None:
            self._live.vertical_overflow = "visible"
            self._live.stop()

    @property
    def seconds(self) -> float:
        """How long the demo has been playing."""
        return time.monotonic() - self.begun

    def begin(self, title: str) -> None:
        """Show that the next thing begins, and how long the one before took."""
        self.end()
        self.steps.append(Step(title, time.monotonic()))
        if self._live is None:
            self._line(f"[bold]{title}[/bold]")

    def end(self) -> None:
        """Show that the latest step is done."""
        if self.steps and self.steps[-1].seconds is None:
            step = self.steps[-1]
            step.seconds = time.monotonic() - step.begun
            if self._live is None:
                self._line(f"  done in {words.seconds(step.seconds)}")

    def detail(self, said: str) -> None:
        """Add a detail to the latest step."""
        self.steps[-1].details.append(said)
        if self._live is None:
            self._line(f"  {said}")

    def moved(self, paths: Mapping[str, Sequence[str]], whys: Mapping[str, str]) -> None:
        """Show the statuses the players have gone through by now."""
        for key, path in paths.items():
            player = self.players.get(key)
            if player is None:
                continue
            if self._live is None and list(path) != list(player.path):
                self._line(f"  {player.name}: {' → '.join(path)}")
            player.path, player.why = list(path), whys.get(key, "")

    def _line(self, markup: str) -> None:
        self.console.print(f"[dim]{self.seconds:5.1f}[/dim]  {markup}")

    def picture(self) -> RenderableType:
        """Return everything as it stands now."""
        steps = Table.grid(padding=(0, 1))
        steps.add_column(width=2)
        steps.add_column(ratio=1)
        steps.add_column(justify="right", no_wrap=True)
        for step in self.steps:
            done = step.seconds is not None
            sign: RenderableType = Text("✓", style="green") if done else self._spinner
            text = Text(step.title, style="" if done else "bold")
            if step.details:
                text.append("  " + " · ".join(step.details), style="dim")
            took = step.seconds if step.seconds is not None else time.monotonic() - step.begun
            steps.add_row(sign, text, Text(words.seconds(took), style="dim"))
        title = Text.assemble(("Actionfleet", "bold"), ("  one machine, real processes", "dim"))
        parts: list[RenderableType] = ["", title, "", steps]
        if self.players and not self._well_over:
            parts += ["", self._cast()]
        return Group(*parts)

    def _cast(self) -> Table:
        table = Table.grid(padding=(0, 2))
        for column in range(4):
            table.add_column(
                no_wrap=column < 3, overflow="ellipsis", ratio=1 if column == 3 else None
            )
        for player in self.players.values():
            table.add_row(
                player.name,
                Text(player.way, style="dim"),
                path_of(player.path),
                Text(
                    player.why or player.says,
                    style="" if player.why else "dim",
                    no_wrap=True,
                    overflow="ellipsis",
                ),
            )
        return table


def path_of(path: Sequence[str]) -> Text:
    """Return statuses as a row of signs, the last one in words."""
    text = Text(no_wrap=True)
    for status in path[:-1]:
        sign, style = words.STATUS_STYLES.get(status, ("·", ""))
        text.append(sign, style=style)
    return text.append_text(words.status(path[-1])) if path else text.append("sent", style="dim")
