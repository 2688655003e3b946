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
    grid.add_row("asked", f"by {action['requested_by'] or 'nobody named'}, {way}, {when} UTC ({ago} ago)")
    if str(action["key"]) != str(action["id"]):
        grid.add_row("request", Text(str(action["key"])))
    if action["deal_id"]:
        grid.add_row("deal", f"{action['deal'] or 'unknown to the CRM'} [dim]{words.short(action['deal_id'])}[/dim]")
    if action["integration_id"]:
        grid.add_row("on", _integration(action))
    grid.add_row("params", _values(action["params"]))
    return grid


def _integration(action: Row) -> Text:
    text = Text.assemble(str(action["integration"]), " ", (words.short(action["integration_id"]), "dim"))
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
    for effect in story.effects:
        title = Text.assemble(
            (f"{effect['ordinal'] + 1}  ", "dim"), (effect["name"], "bold"), "  ",
            words.status(effect["state"]),
        )  # fmt: skip
        if effect["external_id"]:
            title.append(f"  {effect['external_id']}", style="dim")
        if effect["generation"] > 1:
            title.append(f"  key generation {effect['generation']}", style="dim")
        yield title
        attempts = [one for one in story.attempts if one["effect_id"] == effect["id"]]
        if attempts:
            yield Padding(_attempts(attempts, now), (0, 0, 0, 3))
        yield ""


def _attempts(attempts: Iterable[Row], now: datetime) -> Table:
    table = Table.grid(padding=(0, 2))
    for justify in ("left", "left", "left", "right", "right", "left"):
        table.add_column(justify=justify)  # type: ignore[arg-type]  # one of rich's literals
    for one in attempts:
        sign, style = words.STATUS_STYLES.get(one["outcome"], ("·", ""))
        outcome = words.OUTCOMES.get(one["outcome"], one["outcome"])
        table.add_row(
            Text(words.moment(one["at"], now), style="dim"),
            words.STEPS.get(one["step"], one["step"]),
            Text(f"{sign} {outcome}", style=style),
            str(one["status"] or "–"),
            words.seconds(one["seconds"]),
            Text(one["words"] or _call(one), style="" if one["words"] else "dim"),
        )
    return table


def _call(attempt: Row) -> str:
    """Name the call: its method and the last two parts of its path."""
    if not attempt["url"]:
        return ""
    path = attempt["url"].split("?")[0].rstrip("/").split("/")
    return f"{attempt['method']} {'/'.join(path[-2:])}"


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
    if action["result"]:
        yield Padding(_values(action["result"]), (0, 0, 0, 0))
    elif not story.invoices and not action["error"]:
        yield Text(words.why(action, now) or "nothing yet", style="dim")


def _next(following: NextStep) -> Group:
    parts: list[RenderableType] = [following.sentence]
    for command, meaning in following.commands:
        parts.append(Padding(Text.assemble((command, "bold")), (0, 0, 0, 3)))
        parts.append(Padding(Text(meaning, style="dim"), (0, 0, 0, 5)))
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
