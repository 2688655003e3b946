"""The gate in front of each platform: faults, idempotency, one commit per request, its record.

Order of things: faults that need no look inside (revoke_token, rate_limited) · authorisation and
limits · idempotency · faults before · carried out and committed, with the kept answer · faults
after. So a request parked before the commit is one the platform is still working on (a duplicate
waits for it), and one parked after it has its answer kept (a duplicate gets it at once).
"""

import asyncio
from typing import TYPE_CHECKING

from starlette.types import Receive, Scope, Send

from infra.sandbox.effects import BY_APP, Cause
from infra.sandbox.faults import Fault
from infra.sandbox.idempotency import DifferentRequest
from infra.sandbox.platform import Platform
from infra.sandbox.traffic import Seen
from infra.sandbox.wire import Answer, Request, parse_query

if TYPE_CHECKING:
    from infra.sandbox.world import World

_NEVER_KEPT = frozenset({401, 403, 429})  # refused before keys are looked at
_UNREADABLE = {
    "garbage": Answer(200, b"<html><body>upstream proxy: 0x1f", "text/html"),
    "nested": Answer(200, b"[" * 100_000, "application/json"),
}


class HangUp(Exception):  # noqa: N818 - it names what is done
    """Close the connection: with nothing, or in the middle of the answer."""

    def __init__(self, partial: Answer | None = None) -> None:
        super().__init__()
        self.partial = partial


class Gate:
    """The ASGI application of one platform."""

    def __init__(self, world: "World", name: str) -> None:
        self._world = world
        self._name = name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one request and answer it, or hang up."""
        request = await self._read(scope, receive)
        platform = self._world.platforms[self._name]
        traffic = self._world.traffic
        seen = traffic.enter(request, platform.tenant_of(request))
        try:
            answer = platform.finish(request, await self._carry(platform, request, seen))
            seen.status = answer.status
            self._world.recording.note(request, answer)
        except HangUp as broken:
            self._world.recording.note(request, broken.partial)
            await _hang_up(broken, scope, receive, send)
            return
        finally:
            traffic.leave(seen)
        await _send(send, answer, answer.body)

    async def _read(self, scope: Scope, receive: Receive) -> Request:
        chunks: list[bytes] = []
        more = True
        while more:
            message = await receive()
            chunks.append(message.get("body", b""))
            more = message.get("more_body", False)
        raw_query = scope["query_string"].decode("latin-1")
        return Request(
            platform=self._name,
            method=scope["method"],
            path=scope["path"].removeprefix(f"/{self._name}"),
            query=parse_query(raw_query),
            headers={
                name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
            },
            body=b"".join(chunks),
            raw_query=raw_query,
        )

    async def _carry(self, platform: Platform, request: Request, seen: Seen) -> Answer:
        fault = self._world.faults.strike(request)
        if fault is not None:
            seen.fault = fault.fault
            if fault.fault == "revoke_token":
                platform.revoke(request, only_access=fault.only_access)
                self._world.store.commit()
            if fault.fault == "rate_limited":
                return platform.rate_limited(fault)
        refusal = platform.admit(request, seen.in_flight)
        if refusal is not None:
            self._world.store.commit()
            return refusal
        answer = await self._once(platform, request, seen, fault)
        return answer if fault is None else await self._after(fault, request, seen, answer)

    async def _once(
        self, platform: Platform, request: Request, seen: Seen, fault: Fault | None
    ) -> Answer:
        """Carry it out, or answer from the kept answer of its key."""
        keys = platform.idempotency
        key = keys.key_of(request) if keys is not None else None
        began_ms = self._world.clock.now_ms()
        if keys is None or key is None:
            answer = await self._work(platform, request, seen, fault)
            self._world.store.commit()
            return answer
        kept = await keys.claim(key, request, seen.tenant, began_ms)
        if isinstance(kept, DifferentRequest):
            return platform.refuse_key(key)
        if kept is not None:
            seen.replayed = True
            return kept
        try:
            answer = await self._work(platform, request, seen, fault)
            if _is_kept(answer, fault):
                keys.keep(key, answer, began_ms)
            self._world.store.commit()
        finally:
            keys.finish(key)
        return answer

    async def _work(
        self, platform: Platform, request: Request, seen: Seen, fault: Fault | None
    ) -> Answer:
        if fault is not None:
            await self._before(fault, request, seen)
        if self._world.platforms[self._name] is not platform:
            raise HangUp  # a reset came meanwhile: the world it was sent to is gone
        if fault is not None and fault.fault == "status":
            return platform.refuse(fault.status)
        key = request.idempotency_key if platform.idempotency is not None else None
        answer = platform.perform(request, Cause(seen.seq, seen.tenant, key, BY_APP))
        if fault is not None and fault.fault == "status_after_commit":
            return platform.refuse(fault.status)
        return answer

    async def _before(self, fault: Fault, request: Request, seen: Seen) -> None:
        if fault.fault == "drop_before_commit":
            raise HangUp
        if fault.fault == "latency":
            await asyncio.sleep(fault.seconds or 0)
        if fault.fault == "hold_before_commit":
            await self._hold(fault, request, seen)

    async def _after(self, fault: Fault, request: Request, seen: Seen, answer: Answer) -> Answer:
        if fault.fault == "drop_after_commit":
            raise HangUp
        if fault.fault == "truncated":
            raise HangUp(answer)
        if fault.fault == "hold_after_commit":
            await self._hold(fault, request, seen)
        return _UNREADABLE.get(fault.fault, answer)

    async def _hold(self, fault: Fault, request: Request, seen: Seen) -> None:
        now = self._world.clock.now()
        await self._world.faults.hold(fault, request, seen.seq, now)


def _is_kept(answer: Answer, fault: Fault | None) -> bool:
    if fault is not None and fault.cached is not None:
        return fault.cached
    return answer.status not in _NEVER_KEPT


async def _send(send: Send, answer: Answer, body: bytes) -> None:
    headers = [
        (name.lower().encode(), str(value).encode()) for name, value in answer.headers.items()
    ]
    if answer.content_type is not None:
        headers.append((b"content-type", answer.content_type.encode()))
    if answer.status != 204:
        headers.append((b"content-length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({
        "type": "http.response.body",
        "body": body,
        "more_body": len(body) < len(answer.body),
    })  # fmt: skip


async def _hang_up(broken: HangUp, scope: Scope, receive: Receive, send: Send) -> None:
    """Close the TCP connection; `server.Connection` put it into the scope."""
    connection: asyncio.Transport = scope["state"]["connection"]
    if broken.partial is None:
        connection.abort()
    else:
        await _send(send, broken.partial, broken.partial.body[: len(broken.partial.body) // 2])
        connection.close()
    while (await receive())["type"] != "http.disconnect":
        pass  # returning any earlier would make the server answer 500 in our place
