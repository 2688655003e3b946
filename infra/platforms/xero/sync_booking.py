"""Booking a page of invoices: what changed, whose it is, and what there is to tell of it."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.actions.outcome import JsonObject, Succeeded
from domain.events import Event, EventType
from domain.invoices.snapshot import InvoiceSnapshot
from infra.database import (
    contacts,
    covers,
    dead_letters,
    effects,
    invoices,
    outbox,
    promotions,
    sync,
)
from infra.database.engine import Transaction
from infra.platform import Settlement
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
                events += self._corrected(changing[key], one.snapshot)
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
        return _told(self.tx, put, self.done.now) if put.before is not None else iter(())

    def _corrected(
        self, stored: invoices.StoredInvoice, snapshot: InvoiceSnapshot
    ) -> Iterator[Event]:
        whose = stored.provenance
        for product_id, before, after in covers.correct(self.tx, stored.id, snapshot):
            yield Event(
                EventType.INVOICE_AMOUNT_DIFFERS,
                str(stored.id),
                {
                    "invoice_id": str(stored.id),
                    "number": snapshot.number,
                    "deal_product_id": str(product_id),
                    "ours": str(before),
                    "theirs": str(after),
                },
                whose.workspace_id,
                whose.deal_id,
            )


def _told(tx: Transaction, put: invoices.Put, now: datetime) -> Iterator[Event]:
    before, after = put.before, put.now
    if before is None or not put.status_changed:
        return
    scope = (after.provenance.workspace_id, after.provenance.deal_id)
    told = {
        "invoice_id": str(after.id),
        "number": after.number,
        "before": before.status.value,
        "after": after.status.value,
        "cycle": after.cycle,
    }
    yield Event(EventType.INVOICE_STATUS_CHANGED, str(after.id), told, *scope)
    if put.cycle_ended:
        promotions.end_cycle(tx, after.id, covers.products(tx, after.id), now)
        yield Event(EventType.INVOICE_CYCLE_ENDED, str(after.id), told, *scope)
