"""What happens next to an action, and what a person may do about it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from infra.database.views import Story
from workers import words


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing a person may do: a command of `workers.commands`, and what it does.

    `given` must be said with it: `happened` (the platform's id), `did_not_happen`, `params`.
    """

    command: str
    meaning: str
    given: str = ""


@dataclass(frozen=True, slots=True)
class NextStep:
    """A sentence, and what a person may do."""

    sentence: str
    choices: tuple[Choice, ...] = ()


CANCEL = (Choice("cancel", "stop what is left of it"),)


def next_step(story: Story, now: datetime) -> NextStep:
    """Return what comes next."""
    action = story.action
    if action["finished_at"] is not None:
        return NextStep("Nothing: it is final.")
    if action["status"] == "parked":
        return _parked(story)
    if action["integration_status"] not in {"active", None}:
        reason = action["integration_reason"] or "no reason is recorded"
        return NextStep(
            f"It waits: the integration is paused ({reason}). "
            "It goes on by itself once the integration is reconnected."
        )
    return _STEPS[action["status"]](story, now)


def _queued(_story: Story, _now: datetime) -> NextStep:
    return NextStep("A worker takes it as soon as one is free.", CANCEL)


def _running(story: Story, now: datetime) -> NextStep:
    until = story.action["lease_until"]
    effect = story.action["effect"] or "its first effect"
    left = f" Its lease ends in {words.span(until - now)}." if until else ""
    return NextStep(f"A worker carries out {effect} now.{left}", CANCEL)


def _waiting(story: Story, now: datetime) -> NextStep:
    action = story.action
    blocked = [b["blocked_until"] for b in story.blocked if (b["blocked_until"] or now) > now]
    due = max([action["due_at"], *blocked])
    when = (
        "at once" if due <= now else f"at {words.moment(due, now)} UTC, in {words.span(due - now)}"
    )
    why = action["status_reason"] or "the effect before is done"
    tenant = " The platform lets nothing of this tenant through until then." if blocked else ""
    return NextStep(f"It goes on {when}: {why}.{tenant}", NOT_YET + CANCEL)


def _reconciling(story: Story, now: datetime) -> NextStep:
    action = story.action
    due = action["due_at"]
    when = "now" if due <= now else f"in {words.span(due - now)}"
    how = _HOW.get(action["next_step"] or "", "it is looked up")
    why = action["status_reason"] or "no answer"
    return NextStep(
        f"Whether {action['effect']} happened is unknown ({why}); {how} {when}. "
        "It is never repeated blindly."
    )


_HOW: Mapping[str, str] = {
    "repeat": "the same bytes go out again under the same key",
    "look_up": "the platform is asked",
}


def _parked(story: Story) -> NextStep:
    action = story.action
    if action["effect_state"] == "unknown":
        return NextStep(
            f"A person must decide: {action['effect']} may have happened. "
            "Look at the platform, then say what you saw:",
            IN_DOUBT,
        )
    return NextStep(
        "A person must decide. Nothing is in doubt: what was tried did not happen.", NOT_IN_DOUBT
    )


NOT_YET = (
    Choice("resume", "do not wait: go on at once"),
    Choice("resume", "go on at once, with other params", "params"),
)
IN_DOUBT = (
    Choice("resume", "ask the platform once more"),
    Choice("resume", "it happened; ID is what the platform calls it", "happened"),
    Choice("resume", "it did not; it is carried out again", "did_not_happen"),
    Choice("give_up", "it happened; keep that and do nothing further", "happened"),
    Choice("give_up", "it did not; reject the action", "did_not_happen"),
)
NOT_IN_DOUBT = (
    Choice("resume", "try again"),
    Choice("resume", "try again with other params", "params"),
    Choice("give_up", "reject it; what has happened stays"),
)


_STEPS: Mapping[str, Callable[[Story, datetime], NextStep]] = {
    "queued": _queued,
    "running": _running,
    "waiting": _waiting,
    "reconciling": _reconciling,
}
