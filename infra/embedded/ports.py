"""Ports on 127.0.0.1."""

import contextlib
import random
import socket
from pathlib import Path

FIRST, LAST = 20_000, 31_999
"""Below the range systems hand out to outgoing connections (from 32768 on Linux).

In that range a client that keeps redialling a stopped server can end up connected to itself, and
the server can then not have its port back.
"""
TRIES = 200


def is_free(port: int) -> bool:
    """Whether a server could listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            probe.listen(1)
            return True
    return False


def free_port() -> int:
    """Find a port nobody listens on; somebody else may still be quicker to take it.

    Raises:
        OSError: none of 200 ports is free.
    """
    choose = random.SystemRandom()
    for _ in range(TRIES):
        port = choose.randint(FIRST, LAST)
        if is_free(port):
            return port
    raise OSError(f"no free port on 127.0.0.1 between {FIRST} and {LAST}")


def remembered_port(file: Path) -> int:
    """Give the port this file remembers when it is free, else another, remembered from now on."""
    with contextlib.suppress(OSError, ValueError):
        port = int(file.read_text(encoding="ascii"))
        if 1024 <= port <= 65535 and is_free(port):
            return port
    port = free_port()
    file.write_text(str(port), encoding="ascii")
    return port
