"""What each dataset has received. The same event told again within 48 hours is discarded."""

from typing import Final

from infra.sandbox.clock import Clock, iso
from infra.sandbox.effects import Cause, Effects
from infra.sandbox.store import Store
from infra.sandbox.wire import Document, decode_object, encode

REMEMBERED_S: Final = 48 * 3_600
_SHELF: Final = "facebook.events"


class Datasets:
    """Events received, as JSON text: a load test sends many."""

    def __init__(self, store: Store, clock: Clock, effects: Effects) -> None:
        self._store = store
        self._clock = clock
        self._effects = effects
        self._received: list[bytes] = []
        self._first: dict[tuple[str, str, str], float] = {}
        for _key, record in store.load(_SHELF):
            self._enter(record)

    def receive(
        self, dataset: str, events: list[Document], test_event_code: object, cause: Cause
    ) -> None:
        """Take events that were checked; those told before are discarded.

        The window of an event begins when it is first received, whatever its time.
        """
        for event in events:
            if not self._is_known(dataset, event):
                self._take(dataset, event, test_event_code, cause)

    def received(self, dataset: str | None) -> list[Document]:
        """Return the events of one dataset or of all, oldest first."""
        records = map(decode_object, self._received)
        return [record for record in records if dataset in (None, record["dataset"])]

    def _is_known(self, dataset: str, event: Document) -> bool:
        first = self._first.get(_identity(dataset, event))
        return first is not None and self._clock.now() < first + REMEMBERED_S

    def _take(self, dataset: str, event: Document, test_event_code: object, cause: Cause) -> None:
        now = self._clock.now()
        record = {"dataset": dataset, "received": now, "at": iso(now), "event": event}
        if test_event_code:
            record["test_event_code"] = test_event_code
        self._store.put(_SHELF, str(len(self._received)), record)
        self._enter(record)
        mark = event.get("event_id")
        identity = f"{dataset}:{len(self._received)}"
        self._effects.record(cause, "facebook", "event.received", identity, mark)

    def _enter(self, record: Document) -> None:
        self._received.append(encode(record))
        if record["event"].get("event_id"):
            self._first[_identity(record["dataset"], record["event"])] = record["received"]


def _identity(dataset: str, event: Document) -> tuple[str, str, str]:
    return dataset, str(event.get("event_id") or ""), str(event["event_name"])
