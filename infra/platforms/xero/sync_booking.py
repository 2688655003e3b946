"""Booking a page of invoices: what changed, whose it is, and what there is to tell of it."""

import json
from collections.abc import Iterator, Mapping
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
    mirror,
    outbox,
    repeating,
    sync,
)
from infra.platform import Settlement
from infra.platforms.xero.retelling import corrections, status_news
from infra.platforms.xero.snapshots import Unreadable, snapshot_of
from infra.platforms.xero.sync_pages import Bad, Cargo, Head


@dataclass(frozen=True, slots=True)
class Booked:
    """What came of a page: our invoices on it (by our id), what there is to tell, counts."""

    ours: list[UUID]
    events: list[Event]
    checked: int
    changed: int
    skipped: int
    unreadable: int


class Page:
    """One page of invoices inside the transaction that books it."""

    def __init__(self, done: Settlement, cargo: Cargo) -> None:
        self.tx, self.done = done.tx, done
        self.integration_id = done.integration.id
        self.heads: Mapping[str, Head] = {head.invoice_id: head for head in cargo.heads}
        self.bad = list(cargo.bad)

    def book(self) -> Booked:
        """Book what changed, in a few statements however many invoices there are."""
        headless = len(self.bad)
        known = invoices.find(self.tx, self.integration_id, self.heads)
        strangers = {key: head for key, head in self.heads.items() if key not in known}
        marks = [head.mark for head in strangers.values() if head.mark]
        marked = sync.marked(self.tx, self.integration_id, marks) if marks else {}
        deals = self._deals_of_templates()
        told = self._read(known)
        news = {
            key: snapshot
            for key, snapshot in told.items()
            if mirror.is_news(known[key], snapshot, _deal(known[key], deals.get(key)))
        }
        # Deals before effects and invoices, as everywhere: two orders would be a deadlock.
        whose = {known[key].provenance.deal_id for key in news}
        whose |= {effect.deal_id for effect in marked.values()}
        outbox.lock_deals(self.tx, [one for one in whose if one is not None])
        self._tell_effects(strangers, marked)
        new = self._foreign(strangers, marked, deals)
        mirror.add(self.tx, new)
        puts = mirror.overwrite(self.tx, self.integration_id, news, deals)
        self._keep_unreadable()
        ours = [stored.id for stored in known.values() if stored.provenance.effect_id]
        return Booked(
            ours,
            list(self._news(puts, news)),
            checked=len(self.heads) + headless,
            changed=len(new) + len(puts),
            skipped=len(self.heads) - len(ours),
            unreadable=len(self.bad),
        )

    def _read(self, keys: Mapping[str, object]) -> dict[str, InvoiceSnapshot]:
        """Read these invoices whole; one that cannot be read loses no other."""
        told = {}
        for key in keys:
            try:
                told[key] = snapshot_of(self.heads[key].element)
            except Unreadable as error:
                self.bad.append(Bad(self.heads[key].element, error))
        return told

    def _deals_of_templates(self) -> dict[str, UUID | None]:
        """Return the deal of each invoice that a repeating template of ours has generated."""
        children = {key: h.template_id for key, h in self.heads.items() if h.template_id}
        if not children:
            return {}
        ours = repeating.find(self.tx, self.integration_id, set(children.values()))
        return {key: ours[one].deal_id for key, one in children.items() if one in ours}

    def _foreign(
        self,
        strangers: Mapping[str, Head],
        marked: Mapping[UUID, sync.Marked],
        deals: Mapping[str, UUID | None],
    ) -> list[tuple[invoices.Provenance, InvoiceSnapshot]]:
        """Return what is to be kept of the invoices not stored: of linked contacts, of templates.

        One that carries our mark is its effect's, which is told; it is never filed as foreign.
        """
        contact_ids = {head.contact_id for head in strangers.values()}
        linked = contacts.linked_among(self.tx, self.integration_id, contact_ids)
        wanted = {
            key: head
            for key, head in strangers.items()
            if head.mark not in marked and (head.contact_id in linked or key in deals)
        }
        workspace_id = self.done.request.workspace_id
        origin = (workspace_id, self.integration_id, invoices.PLATFORM)
        return [
            (invoices.Provenance(*origin, deal_id=deals.get(key)), snapshot)
            for key, snapshot in sorted(self._read(wanted).items())
        ]

    def _news(
        self, puts: list[invoices.Put], told: Mapping[str, InvoiceSnapshot]
    ) -> Iterator[Event]:
        for put in puts:
            yield from status_news(self.tx, put, self.done.now)
        changed = [put.now for put in puts if put.now.provenance.effect_id]
        yield from corrections(self.tx, [(one, told[one.platform_invoice_id]) for one in changed])

    def _tell_effects(
        self, strangers: Mapping[str, Head], marked: Mapping[UUID, sync.Marked]
    ) -> None:
        for head in strangers.values():
            effect = None if head.mark is None else marked.get(head.mark)
            if effect is None:
                continue
            if effect.state.is_settled:
                # It is settled without this invoice: a second one, or given up too early.
                self._second(effect, head)
            else:
                happened = Succeeded({}, external_id=head.invoice_id)
                effects.settle_from_outside(self.tx, effect.effect_id, happened, self.done.now)

    def _second(self, effect: sync.Marked, head: Head) -> None:
        self._keep(
            "an invoice carries our mark, but its effect ended without it",
            {"field": "Url", "problem": f"effect {effect.effect_id} is {effect.state}"},
            {
                "InvoiceID": head.invoice_id,
                "InvoiceNumber": head.element.get("InvoiceNumber"),
                "effect_id": str(effect.effect_id),
                "effect_has": effect.external_id,
            },
        )

    def _keep_unreadable(self) -> None:
        for one in self.bad:
            problem = {"field": one.error.path, "problem": one.error.problem}
            self._keep("an invoice is not as documented", problem, one.element)

    def _keep(self, reason: str, problem: Mapping[str, str], element: JsonObject) -> None:
        invoice_id = str(element.get("InvoiceID"))
        dead_letters.keep(
            self.tx,
            source="xero.sync",
            reason=reason,
            problems=[problem],
            headers={"integration_id": str(self.integration_id), "invoice_id": invoice_id},
            body=json.dumps(element, sort_keys=True, default=str).encode(),
            now=self.done.now,
        )


def _deal(stored: invoices.StoredInvoice, of_template: UUID | None) -> UUID | None:
    return stored.provenance.deal_id or of_template
