"""One action's story in order and in words, whoever shows it: the terminal, a page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from infra.database.views import Row, Story
from workers import words
from workers.next_step import NextStep, next_step


@dataclass(frozen=True, slots=True)
class Attempt:
    """One exchange for an effect. `outcome` names it; `step` and `said` are words for people."""

    log_id: int
    step: str
    outcome: str
    said: str
    at: datetime
    status: int | None
    seconds: float
    words: str


@dataclass(frozen=True, slots=True)
class Effect:
    """One effect and its attempts. `once`: the only one, which says all there is to say."""

    id: UUID
    number: int
    name: str
    state: str
    generation: int
    attempts: tuple[Attempt, ...]
    once: Attempt | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an action: invoices, what was wrong by field, a sentence, and values."""

    invoices: Sequence[Row]
    problems: tuple[tuple[str, str], ...]
    sentence: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Told:
    """The whole story."""

    action: Row
    asked: str
    why: str
    effects: tuple[Effect, ...]
    outcome: Outcome
    following: NextStep
    history: Sequence[Row]


def told(story: Story, now: datetime) -> Told:
    """Return an action's story."""
    return Told(
        action=story.action,
        asked=_asked(story.action, now),
        why=words.why(story.action, now),
        effects=tuple(_effect(one, story.attempts) for one in story.effects),
        outcome=_outcome(story, now),
        following=next_step(story, now),
        history=story.transitions,
    )


def _asked(action: Row, now: datetime) -> str:
    when, ago = words.moment(action["created_at"], now), words.age(action["created_at"], now)
    way = words.SOURCES.get(action["source"], f"by {action['source']}")
    return f"by {action['requested_by'] or 'nobody named'}, {way}, {when} UTC ({ago} ago)"


def _effect(effect: Row, attempts: Sequence[Row]) -> Effect:
    rows = [one for one in attempts if one["effect_id"] == effect["id"]]
    made = tuple(_attempt(one) for one in rows)
    alone = len(rows) == 1 and rows[0]["step"] == "send"
    settled = alone and rows[0]["outcome"] == effect["state"]
    return Effect(
        id=effect["id"],
        number=effect["ordinal"] + 1,
        name=effect["name"],
        state=effect["state"],
        generation=effect["generation"],
        attempts=made,
        once=made[0] if settled else None,
    )


def _attempt(one: Row) -> Attempt:
    said = words.OUTCOMES.get(one["outcome"], one["outcome"])
    if one["outcome"] == "unknown" and one["method"] == "GET":
        said = "no usable answer"  # a read changes nothing, whatever became of it
    return Attempt(
        log_id=one["id"],
        step=words.STEPS.get(one["step"], one["step"]),
        outcome=one["outcome"],
        said=said,
        at=one["at"],
        status=one["status"],
        seconds=one["seconds"],
        words=one["words"] or "",
    )


def _outcome(story: Story, now: datetime) -> Outcome:
    action = story.action
    error = action["error"] or {}
    problems = tuple(
        (one["field"] or "the request", one["problem"]) for one in error.get("problems") or ()
    )
    values = {
        name: value
        for name, value in (action["result"] or {}).items()
        if _tells(story, name, value)
    }
    sentence = "" if problems else str(error.get("message", ""))
    if not (error or values or story.invoices):
        sentence = words.why(action, now) or "nothing yet"
    return Outcome(story.invoices, problems, sentence, values)


def _tells(story: Story, name: str, value: Any) -> bool:
    """Leave out what is empty, and what the invoice's own line says."""
    return value not in ([], {}, None, "") and not (story.invoices and name in _SAID_BY_INVOICE)


_SAID_BY_INVOICE = frozenset({
    "total", "status", "currency", "due_date", "online_url", "invoice_number", "lines",
})  # fmt: skip
