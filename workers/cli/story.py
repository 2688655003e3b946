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
from workers.cli import say, words
from workers.cli.next_step import NextStep, next_step


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
        "commands": list(following.commands),
    }


def told(story: Story, now: datetime) -> RenderableType:
    """Return the story for the eye."""
    parts: list[RenderableType] = [_headline(story.action, now), "", _asked(story.action, now)]
    if story.effects:
        parts += [*_section("What was done"), *_effects(story, now)]
    parts += [*_section("What came of it"), *_outcome(story, now)]
    parts += [*_section("What happens next"), _next(next_step(story, now))]
    parts += [*_section("History (UTC)"), _history(story.transitions, now)]
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


def _asked(action: Row, now: datetime) -> Table:
    grid = _grid()
    when = words.moment(action["created_at"], now)
    ago = words.age(action["created_at"], now)
    way = words.SOURCES.get(action["source"], f"by {action['source']}")
    grid.add_row(
        "asked", f"by {action['requested_by'] or 'nobody named'}, {way}, {when} UTC ({ago} ago)"
    )
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


def _effects(story: Story, now: datetime) -> Iterable[RenderableType]:
    """One line per effect tried once; the attempts below it where there were more."""
    for effect in story.effects:
        attempts = [one for one in story.attempts if one["effect_id"] == effect["id"]]
        line = Text.assemble(
            (f"{effect['ordinal'] + 1:>2}  ", "dim"), (f"{effect['name']:<{NAME}}  ", "bold")
        )
        once = attempts[0] if len(attempts) == 1 and attempts[0]["step"] == "send" else None
        settled = once is not None and once["outcome"] == effect["state"]
        line.append_text(_padded(words.status(effect["state"]), STATE))
        if once is not None and settled:
            line.append_text(_measured(once, now))
            yield line
            yield from _said(once)
            continue
        if effect["generation"] > 1:
            line.append(f"  key no. {effect['generation']}", style="dim")
        yield line
        for attempt in attempts:
            yield _attempt(attempt, now)
            yield from _said(attempt)


NAME, STATE = 26, 21


def _padded(text: Text, width: int) -> Text:
    text.pad_right(max(width - text.cell_len, 0))
    return text


def _attempt(one: Row, now: datetime) -> Text:
    sign, style = words.STATUS_STYLES.get(one["outcome"], ("·", ""))
    outcome = words.OUTCOMES.get(one["outcome"], one["outcome"])
    if one["outcome"] == "unknown" and one["method"] == "GET":
        outcome = "no usable answer"  # a read changes nothing, whatever became of it
    line = Text("    ").append(
        f"{words.STEPS.get(one['step'], one['step']):<{NAME + 2}}", style="dim"
    )
    line.append_text(_padded(Text(f"{sign} {outcome}", style=style), STATE))
    return line.append_text(_measured(one, now))


def _measured(one: Row, now: datetime) -> Text:
    """When it went out, the HTTP status, how long it took."""
    text = Text(f"{words.moment(one['at'], now)}  ", style="dim")
    return text.append(f"{one['status'] or '-':>3}  {words.seconds(one['seconds']):>7}", style="")


def _said(one: Row) -> Iterable[RenderableType]:
    if one["words"]:
        yield Padding(Text(one["words"], style="yellow"), (0, 0, 0, 6), expand=False)


def _outcome(story: Story, now: datetime) -> Iterable[RenderableType]:
    action = story.action
    for invoice in story.invoices:
        text = Text.assemble(
            (invoice["number"] or "no number yet", "bold"), f"  {invoice['status']}  ",
            words.money(invoice["total"], invoice["currency"]),
            f"  due {invoice['due_date']}" if invoice["due_date"] else "",
        )  # fmt: skip
        text.append(f"\n{invoice['online_url']}" if invoice["online_url"] else "", style="dim")
        yield text
    problems = (action["error"] or {}).get("problems") or []
    if problems:
        grid = _grid(style="bold red")
        for problem in problems:
            grid.add_row(problem["field"] or "the request", problem["problem"])
        yield grid
    elif action["error"]:
        yield Text(f"{action['error'].get('message', '')}", style="yellow")
    shown = {
        name: value
        for name, value in (action["result"] or {}).items()
        if _tells(story, name, value)
    }
    if shown:
        yield _values(shown)
    elif not story.invoices and not action["error"]:
        yield Text(words.why(action, now) or "nothing yet", style="dim")


def _tells(story: Story, name: str, value: Any) -> bool:
    """Leave out what is empty, and what the invoice's own line says."""
    return value not in ([], {}, None, "") and not (story.invoices and name in _SAID_BY_INVOICE)


_SAID_BY_INVOICE = frozenset({
    "total", "status", "currency", "due_date", "online_url", "invoice_number", "lines",
})  # fmt: skip


def _next(following: NextStep) -> Group:
    parts: list[RenderableType] = [following.sentence]
    for command, meaning in following.commands:
        parts.append(Padding(Text(command, style="bold"), (0, 0, 0, 3), expand=False))
        parts.append(Padding(Text(meaning, style="dim"), (0, 0, 0, 5), expand=False))
    return Group(*parts)


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
