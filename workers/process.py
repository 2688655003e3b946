"""What every process that is not a Celery worker does: logs, registration, a clean stop."""

import signal
from threading import Event
from types import FrameType

from infra import tracing
from infra.logging import bind_contextvars, configure_logging, logger
from infra.memory import give_back
from infra.settings import Settings, settings
from workers.fleet import Fleet, compose


def start(kind: str, chosen: Settings | None = None) -> tuple[Fleet, Event]:
    """Configure logs, compose the fleet's parts, and return them with the flag that says stop."""
    chosen = chosen or settings()
    configure_logging(chosen)
    bind_contextvars(process=kind)
    tracing.configure(kind)
    stop = Event()

    def on_signal(number: int, _frame: FrameType | None) -> None:
        logger().info("stopping", signal=number)
        stop.set()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    return compose(kind, chosen), stop


def ready(kind: str) -> None:
    """Say that the process works from here on (the supervisor waits for this line)."""
    give_back()
    logger().info("ready", kind=kind)
