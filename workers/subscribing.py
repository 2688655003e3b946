"""A subscription as a person wants it, and what may be wrong with that."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from domain.event_filter import ALL, unknown_types
from domain.events import EventType
from infra.addresses import problem_with
from infra.database import crm, integrations, subscriptions
from infra.database.engine import Transaction
from infra.envelope import Problem
from infra.storable import storable
from workers.fleet import Fleet

PER_WORKSPACE_MAX = 50
TYPES_MAX = 50
URL_CHARACTERS_MAX = 2000
DESCRIPTION_CHARACTERS_MAX = 200


@dataclass(frozen=True, slots=True)
class Wanted:
    """A subscription as a person wants it; see `domain.event_filter` for the filter."""

    url: str
    types: Sequence[str] = (ALL,)
    integration_id: UUID | None = None
    deal_id: UUID | None = None
    description: str = ""
    active: bool = True


def settings_of(wanted: Wanted) -> dict[str, Any]:
    """Return the settings of its integration."""
    told = {
        "url": wanted.url,
        "types": list(dict.fromkeys(wanted.types)),
        "integration_id": None if wanted.integration_id is None else str(wanted.integration_id),
        "deal_id": None if wanted.deal_id is None else str(wanted.deal_id),
        "description": storable(wanted.description),
    }
    return {name: value for name, value in told.items() if value is not None}


def problems_of(fleet: Fleet, wanted: Wanted) -> Iterator[Problem]:
    """Find what the wish itself tells."""
    private = fleet.settings.deliver_to_private_addresses
    if len(wanted.url) > URL_CHARACTERS_MAX:
        yield Problem("url", f"has more than {URL_CHARACTERS_MAX} characters")
    elif (wrong := problem_with(wanted.url, private=private)) is not None:
        yield Problem("url", wrong)
    if not wanted.types or len(wanted.types) > TYPES_MAX:
        yield Problem("types", f"name 1 to {TYPES_MAX} types of events, or *")
    known = ", ".join(kind.value for kind in EventType)
    for one in unknown_types(wanted.types):
        number = list(wanted.types).index(one)
        yield Problem(f"types[{number}]", f"no event is of type {one!r}; known: {known}")
    if len(wanted.description) > DESCRIPTION_CHARACTERS_MAX:
        yield Problem("description", f"has more than {DESCRIPTION_CHARACTERS_MAX} characters")


def unknown_things(tx: Transaction, workspace_id: UUID, wanted: Wanted) -> Iterator[Problem]:
    """Find what only the database can tell."""
    if wanted.integration_id is not None:
        found = integrations.find(tx, wanted.integration_id)
        if found is None or found.workspace_id != workspace_id:
            yield Problem("integration_id", "no integration with this id in the workspace")
    if wanted.deal_id is not None and crm.find_deal(tx, workspace_id, wanted.deal_id) is None:
        yield Problem("deal_id", "no deal with this id in the workspace")
    same = subscriptions.alike(tx, workspace_id, settings_of(wanted))
    if same is not None:
        words = f"subscription {same} has these events posted there; rotate gives it a new secret"
        yield Problem("url", words)
    if subscriptions.count(tx, workspace_id) >= PER_WORKSPACE_MAX:
        yield Problem("", f"a workspace has {PER_WORKSPACE_MAX} subscriptions at most")
