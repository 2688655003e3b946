"""One action told as a story, for a person who has to understand or decide."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from infra.database.views import Row, Story
from workers import telling
from workers.cli import say, words
from workers.next_step import Choice, next_step
from workers.telling import Attempt, Outcome, Told


def plain(story: Story, now: datetime) -> dict[str, Any]:
    """Return the story as plain JSON."""
    following = next_step(story, now)
    return {
        "action": {**story.action, "why": words.why(story.action, now)},
        "effects": [
            {**effect, "attempts": [a for a in story.attempts if a["effect_id"] == effect["id"]]}
            for effect in story.effects
        ],
        "history": story.transitions,
        "invoices": story.invoices,
        "next": following.sentence,
        "commands": [_typed(story.action, one) for one in following.choices],
    }


def told(story: Story, now: datetime) -> RenderableType:
    """Return the story for the eye."""
    whole = telling.told(story, now)
    parts: list[RenderableType] = [_headline(story.action, now), "", _asked(whole)]
    if whole.effects:
        parts += [*_section("What was done"), *_effects(whole, now)]
    parts += [*_section("What came of it"), *_outcome(whole.outcome)]
    parts += [*_section("What happens next"), _next(whole)]
    parts += [*_section("History (UTC)"), _history(whole.history, now)]
    return Group(*parts)


def _section(title: str) -> tuple[RenderableType, ...]:
    heading = Text(title, style="bold")
    return "", Rule(heading, align="left", style="dim", characters="─")


def _headline(action: Row, now: datetime) -> Text:
    text = Text.assemble(words.status(action["status"]), "  ", (action["action_type"], "bold"))
    if action["finished_at"]:
        took = (action["finished_at"] - action["created_at"]).total_seconds()
        text.append(f"  took {words.seconds(max(took, 0))}")
    else:
        text.append(f"  for {words.age(action['created_at'], now)}")
    if action["partial"]:
        text.append("  partly done", style="yellow")
    text.append(f"\n{action['id']}", style="dim")
    return text


def _asked(whole: Told) -> Table:
    action, grid = whole.action, _grid()
    grid.add_row("asked", Text(whole.asked))
    if str(action["key"]) != str(action["id"]):
        grid.add_row("request", Text(str(action["key"])))
    if action["deal_id"]:
        grid.add_row(
            "deal",
            f"{action['deal'] or 'unknown to the CRM'} [dim]{words.short(action['deal_id'])}[/dim]",
        )
    if action["integration_id"]:
        grid.add_row("on", _integration(action))
    grid.add_row("params", _values(action["params"]))
    return grid


def _integration(action: Row) -> Text:
    text = Text.assemble(
        str(action["integration"]), " ", (words.short(action["integration_id"]), "dim")
    )
    if action["integration_status"] != "active":
        reason = action["integration_reason"] or "no reason is recorded"
        text.append(f"  {action['integration_status']}: {reason}", style="red")
    return text


def _values(values: Mapping[str, Any]) -> Text:
    if not values:
        return Text("none", style="dim")
    text = Text()
    for number, (name, value) in enumerate(values.items()):
        shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        text.append(f"{'' if number == 0 else chr(10)}{name}: ", style="dim")
        text.append(shown if len(shown) <= 200 else shown[:199] + "…")
    return text


def _effects(whole: Told, now: datetime) -> Iterable[RenderableType]:
    """One line per effect tried once; the attempts below it where there were more."""
    for effect in whole.effects:
        line = Text.assemble((f"{effect.number:>2}  ", "dim"), (f"{effect.name:<{NAME}}  ", "bold"))
        line.append_text(_padded(words.status(effect.state), STATE))
        if effect.once is not None:
            line.append_text(_measured(effect.once, now))
            yield line
            yield from _said(effect.once)
            continue
        if effect.generation > 1:
            line.append(f"  key no. {effect.generation}", style="dim")
        yield line
        for attempt in effect.attempts:
            yield _attempt(attempt, now)
            yield from _said(attempt)


NAME, STATE = 26, 21


def _padded(text: Text, width: int) -> Text:
    text.pad_right(max(width - text.cell_len, 0))
    return text


def _attempt(one: Attempt, now: datetime) -> Text:
    sign, style = words.STATUS_STYLES.get(one.outcome, ("·", ""))
    line = Text("    ").append(f"{one.step:<{NAME + 2}}", style="dim")
    line.append_text(_padded(Text(f"{sign} {one.said}", style=style), STATE))
    return line.append_text(_measured(one, now))


def _measured(one: Attempt, now: datetime) -> Text:
    """When it went out, the HTTP status, how long it took."""
    text = Text(f"{words.moment(one.at, now)}  ", style="dim")
    return text.append(f"{one.status or '-':>3}  {words.seconds(one.seconds):>7}", style="")


def _said(one: Attempt) -> Iterable[RenderableType]:
    if one.words:
        yield Padding(Text(one.words, style="yellow"), (0, 0, 0, 6), expand=False)


def _outcome(outcome: Outcome) -> Iterable[RenderableType]:
    for invoice in outcome.invoices:
        text = Text.assemble(
            (invoice["number"] or "no number yet", "bold"), f"  {invoice['status']}  ",
            words.money(invoice["total"], invoice["currency"]),
            f"  due {invoice['due_date']}" if invoice["due_date"] else "",
        )  # fmt: skip
        text.append(f"\n{invoice['online_url']}" if invoice["online_url"] else "", style="dim")
        yield text
    if outcome.problems:
        grid = _grid(style="bold red")
        for field, problem in outcome.problems:
            grid.add_row(field, problem)
        yield grid
    if outcome.sentence:
        yield Text(outcome.sentence, style="yellow")
    if outcome.values:
        yield _values(outcome.values)


def _next(whole: Told) -> Group:
    parts: list[RenderableType] = [whole.following.sentence]
    for choice in whole.following.choices:
        command, meaning = _typed(whole.action, choice)
        parts.append(Padding(Text(command, style="bold"), (0, 0, 0, 3), expand=False))
        parts.append(Padding(Text(meaning, style="dim"), (0, 0, 0, 5), expand=False))
    return Group(*parts)


_GIVEN = {
    "": "",
    "happened": " --happened ID",
    "did_not_happen": " --did-not-happen",
    "params": " --params JSON",
}


def _typed(action: Row, choice: Choice) -> tuple[str, str]:
    """Return what a person types for a choice, and what it does."""
    name = choice.command.replace("_", "-")
    typed = f"fleet actions {name} {words.short(action['id'])}{_GIVEN[choice.given]}"
    return typed, choice.meaning


def _history(transitions: Iterable[Row], now: datetime) -> Table:
    table = say.table("at", "status", "by", ("why", {"overflow": "fold"}))
    table.show_header, table.box = False, None
    for one in transitions:
        table.add_row(
            Text(words.moment(one["at"], now), style="dim"),
            words.status(one["after"]),
            "" if one["by"] == "fleet" else one["by"],
            Text(one["reason"] or "", style="dim"),
        )
    return table


def _grid(style: str = "dim") -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style=style, no_wrap=True)
    grid.add_column(overflow="fold")
    return grid
