"""How a platform declares what may be asked of it outside any action, and for how long it is kept.

A read changes nothing and has no row of its own: whoever asks waits for the answer. It is carried
out by `workers/reading.py`, on the tenant's budget like everything else.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from domain.actions.outcome import JsonObject, Outcome
from infra.session import Session

NEVER = timedelta(0)


@dataclass(frozen=True, slots=True)
class Read:
    """One question.

    `params` is "module:Class", as for an action type. `perform` makes one exchange with the checked
    params and succeeds with `{"items": [...], "more": bool}` in plain JSON. Asked again within
    `kept_for` the answer comes from the cache; when the platform cannot be asked, an answer up to
    `stale_for` old is better than none (and says how old it is).
    """

    params: str
    perform: Callable[[Session, JsonObject], Outcome]
    kept_for: timedelta
    stale_for: timedelta = NEVER
    summary: str = ""
