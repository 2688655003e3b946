"""Booking a page of invoices: what changed, whose it is, and what there is to tell of it."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.actions.outcome import JsonObject, Succeeded
from domain.events import Event
from domain.invoices.snapshot import InvoiceSnapshot
from infra.database import (
    contacts,
    dead_letters,
    effects,
    invoices,
    outbox,
    sync,
)
from infra.platform import Settlement
from infra.platforms.xero.retelling import corrections, status_news
from infra.platforms.xero.snapshots import from_json


@dataclass(frozen=True, slots=True)
class _Seen:
    """An invoice on the page, and the effect whose mark it carries."""

    snapshot: InvoiceSnapshot
    mark: UUID | None


def _seen(one: JsonObject) -> _Seen:
    return _Seen(from_json(one["snapshot"]), UUID(one["mark"]) if one["mark"] else None)


class Page:
    """One page of invoices inside the transaction that books it."""

    def __init__(self, done: Settlement, told: Iterable[JsonObject]) -> None:
        self.tx, self.done = done.tx, done
        self.integration_id = done.integration.id
        # The latest telling of each, in the one order in which rows are locked everywhere.
        latest = {one.snapshot.platform_invoice_id: one for one in map(_seen, told)}
        self.seen: Mapping[str, _Seen] = dict(sorted(latest.items()))
        self.changed = 0
        self.skipped = 0

    def store(self) -> tuple[list[UUID], list[Event]]:
        """Book what changed; return our invoices on the page, and what there is to tell."""
        known_ = invoices.find(self.tx, self.integration_id, self.seen)
        news = [
            one
            for key, one in self.seen.items()
            if key not in known_ or known_[key].learns_from(one.snapshot)
        ]
        ours = [stored for stored in known_.values() if stored.provenance.effect_id]
        self.skipped += len(known_) - len(ours)
        strangers = [one for one in news if one.snapshot.platform_invoice_id not in known_]
        marks = [one.mark for one in strangers if one.mark]
        marked = sync.marked(self.tx, self.integration_id, marks) if marks else {}
        wanted = {one.snapshot.platform_invoice_id for one in self._foreign(strangers, marked)}
        changing = {k: s for k, s in known_.items() if self.seen[k] in news}
        # Deals before effects and invoices, as everywhere: two orders would be a deadlock.
        deals = {stored.provenance.deal_id for stored in changing.values()}
        deals |= {effect.deal_id for effect in marked.values()}
        for deal_id in sorted(deals - {None}, key=str):
            outbox.lock_deal(self.tx, deal_id)  # type: ignore[arg-type]  # None is taken out
        for one in strangers:
            if one.mark in marked:
                self._tell_effect(marked[one.mark], one.snapshot)
        events: list[Event] = []
        for key, one in self.seen.items():
            if key in changing:
                events += self._change(
                    invoices.put(self.tx, changing[key].provenance, one.snapshot)
                )
                events += corrections(self.tx, changing[key], one.snapshot)
            elif key in wanted:
                self._change(invoices.put(self.tx, self._stranger(), one.snapshot))
        return [stored.id for stored in ours], events

    def _stranger(self) -> invoices.Provenance:
        workspace_id = self.done.request.workspace_id
        return invoices.Provenance(workspace_id, self.integration_id, invoices.PLATFORM)

    def _foreign(
        self, strangers: Sequence[_Seen], marked: Mapping[UUID, sync.Marked]
    ) -> Iterator[_Seen]:
        """Yield the invoices that are not stored, carry no mark of ours, and have a linked contact.

        One that carries our mark is its effect's, which is told; it is never filed as foreign.
        """
        contact_ids = {one.snapshot.contact_id for one in strangers}
        linked = contacts.linked_among(self.tx, self.integration_id, contact_ids)
        for one in strangers:
            self.skipped += 1
            if one.mark not in marked and one.snapshot.contact_id in linked:
                yield one

    def _tell_effect(self, effect: sync.Marked, snapshot: InvoiceSnapshot) -> None:
        happened = Succeeded({}, external_id=snapshot.platform_invoice_id)
        if not effect.state.is_settled:
            effects.settle_from_outside(self.tx, effect.effect_id, happened, self.done.now)
        else:
            # Its effect is settled without it: a second invoice, or one given up too early.
            dead_letters.keep(
                self.tx,
                source="xero.sync",
                reason="an invoice carries our mark, but its effect ended without it",
                problems=[
                    {"field": "Url", "problem": f"effect {effect.effect_id} is {effect.state}"}
                ],
                headers={"integration_id": str(self.integration_id)},
                body=json.dumps(
                    {
                        "InvoiceID": snapshot.platform_invoice_id,
                        "InvoiceNumber": snapshot.number,
                        "effect_id": str(effect.effect_id),
                        "effect_has": effect.external_id,
                    }
                ).encode(),
                now=self.done.now,
            )

    def _change(self, put: invoices.Put) -> Iterator[Event]:
        self.changed += 1
        return status_news(self.tx, put, self.done.now)
