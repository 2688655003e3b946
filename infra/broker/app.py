"""The Celery app: settings that lose nothing, and a consumer that keeps what it cannot read."""

from collections.abc import Callable, Sequence
from typing import Any

from celery import Celery
from celery.worker.consumer import Consumer
from kombu import Queue

from infra.broker.redis_transport import transport_for
from infra.broker.topology import is_amqp, transport_options, work_queue
from infra.settings import Settings

KeepMessage = Callable[[str, Any], None]
_keep: list[KeepMessage] = []


class KeepingConsumer(Consumer):
    """Celery drops what it does not know; ours keeps it as a dead letter first."""

    def on_unknown_message(self, body: Any, message: Any) -> None:  # noqa: ARG002 - Celery's signature
        """Keep a message that is no task."""
        self._keep_and_ack("not a Celery task message", message)

    def on_unknown_task(self, body: Any, message: Any, exc: Exception) -> None:  # noqa: ARG002
        """Keep a call of a task nobody knows."""
        self._keep_and_ack(f"nobody knows the task {message.headers.get('task')!r}", message)

    def on_invalid_task(self, body: Any, message: Any, exc: Exception) -> None:  # noqa: ARG002
        """Keep a call whose form is wrong."""
        self._keep_and_ack(f"not a call of a task: {type(exc).__name__}", message)

    def on_decode_error(self, message: Any, exc: Exception) -> None:
        """Keep bytes nobody can decode."""
        self._keep_and_ack(f"cannot be decoded: {type(exc).__name__}", message)

    @staticmethod
    def _keep_and_ack(reason: str, message: Any) -> None:
        for keep in _keep:
            keep(reason, message)
        message.ack()


def keep_unreadable(keep: KeepMessage) -> None:
    """Say where messages go that this worker cannot read."""
    _keep[:] = [keep]


def build_app(settings: Settings, queues: Sequence[str]) -> Celery:
    """Make the app. Doorbells carry ids only, and a lost or doubled one changes nothing."""
    url = settings.broker_url
    app = Celery("actionfleet", broker=url, set_as_current=True)
    declared: list[Queue] = [work_queue(name, url) for name in queues]
    app.conf.update(
        task_queues=declared,
        task_default_queue=queues[0],
        task_default_exchange="",
        task_default_routing_key=queues[0],
        task_create_missing_queues=False,
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        # The row is the truth: a doorbell is acknowledged when it is heard. What its worker takes
        # to the grave is found by the lease, sooner than any broker would deliver it again.
        task_acks_late=False,
        worker_prefetch_multiplier=1,
        worker_send_task_events=settings.task_events,
        task_send_sent_event=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_soft_shutdown_timeout=0,
        worker_consumer="infra.broker.app:KeepingConsumer",
        broker_transport=transport_for(url),
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_heartbeat=10 if is_amqp(url) else 0,
        broker_transport_options=transport_options(url),
        result_backend=None,
        enable_utc=True,
        timezone="UTC",
    )
    return app
