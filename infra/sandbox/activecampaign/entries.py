"""Automations and the contacts in them: one row for each entry, and how often each has entered."""

from dataclasses import dataclass
from typing import Final

from infra.sandbox.activecampaign.contacts import date
from infra.sandbox.activecampaign.refusals import Refusal, no_result, no_series
from infra.sandbox.activecampaign.seed import AUTOMATIONS
from infra.sandbox.clock import Clock
from infra.sandbox.effects import Cause, Effects
from infra.sandbox.store import Shelf, Store
from infra.sandbox.wire import Document

ACTIVE: Final = "1"
ENDED: Final = "2"  # of an entry: completed; of an automation: not active


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What is not documented: the status of a refusal, and what entering again does to the row."""

    refusal_status: int = 403
    reuses_row: bool = False


class Entries:
    """The account's automations and entries."""

    def __init__(self, store: Store, clock: Clock, effects: Effects) -> None:
        self._clock = clock
        self._effects = effects
        self._automations = Shelf(store, "activecampaign.automations")
        if not len(self._automations):
            for one in AUTOMATIONS:
                self._automations.put(one["id"], one)
        self._rows = Shelf(store, "activecampaign.entries")
        self._counts = Shelf(store, "activecampaign.entry_counts")

    def put_automation(self, wish: Document, identity: str | None = None) -> Document:
        """Add or change an automation (`name`, `active`, `multiple`).

        Raises:
            LookupError: there is none by that id.
        """
        chosen = identity or str(len(self._automations) + 1)
        before = self._automations.get(chosen)
        if identity is not None and before is None:
            raise LookupError(identity)
        start = {"name": f"Automation {chosen}", "active": True, "multiple": False}
        named = {name: wish[name] for name in start if name in wish}
        automation = {**start, **(before or {}), **named, "id": chosen}
        self._automations.put(chosen, automation)
        return automation

    def automations(self) -> list[Document]:
        """Return every automation as the API shows it."""
        return [_automation(one) for one in self._automations.records()]

    def enter(self, contact: str, automation: str, behaviour: Behaviour, cause: Cause) -> Document:
        """Put a contact into an automation and return the row.

        Raises:
            Refusal: it is not active, or the contact has entered and may not again.
        """
        found = self._automations.get(automation)
        before = self._of(contact, automation)
        if found is None or not found["active"] or (before and not found["multiple"]):
            raise Refusal(no_series(behaviour.refusal_status))
        pair = f"{contact}:{automation}"
        count = self._count(pair) + 1
        row: Document = {
            "id": before[-1]["id"] if before and behaviour.reuses_row else self._next_id(),
            "contact": contact,
            "automation": automation,
            "added_at": self._clock.now(),
            "ended_at": None,
        }
        self._rows.put(row["id"], row)
        self._counts.put(pair, {"count": count, "at": row["added_at"]})
        self._effects.record(cause, "activecampaign", "contact_automation.created", row["id"], pair)
        return row

    def complete(self, identity: str) -> Document:
        """Let an entry reach the automation's end."""
        row = {**self._row(identity), "ended_at": self._clock.now()}
        self._rows.put(identity, row)
        return row

    def remove(self, identity: str, cause: Cause) -> None:
        """Take a contact out of an automation; how often it has entered stays.

        Raises:
            Refusal: there is no such entry (403, as documented).
        """
        row = self._row(identity, status=403)
        self._rows.remove(identity)
        pair = f"{row['contact']}:{row['automation']}"
        self._effects.record(cause, "activecampaign", "contact_automation.removed", identity, pair)

    def row(self, identity: str) -> Document:
        """Return one entry as the API shows it."""
        return shown(self._row(identity))

    def rows(self, contact: str | None, lag_s: float) -> list[Document]:
        """Return the entries of one contact or of all, as far as they are shown yet."""
        seen = self._clock.now() - lag_s
        return [
            shown(row)
            for row in self._rows.records()
            if contact in (None, row["contact"]) and row["added_at"] <= seen
        ]

    def counts(self, contact: str, lag_s: float) -> list[Document]:
        """Return how often a contact has entered each automation it ever was in."""
        seen = self._clock.now() - lag_s
        found = []
        for pair in self._counts:
            who, _, automation = pair.partition(":")
            kept = self._counts.get(pair) or {}
            count = kept["count"] - (1 if kept["at"] > seen else 0)
            if who == contact and count:
                named = self._automations.get(automation) or {}
                found.append(
                    {
                        "id": automation,
                        "name": named.get("name", ""),
                        "status": ACTIVE if named.get("active") else ENDED,
                        "hidden": "0",
                        "contactEntryCount": str(count),
                    }
                )
        return found

    def _row(self, identity: str, status: int = 404) -> Document:
        found = self._rows.get(identity)
        if found is None:
            raise Refusal(no_result("SubscriberSeries", identity, status))
        return found

    def _of(self, contact: str, automation: str) -> list[Document]:
        wanted = (contact, automation)
        return [
            one for one in self._rows.records() if (one["contact"], one["automation"]) == wanted
        ]

    def _count(self, pair: str) -> int:
        return int((self._counts.get(pair) or {"count": 0})["count"])

    def _next_id(self) -> str:
        """Return an id no entry ever had: every entry was counted once."""
        return str(1 + sum(self._count(pair) for pair in self._counts))


def _automation(kept: Document) -> Document:
    return {
        "name": kept["name"],
        "cdate": date(0),
        "mdate": date(0),
        "userid": "1",
        "status": ACTIVE if kept["active"] else ENDED,
        "entered": "0",
        "exited": "0",
        "hidden": "0",
        "links": {},
        "id": kept["id"],
    }


def shown(row: Document) -> Document:
    """Return an entry as the API lists it."""
    ended = row["ended_at"]
    return {
        "contact": row["contact"],
        "seriesid": row["automation"],
        "startid": "0",
        "status": ACTIVE if ended is None else ENDED,
        "batchid": None,
        "adddate": date(row["added_at"]),
        "remdate": None if ended is None else date(ended),
        "timespan": None,
        "lastblock": "1",
        "lastlogid": "0",
        "lastdate": date(row["added_at"]),
        "completedElements": 0,
        "totalElements": 1,
        "completed": 0 if ended is None else 1,
        "completeValue": 0 if ended is None else 100,
        "links": {},
        "id": row["id"],
        "automation": row["automation"],
    }
