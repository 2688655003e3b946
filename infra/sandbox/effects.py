"""The ledger of effects: every change a platform committed, once each, so that a test can count."""

from collections import Counter
from dataclasses import asdict, dataclass

from infra.sandbox.clock import Clock, iso
from infra.sandbox.store import Store
from infra.sandbox.wire import Document, decode_object, encode

BY_APP = "app"
BY_PERSON = "person"
BY_SCHEDULE = "schedule"  # the platform itself, as time goes by
_SHELF = "effects"


@dataclass(frozen=True, slots=True)
class Effect:
    """One committed change.

    `mark` is what the caller put on the thing to find it again (an invoice's Url, a contact's
    ContactNumber, a payment's Reference, the action in a message's metadata). `duplicate_of_key`:
    an earlier request already caused effects under the same idempotency key.
    """

    seq: int
    platform: str
    kind: str
    id: str
    at: str
    tenant: str
    idempotency_key: str | None
    mark: str | None
    duplicate_of_key: bool
    by: str


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a change happens: the request (0 for a person), its tenant and its idempotency key."""

    request_seq: int = 0
    tenant: str = ""
    idempotency_key: str | None = None
    by: str = BY_PERSON


class Effects:
    """The ledger itself; replays of an idempotency key never reach it."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._clock = clock
        self._store = store
        self._lines: list[bytes] = []  # as JSON text: a load test makes very many
        self._first_request: dict[str, int] = {}
        self._counts: dict[str, Counter[str]] = {
            by: Counter() for by in (BY_APP, BY_PERSON, BY_SCHEDULE)
        }
        for _key, record in store.load(_SHELF):
            self._enter(record)
            if record["idempotency_key"] is not None:
                self._first_request.setdefault(record["idempotency_key"], 0)

    def record(
        self, cause: Cause, platform: str, kind: str, identity: str, mark: str | None = None
    ) -> None:
        """Enter a change that is being committed."""
        key = cause.idempotency_key
        first = cause.request_seq
        if key is not None:
            first = self._first_request.setdefault(key, cause.request_seq)
        effect = Effect(
            seq=len(self._lines) + 1,
            platform=platform,
            kind=kind,
            id=identity,
            at=iso(self._clock.now()),
            tenant=cause.tenant,
            idempotency_key=key,
            mark=mark,
            duplicate_of_key=first != cause.request_seq,
            by=cause.by,
        )
        record = asdict(effect)
        self._store.put(_SHELF, str(effect.seq), record)
        self._enter(record)

    def report(self, platform: str | None, kind: str | None, since: int) -> Document:
        """Return counts over everything, and the effects asked for (`seq` above `since`)."""
        return {
            "counts": dict(self._counts[BY_APP]),
            "counts_by_person": dict(self._counts[BY_PERSON]),
            "counts_by_schedule": dict(self._counts[BY_SCHEDULE]),
            "effects": [
                record
                for record in map(decode_object, self._lines[max(since, 0) :])
                if platform in (None, record["platform"])
                and kind in (None, record["kind"], f"{record['platform']}.{record['kind']}")
            ],
        }

    def _enter(self, record: Document) -> None:
        self._lines.append(encode(record))
        self._counts[record["by"]][f"{record['platform']}.{record['kind']}"] += 1
