"""How a platform is connected by keys: what to ask a person for, and the harmless call that checks.

`fleet connect <platform>` is derived from this (`workers/cli/connect.py`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from domain.actions.outcome import Deferred, Rejected
from infra.session import Session


@dataclass(frozen=True, slots=True)
class Field:
    """One thing to know: its name among the credentials, where it is looked for, how it is asked.

    It comes from the environment variable, else from the keyboard; never from the command line.
    """

    name: str
    variable: str
    prompt: str
    hidden: bool = True
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Connectable:
    """What the check found: the tenant the credentials open, and what to store.

    `credentials` are added to those given; those named in `keep` stay what they were if it was
    connected before. `settings` are those of a new integration. `say` is told to the person
    afterwards, with `{integration_id}` and credentials put in as they are stored.
    """

    tenant: str
    name: str
    credentials: Mapping[str, Any] = field(default_factory=dict, repr=False)
    keep: frozenset[str] = frozenset()
    settings: Mapping[str, Any] = field(default_factory=dict)
    say: tuple[str, ...] = ()


Check = Callable[[Session], Connectable | Rejected | Deferred]
"""Makes a call that changes nothing with the fields as the session's credentials.

It may raise `infra.exchange.TooLate` and `Broken`.
"""


@dataclass(frozen=True, slots=True)
class Connecting:
    """A platform that is connected by keys. `url` is where `check` talks to, if not to the API."""

    fields: tuple[Field, ...]
    check: Check
    url: Callable[[Any], str] | None = None
