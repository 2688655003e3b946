"""The endpoint platforms call. It answers when what it was told is stored, and never later.

`POST /webhooks/xero`: 200 and 401 as Xero's intent-to-receive check wants them, both empty and
without cookies; 413 for a body over the limit; 503 when it does not come whole or cannot be stored
in time (Xero then tells again). `POST /callbacks/<integration id>/<secret>`: the same, for what a
platform tells of a thing it was asked for. `GET /healthz`: 200 while the database answers.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

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

    `called_back` is given integration id, secret, headers and body; False: not genuine.

    Raises (of `keep`, `called_back` and `check`):
        NotKept: the database is away, or too much is waiting for it.
    """

    keys: Sequence[str]
    body_bytes_max: int
    answer_within_s: float
    keep: Callable[[bytes], Awaitable[None]]
    called_back: Callable[[UUID, str, Mapping[str, str], bytes], Awaitable[bool]]
    check: Callable[[], Awaitable[None]]

    def application(self) -> Starlette:
        """Return the ASGI application."""
        return Starlette(
            routes=[
                Route("/webhooks/xero", self.xero, methods=["POST"]),
                Route("/callbacks/{integration:uuid}/{secret}", self.callback, methods=["POST"]),
                Route("/healthz", self.healthz, methods=["GET"]),
            ]
        )

    async def xero(self, request: Request) -> Response:
        """Take what Xero tells."""
        return await self._in_time(self._told(request))

    async def callback(self, request: Request) -> Response:
        """Take what a platform tells of a thing it was asked for."""
        return await self._in_time(self._called_back(request))

    async def _in_time(self, taking: Coroutine[Any, Any, int]) -> Response:
        try:
            async with asyncio.timeout(self.answer_within_s):
                return Response(status_code=await taking)
        except TimeoutError:
            return Response(status_code=503, headers={"Connection": "close"})
        except NotKept:
            return Response(status_code=503)
        except ClientDisconnect:
            return Response(status_code=400)

    async def _told(self, request: Request) -> int:
        body = await self._body(request)
        if body is None:
            return 413
        if not xero.is_signed(body, request.headers.get(xero.SIGNATURE), self.keys):
            return 401
        await self.keep(body)
        return 200

    async def _called_back(self, request: Request) -> int:
        body = await self._body(request)
        if body is None:
            return 413
        where, headers = request.path_params, dict(request.headers)
        genuine = await self.called_back(where["integration"], where["secret"], headers, body)
        return 200 if genuine else 401

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
