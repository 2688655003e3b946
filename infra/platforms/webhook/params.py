"""Params of a delivery: the event, whole, so that it outlives the outbox."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Deliver:
    """`webhook_deliver`, which only the fleet asks for. `event` is CloudEvents 1.0 JSON."""

    event: dict[str, Any]
