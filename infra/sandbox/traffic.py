"""What came in: the last requests, and totals that outlive the ring."""

from collections import Counter, deque
from dataclasses import asdict, dataclass
from hashlib import sha256

from infra.sandbox.clock import Clock, iso
from infra.sandbox.wire import Document, Request

_KEPT = 10_000  # requests; older ones only remain in the totals


@dataclass(slots=True)
class Seen:
    """One request as the sandbox saw it. `status` 0: no answer (dropped, or still open)."""

    seq: int
    at: str
    platform: str
    method: str
    path: str
    query: str
    tenant: str
    idempotency_key: str | None
    body_sha256: str
    in_flight: int
    status: int = 0
    replayed: bool = False
    fault: str | None = None


class Traffic:
    """A bounded ring of requests, totals per platform, and the highest concurrency per tenant."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ring: deque[Seen] = deque(maxlen=_KEPT)
        self._seq = 0
        self._in_flight: Counter[str] = Counter()
        self._highest: dict[str, int] = {}
        self._totals: Counter[str] = Counter()
        self._statuses: Counter[str] = Counter()

    def enter(self, request: Request, tenant: str) -> Seen:
        """Note a request that came in; it is in flight until `leave`."""
        self._seq += 1
        account = f"{request.platform}:{tenant}"
        self._in_flight[account] += 1
        in_flight = self._in_flight[account]
        self._highest[account] = max(in_flight, self._highest.get(account, 0))
        self._totals[request.platform] += 1
        seen = Seen(
            seq=self._seq,
            at=iso(self._clock.now()),
            platform=request.platform,
            method=request.method,
            path=request.path,
            query=request.raw_query,
            tenant=tenant,
            idempotency_key=request.idempotency_key,
            body_sha256=sha256(request.body).hexdigest() if request.body else "",
            in_flight=in_flight,
        )
        self._ring.append(seen)
        return seen

    def leave(self, seen: Seen) -> None:
        """Note that a request is no longer in flight, with the status it got."""
        self._in_flight[f"{seen.platform}:{seen.tenant}"] -= 1
        self._statuses[f"{seen.platform}:{seen.status}"] += 1

    def report(self, platform: str | None) -> Document:
        """Return totals over everything, and the last requests, oldest first."""
        return {
            "totals": dict(self._totals),
            "statuses": dict(self._statuses),
            "rate_limited": {name: self._statuses[f"{name}:429"] for name in self._totals},
            "in_flight_max": dict(self._highest),
            "requests": [asdict(seen) for seen in self._ring if platform in (None, seen.platform)],
        }
