"""The process: arguments, the listening line, and connections that can be dropped."""

import argparse
import asyncio
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from infra.sandbox.app import create_app
from infra.sandbox.world import World


class Connection(H11Protocol):
    """A connection whose transport the application can reach, to close it without an answer."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Put the transport where the gate finds it: `scope["state"]["connection"]`."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, "connection": transport}


class _Server(uvicorn.Server):
    """Says on stdout when it listens."""

    def __init__(self, config: uvicorn.Config, address: str) -> None:
        super().__init__(config)
        self._address = address

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        sys.stdout.write(f"sandbox ready on {self._address}\n")
        sys.stdout.flush()


def serve(world: World, listener: socket.socket) -> uvicorn.Server:
    """Return a server for that world; `run(sockets=[listener])` runs it."""
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    config = uvicorn.Config(
        create_app(world),
        http=Connection,
        loop="asyncio",
        ws="none",
        lifespan="off",
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,
        backlog=512,
    )
    return _Server(config, f"http://{shown}:{port}")


def listen(host: str, port: int) -> socket.socket:
    """Bind a listening socket; port 0 takes a free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP, else asyncio leaves Nagle on and each answer waits 40 ms for an acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    return listener


def main(argv: Sequence[str] | None = None) -> int:
    """Run the sandbox until it is told to stop."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.sandbox", description="Simulated platforms: Xero, Slack and Postmark."
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to bind (default: loopback)")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free port")
    parser.add_argument("--state", type=Path, help="file that keeps the world over a restart")
    wanted = parser.parse_args(argv)
    world = World(wanted.state)
    listener = listen(wanted.host, wanted.port)
    try:
        serve(world, listener).run(sockets=[listener])
    except KeyboardInterrupt:
        pass  # a person pressed Ctrl-C: stopped as asked
    finally:
        world.store.close()
    return 0
