"""The endpoint platforms call. It answers when what it was told is stored, and never later.

`POST /webhooks/xero`: 200 and 401 as Xero's intent-to-receive check wants them, both empty and
without cookies; 413 for a body over the limit; 503 when it does not come whole or cannot be stored
in time (Xero then tells again). `GET /healthz`: 200 while the database answers.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from infra.platforms.xero import webhooks as xero


class NotKept(Exception):  # noqa: N818
    """It could not be stored now; whoever told it must tell it again."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What the endpoint works with. `keep` returns once the (signed) body is stored.

    Raises (of `keep` and `check`):
        NotKept: the database is away, or too much is waiting for it.
    """

    keys: Sequence[str]
    body_bytes_max: int
    answer_within_s: float
    keep: Callable[[bytes], Awaitable[None]]
    check: Callable[[], Awaitable[None]]

    def application(self) -> Starlette:
        """Return the ASGI application."""
        return Starlette(
            routes=[
                Route("/webhooks/xero", self.xero, methods=["POST"]),
                Route("/healthz", self.healthz, methods=["GET"]),
            ]
        )

    async def xero(self, request: Request) -> Response:
        """Take what Xero tells."""
        try:
            async with asyncio.timeout(self.answer_within_s):
                return Response(status_code=await self._taken(request))
        except TimeoutError:
            return Response(status_code=503, headers={"Connection": "close"})
        except NotKept:
            return Response(status_code=503)
        except ClientDisconnect:
            return Response(status_code=400)

    async def _taken(self, request: Request) -> int:
        body = await self._body(request)
        if body is None:
            return 413
        if not xero.is_signed(body, request.headers.get(xero.SIGNATURE), self.keys):
            return 401
        await self.keep(body)
        return 200

    async def _body(self, request: Request) -> bytes | None:
        """Return the whole body as it came, or None when it is longer than allowed."""
        said = request.headers.get("content-length", "")
        if said.isdigit() and int(said) > self.body_bytes_max:
            return None
        parts, size = [], 0
        async for part in request.stream():
            size += len(part)
            if size > self.body_bytes_max:
                return None
            parts.append(part)
        return b"".join(parts)

    async def healthz(self, _request: Request) -> Response:
        """Tell whether what is told could be stored now."""
        try:
            async with asyncio.timeout(self.answer_within_s):
                await self.check()
        except (NotKept, TimeoutError):
            return Response("the database does not answer\n", 503)
        return Response("ok\n")
