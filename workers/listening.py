"""Processes that answer HTTP: they take the port first of all, and say when they serve on it."""

import socket
from collections.abc import Callable
from typing import Any

import uvicorn
from starlette.applications import Starlette

from infra.logging import logger
from workers import process

BACKLOG = 2048


class _Server(uvicorn.Server):
    """Says when it takes calls; `stopping` is called first of all when it is told to stop."""

    def __init__(self, config: uvicorn.Config, kind: str, stopping: Callable[[], None]) -> None:
        super().__init__(config)
        self._kind, self._stopping = kind, stopping

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            process.ready(self._kind)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._stopping()
        await super().shutdown(sockets)


def listen(host: str, port: int) -> socket.socket:
    """Take the port.

    Raises:
        SystemExit: it is not to be had; the log says why.
    """
    try:
        return socket.create_server((host, port), backlog=BACKLOG)
    except OSError as error:
        logger().error("cannot listen", host=host, port=port, error=str(error))
        raise SystemExit(1) from error


def serve(
    kind: str,
    made: Starlette,
    listener: socket.socket,
    *,
    stopping: Callable[[], None] = lambda: None,
    **options: Any,
) -> None:
    """Answer calls until a signal says stop; `options` are uvicorn's."""
    config = uvicorn.Config(
        made, log_config=None, access_log=False, server_header=False, ws="none", **options
    )
    _Server(config, kind, stopping).run(sockets=[listener])
