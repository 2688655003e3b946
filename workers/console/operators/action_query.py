"""What an operator looks for among actions: read from the address, and written into it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

from domain.actions.status import ActionStatus
from infra.database import meanings
from infra.database.engine import Transaction
from infra.database.searching import OPEN, Place, Sought
from workers.console.visit import Form

CHARACTERS_MAX = 200
STATUSES = tuple(one.value for one in ActionStatus)
SPANS: Mapping[str, timedelta] = {
    "1h": timedelta(hours=1),
    "24h": timedelta(days=1),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
}
TEXTS = ("q", "integration", "workspace", "type", "queue", "error", "since")


@dataclass(frozen=True, slots=True)
class ActionQuery:
    """The fields of the search, as they were filled in; `statuses` with `open` spelt out."""

    texts: Mapping[str, str] = field(default_factory=dict)
    statuses: frozenset[str] = frozenset()

    @classmethod
    def of(cls, form: Form) -> "ActionQuery":
        """Read a form; what is too long is cut, and a status nobody knows is left out."""
        texts = {name: form.one(name)[:CHARACTERS_MAX] for name in TEXTS}
        given = set(form.all("status"))
        chosen = {one for one in given if one in STATUSES} | (OPEN if "open" in given else set())
        return cls(texts, frozenset(chosen))

    def __getitem__(self, name: str) -> str:
        return self.texts.get(name, "")

    @property
    def is_empty(self) -> bool:
        """Nothing is asked for in particular."""
        return not self.statuses and not any(self.texts.values())

    def address(self, **more: str) -> str:
        """Write it as a query string, with what else is to be in it."""
        pairs = [(name, value) for name, value in self.texts.items() if value]
        pairs += [("status", one) for one in STATUSES if one in self.statuses]
        return urlencode([*pairs, *more.items()])

    def only(self, statuses: frozenset[str]) -> "ActionQuery":
        """Narrow it down to these statuses."""
        chosen = self.statuses & statuses if self.statuses else statuses
        return ActionQuery(self.texts, chosen)


def sought(tx: Transaction, query: ActionQuery, reach: UUID | None, now: datetime) -> Sought | str:
    """Return what is looked for, or why there can be nothing of it."""
    workspace = reach
    if reach is None and query["workspace"]:
        found = meanings.workspaces_meant(tx, query["workspace"])
        if len(found) != 1:
            many = "Several workspaces begin" if found else "No workspace begins"
            return f"{many} with “{query['workspace']}”."
        workspace = found[0]
    integrations = None
    if query["integration"]:
        integrations = meanings.integrations_meant(tx, workspace, query["integration"])
        if not integrations:
            return f"No integration is called “{query['integration']}”."
    meant = None
    if query["q"]:
        meant = meanings.meant(tx, workspace, query["q"])
        if not meant.deals and not meant.ids:
            return f"No deal, invoice, action or request is known by “{query['q']}”."
    span = SPANS.get(query["since"])
    return Sought(
        workspace=workspace,
        integrations=integrations,
        meant=meant,
        queue=query["queue"],
        action_type=query["type"],
        statuses=query.statuses,
        error=query["error"],
        created_after=None if span is None else now - span,
    )


def place_of(form: Form) -> Place | None:
    """Return from where on to look (`after`), if the address says so."""
    at, _, action_id = form.one("after").partition("~")
    try:
        place = datetime.fromisoformat(at), UUID(action_id)
    except ValueError:
        return None
    return place if place[0].tzinfo is not None else None


def written(place: Place) -> str:
    """Write a place into an address."""
    return f"{place[0].isoformat()}~{place[1]}"
