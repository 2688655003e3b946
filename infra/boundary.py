"""Named points at which a process may die: before and after each commit and each call.

In production this is one comparison. Under test `FLEET_KILL_FILE` names a path prefix: the file
`<prefix>.<action id>.<n>` orders the process to end itself with SIGKILL at the n-th boundary passed
for that action (counted from 0, across processes), after removing the order. Every boundary passed
is appended to `<prefix>.<action id>.log`, so a test learns how many there are.
"""

import os
import signal
from contextvars import ContextVar
from pathlib import Path
from uuid import UUID

_KILL_FILE = os.environ.get("FLEET_KILL_FILE")
_action: ContextVar[UUID | None] = ContextVar("boundary_action", default=None)


def carrying(action_id: UUID | None) -> None:
    """Say which action this thread works for from here on."""
    if _KILL_FILE:
        _action.set(action_id)


def boundary(name: str) -> None:
    """Pass a point at which dying must be harmless."""
    if _KILL_FILE:
        _pass(Path(_KILL_FILE), name)


def _pass(orders: Path, name: str) -> None:
    action_id = _action.get()
    if action_id is None:
        return
    log = orders.with_name(f"{orders.name}.{action_id}.log")
    with log.open("a") as lines:
        lines.write(f"{name}\n")
    passed = len(log.read_text().splitlines()) - 1
    order = orders.with_name(f"{orders.name}.{action_id}.{passed}")
    try:
        order.unlink()  # crossed out first: it kills once
    except FileNotFoundError:
        return
    os.kill(os.getpid(), signal.SIGKILL)
