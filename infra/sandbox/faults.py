"""Faults to order: which request they hit, how often, and the requests they park."""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any

from infra.sandbox.clock import iso
from infra.sandbox.wire import Document, Request

KINDS = frozenset({
    "latency",  # `seconds`, before it is carried out
    "status",  # `status`, nothing carried out
    "rate_limited",  # 429 in the platform's own way
    "drop_before_commit",  # the connection closed, nothing carried out
    "drop_after_commit",  # carried out, the connection closed
    "status_after_commit",  # carried out, answered with `status`
    "hold_before_commit",  # parked until released, then carried out
    "hold_after_commit",  # carried out, the answer parked until released
    "garbage",  # carried out, answered 200 with what is not JSON
    "nested",  # carried out, answered 200 with JSON too deep for a reader's stack
    "truncated",  # carried out, the answer breaks off half way
    "revoke_token",  # the token it carries is revoked first
})  # fmt: skip

_NUMBERS = {
    "times": (int,),
    "seconds": (int, float, Decimal),
    "status": (int,),
    "retry_after": (int,),
}


class BadFault(ValueError):  # noqa: N818 - it names what was ordered
    """The order for a fault makes no sense."""


@dataclass(slots=True)
class Fault:
    """An order. It hits while `times` is above `hits`; without `times` always."""

    id: str
    platform: str
    fault: str
    method: str | None = None
    path: str | None = None
    contains: str | None = None
    times: int | None = 1
    seconds: float | None = None
    status: int = 500
    retry_after: int | None = None
    problem: str = "minute"
    cached: bool | None = None  # is a 5xx kept under the idempotency key? default: yes
    only_access: bool = False  # revoke_token: leave the refresh token valid
    hits: int = 0

    def wants(self, request: Request) -> bool:
        """Does it hit this request?"""
        return (
            self.platform == request.platform
            and (self.times is None or self.hits < self.times)
            and (self.method is None or self.method.upper() == request.method)
            and (self.path is None or self._on_path(self.path, request.path))
            and (self.contains is None or self.contains.encode() in request.body)
        )

    @staticmethod
    def _on_path(wanted: str, path: str) -> bool:
        return wanted in path or re.search(wanted, path) is not None


@dataclass(slots=True)
class Held:
    """A parked request."""

    id: str
    seq: int
    platform: str
    method: str
    path: str
    fault: str
    since: str
    released: asyncio.Event = field(default_factory=asyncio.Event, repr=False)


class Faults:
    """The orders in force and the requests they hold. Kept in memory only."""

    def __init__(self) -> None:
        self._orders: dict[str, Fault] = {}
        self._held: dict[str, Held] = {}
        self._next = 0

    def order(self, wish: Document) -> str:
        """Take an order and return its id.

        Raises:
            BadFault: an unknown kind or field, or a path that is no regular expression.
        """
        known = set(Fault.__dataclass_fields__) - {"id", "hits"}
        if unknown := set(wish) - known:
            raise BadFault(f"unknown fields: {', '.join(sorted(unknown))}")
        if wish.get("fault") not in KINDS:
            raise BadFault(f"`fault` must be one of: {', '.join(sorted(KINDS))}")
        if not isinstance(wish.get("platform"), str):
            raise BadFault("`platform` is missing")
        for name, kinds in _NUMBERS.items():
            if not isinstance(wish.get(name), (*kinds, type(None))):
                raise BadFault(f"`{name}` must be a number")
        try:
            re.compile(wish.get("path") or "")
        except re.error as error:
            raise BadFault(f"`path` is no regular expression: {error}") from None
        self._next += 1
        fault = Fault(id=f"fault-{self._next}", **_plain(wish))
        self._orders[fault.id] = fault
        return fault.id

    def strike(self, request: Request) -> Fault | None:
        """Return the first order that wants this request, counted as one hit."""
        if not self._orders:
            return None
        for fault in self._orders.values():
            if fault.wants(request):
                fault.hits += 1
                return fault
        return None

    async def hold(self, fault: Fault, request: Request, seq: int, now: float) -> None:
        """Park a request until it is released, or for the order's `seconds` at most."""
        held = Held(
            id=f"held-{seq}",
            seq=seq,
            platform=request.platform,
            method=request.method,
            path=request.path,
            fault=fault.fault,
            since=iso(now),
        )
        self._held[held.id] = held
        try:
            await asyncio.wait_for(held.released.wait(), fault.seconds)
        except TimeoutError:
            pass  # held long enough
        finally:
            self._held.pop(held.id, None)

    def release(self, identity: str | None) -> list[str]:
        """Let parked requests go on: the one, or all. Returns the ids released."""
        chosen = [held for held in self._held.values() if identity in (None, held.id)]
        for held in chosen:
            held.released.set()
        return [held.id for held in chosen]

    def clear(self) -> None:
        """Forget all orders. Parked requests stay parked."""
        self._orders.clear()

    def orders(self) -> list[Document]:
        """Return the orders with how often each has hit."""
        return [asdict(fault) for fault in self._orders.values()]

    def held(self) -> list[Document]:
        """Return the parked requests."""
        return [
            {name: getattr(held, name) for name in Held.__dataclass_fields__ if name != "released"}
            for held in self._held.values()
        ]


def _plain(wish: Document) -> dict[str, Any]:
    return dict(_floats(wish))


def _floats(wish: Document) -> Iterator[tuple[str, Any]]:
    for name, value in wish.items():
        yield name, float(value) if name == "seconds" and value is not None else value
