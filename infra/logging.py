"""Structured logs: JSON for machines, columns for people; context on each line, no secrets."""

import logging
import sys
from typing import Any

from infra.hiding import hidden
from infra.redaction import redact
from infra.settings import Settings

with hidden("rich"):  # structlog's console renderer takes it where it finds it: 10 MB
    import structlog
    from structlog.contextvars import bind_contextvars, clear_contextvars, merge_contextvars

__all__ = ["bind_contextvars", "clear_contextvars", "configure_logging", "logger"]


# Celery's two lines per task say less than our one (`attempted`), and Flower shows them anyway.
_CHATTY = (
    "urllib3",
    "amqp",
    "kombu",
    "celery.redirected",
    "celery.worker.strategy",
    "celery.app.trace",
)


def logger() -> Any:
    """Return the logger; context bound with `bind_contextvars` is on every line."""
    return structlog.get_logger()


def _redact_event(_logger: Any, _method: str, event: Any) -> Any:
    # Celery puts the arguments of every task into `data`; ids are in the context already.
    event.pop("data", None)
    return {name: redact(value, name) for name, value in event.items()}


def configure_logging(settings: Settings) -> None:
    """Send structlog and the standard library through one redacting renderer to stdout."""
    shared: list[Any] = [
        merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    renderer: Any = (
        structlog.dev.ConsoleRenderer()
        if settings.log_format == "console"
        else structlog.processors.JSONRenderer(default=str)
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _redact_event,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level)
    for chatty in _CHATTY:
        logging.getLogger(chatty).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
