"""Which effect comes next: a pure function of request, knowledge and the results so far."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from domain.actions.outcome import JsonObject, Rejected, Succeeded


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked, already checked. `params` and `data` are plain JSON."""

    action_id: UUID
    workspace_id: UUID
    integration_id: UUID
    action_type: str
    params: JsonObject
    deal_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """A settled effect: its name, what it was given, and how it ended."""

    name: str
    inputs: JsonObject
    outcome: Succeeded | Rejected


@dataclass(frozen=True, slots=True)
class Effect:
    """The effect to carry out next: `name` finds its declaration, `inputs` are plain JSON.

    `integration_id` names who carries it out when that is not the action's own integration (an
    invoice's email goes through the workspace's Postmark); it must be of the same workspace.
    """

    name: str
    inputs: JsonObject = field(default_factory=dict)
    integration_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing is left to do."""

    result: JsonObject


@dataclass(frozen=True, slots=True)
class Refuse:
    """The action cannot go on, and why."""

    rejection: Rejected


Step = Effect | Done | Refuse
Known = Mapping[str, Any]
NextEffect = Callable[[Request, Known, tuple[Result, ...]], Step]


def single(name: str) -> NextEffect:
    """Plan of an action that is one effect: its result is the action's result."""

    def next_effect(_request: Request, _known: Known, results: tuple[Result, ...]) -> Step:
        if not results:
            return Effect(name)
        outcome = results[-1].outcome
        return Refuse(outcome) if isinstance(outcome, Rejected) else Done(dict(outcome.result))

    return next_effect
