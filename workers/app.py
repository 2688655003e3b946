"""The Celery app of the platform workers: `celery -A workers.app worker -P threads -Q xero`.

One task per action type, named `<platform>.<action>`, derived from the catalogue. A task carries
an action's id and nothing else.
"""

from typing import Any
from uuid import UUID

from celery import signals

from infra import tracing
from infra.broker.app import build_app, keep_unreadable
from infra.database import dead_letters
from infra.logging import bind_contextvars, clear_contextvars, configure_logging, logger
from infra.memory import give_back
from infra.platforms import CATALOGUE
from infra.redaction import redact
from infra.settings import settings
from workers.execute import execute
from workers.fleet import Fleet, compose

app = build_app(settings(), CATALOGUE.queues)
_fleet: list[Fleet] = []


def fleet() -> Fleet:
    """Return this worker process's parts, composed and registered once."""
    if not _fleet:
        made = compose("worker")
        made.incarnation.start()
        _fleet.append(made)
    return _fleet[0]


@signals.setup_logging.connect
def _logging(**_: Any) -> None:
    configure_logging(settings())


@signals.worker_init.connect
def _begin(**_: Any) -> None:
    keep_unreadable(_keep)
    tracing.configure("worker")
    fleet()


@signals.worker_ready.connect
def _ready(sender: Any = None, **_: Any) -> None:
    give_back()
    logger().info("ready", kind="worker", node=getattr(sender, "hostname", None))


@signals.worker_shutdown.connect
def _end(**_: Any) -> None:
    if _fleet:
        _fleet[0].incarnation.stop()
        _fleet[0].database.dispose()


def _keep(reason: str, message: Any) -> None:
    body = message.body
    raw = body if isinstance(body, bytes) else str(body).encode("utf-8", "replace")
    now = fleet().now()
    with fleet().database.transaction() as tx:
        dead_letters.keep(
            tx,
            source="worker",
            reason=reason,
            problems=[{"field": "task", "problem": reason}],
            headers={str(k): redact(str(v), str(k)) for k, v in (message.headers or {}).items()},
            body=raw,
            now=now,
        )
    logger().warning("dead letter", reason=reason)


def _run(*, action_id: str, **_later: Any) -> None:
    """Carry the action on. `_later` are arguments of a newer sender."""
    clear_contextvars()
    bind_contextvars(action_id=action_id)
    execute(fleet(), UUID(action_id))


for _action_type in (*CATALOGUE.actions, *CATALOGUE.own):
    app.task(name=CATALOGUE.task_name(_action_type))(_run)
