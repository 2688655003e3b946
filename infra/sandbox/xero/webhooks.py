"""Xero's webhooks: events of changed invoices and contacts, told to one url until it listens.

Events are kept in order, sent in small batches, one delivery at a time, and sent again until the
answer is 2xx. A url is used once it has shown by two probes that it tells good signatures from bad.
Source: Xero developer guide, "Webhooks"; Xero-OpenAPI, xero-webhooks.yaml.
"""

import asyncio
from collections import deque
from datetime import UTC, datetime
from typing import Any, Final

from infra.sandbox.clock import Clock, iso
from infra.sandbox.platform import NoSuchCall
from infra.sandbox.store import Shelf, Store
from infra.sandbox.wire import Document
from infra.sandbox.xero.webhook_delivery import Delivery, body_of, forged, post, probe

_PATHS: Final = {"invoices": ("INVOICE", "Invoices"), "contacts": ("CONTACT", "Contacts")}
_BATCH: Final = 50  # events
_SHOWN: Final = 200  # deliveries
_TIMINGS: Final = {"batch_seconds": 0.05, "retry_seconds": 1.0, "timeout_seconds": 5.0}
_ATTEMPTS: Final = 97  # the immediate one and every 15 minutes of a day, at Xero
_NO_FAULTS: Final = {"duplicate": 0, "reorder": 0}


class Webhooks:
    """One subscription, its events, and what became of them."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._epoch = store.epoch
        self._kept = Shelf(store, "xero.webhooks")
        self._events = Shelf(store, "xero.webhook_events")
        self._deliveries: deque[Document] = deque(maxlen=_SHOWN)
        self._faults = dict(_NO_FAULTS)
        self._running: asyncio.Task[None] | None = None

    def changed(self, tenant: str, shelf: str, identity: str, *, created: bool) -> None:
        """Note a change of an invoice or a contact; nobody subscribed, nothing noted."""
        if not self._subscription or shelf not in _PATHS:
            return
        category, path = _PATHS[shelf]
        moment = datetime.fromtimestamp(self._clock.now(), UTC)
        event = {
            "resourceUrl": f"https://api.xero.com/api.xro/2.0/{path}/{identity}",
            "resourceId": identity,
            "eventDateUtc": moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3],
            "eventType": "CREATE" if created else "UPDATE",
            "eventCategory": category,
            "tenantId": tenant,
            "tenantType": "ORGANISATION",
        }
        self._events.put(str(len(self._events) + 1), event)
        self.wake()

    def wake(self) -> None:
        """Go on delivering, if there is anything to deliver and nobody at it."""
        idle = self._running is None or self._running.done()
        if idle and self._pending():
            self._running = asyncio.get_running_loop().create_task(self._deliver())

    async def control(self, method: str, path: str, wish: Document) -> Document:
        """Carry out a control call on `webhooks` or what is below it."""
        if (method, path) == ("GET", "webhooks"):
            return self._shown()
        act = {
            "webhooks": self._subscribe,
            "webhooks/faults": self._order,
            "webhooks/replay": self._replay,
            "webhooks/forge": self._forge,
        }.get(path)
        if method != "POST" or act is None:
            raise NoSuchCall(f"{method} xero/{path}")
        return await act(wish)

    async def _subscribe(self, wish: Document) -> Document:
        """Probe a url and, when it passes, deliver to it; no url ends the subscription."""
        if not wish.get("url"):
            self._kept.remove("subscription")
            return self._shown()
        if not wish.get("key"):
            raise ValueError("`url` and `key` are wanted")
        timings = {name: float(wish.get(name, usual)) for name, usual in _TIMINGS.items()}
        probes = await asyncio.to_thread(
            probe, wish["url"], wish["key"], timings["timeout_seconds"]
        )
        passed = all(one["ok"] for one in probes.values())
        self._keep(
            url=wish["url"],
            key=wish["key"],
            status="ok" if passed else "failed",
            probes=probes,
            delivered=self._subscription.get("delivered", len(self._events)),
            **timings,
        )
        self.wake()
        return self._shown()

    async def _order(self, wish: Document) -> Document:
        """Order so many deliveries sent twice (`duplicate`), so many events sent backwards."""
        if unknown := set(wish) - set(_NO_FAULTS):
            raise ValueError(f"no such fault: {', '.join(sorted(unknown))}")
        self._faults = {**self._faults, **{name: int(wish[name]) for name in wish}}
        self.wake()
        return dict(self._faults)

    async def _replay(self, _wish: Document) -> Document:
        """Deliver every event since the beginning again, in order."""
        if self._subscription:
            self._keep(delivered=0)
            self.wake()
        return {"events": len(self._events)}

    async def _forge(self, wish: Document) -> Document:
        """Send events (default: an update of nothing) under a signature that is not Xero's."""
        subscription = self._subscription
        if not subscription:
            raise ValueError("nobody is subscribed")
        return {"status": await asyncio.to_thread(forged, subscription, wish)}

    async def _deliver(self) -> None:
        attempt = 0
        while self._pending():
            pause = "retry_seconds" if attempt > 1 else "batch_seconds"
            await asyncio.sleep(float(self._subscription[pause]))
            events, before = self._pending(), self._subscription
            if not events:
                return
            delivery = self._next(events)
            answered = await asyncio.to_thread(post, before, delivery.body)
            if self._store.epoch != self._epoch:
                return
            attempt += 1
            self._note(delivery, answered, attempt)
            if 200 <= answered < 300:
                attempt = 0
                self._move_on(before, delivery)
            elif attempt >= _ATTEMPTS:
                self._keep(status="disabled")
            self._store.commit()

    def _move_on(self, before: Document, delivery: Delivery) -> None:
        if self._subscription.get("delivered") == before["delivered"]:  # else a replay was ordered
            self._keep(delivered=before["delivered"] + delivery.count)

    def _next(self, events: list[Document]) -> Delivery:
        """Take what to deliver next, as the ordered faults want it."""
        first = int(self._subscription["delivered"]) + 1
        batch = events[:_BATCH]
        if self._faults["reorder"] > 0:
            batch = batch[: self._faults["reorder"]][::-1]
            self._faults["reorder"] -= len(batch)
        sent = batch
        if self._faults["duplicate"] > 0:
            self._faults["duplicate"] -= 1
            sent = [*batch, *batch]
        return Delivery(body_of(sent, first, first + len(batch) - 1), len(batch))

    def _pending(self) -> list[Document]:
        subscription = self._subscription
        if subscription.get("status") != "ok" or self._store.epoch != self._epoch:
            return []  # nobody listens, or a reset came: the world it told of is gone
        delivered = int(subscription["delivered"])
        numbers = range(delivered + 1, min(delivered + _BATCH, len(self._events)) + 1)
        return [self._events.get(str(number)) or {} for number in numbers]

    def _note(self, delivery: Delivery, answered: int, attempt: int) -> None:
        self._deliveries.append(
            {
                "at": iso(self._clock.now()),
                "events": delivery.count,
                "status": answered,
                "attempt": attempt,
            }
        )

    @property
    def _subscription(self) -> Document:
        return self._kept.get("subscription") or {}

    def _keep(self, **changes: Any) -> None:
        self._kept.put("subscription", {**self._subscription, **changes})

    def _shown(self) -> Document:
        shown = {name: value for name, value in self._subscription.items() if name != "key"}
        return {
            "status": "none",
            "delivered": 0,
            **shown,
            "events": len(self._events),
            "deliveries": list(self._deliveries),
        }
