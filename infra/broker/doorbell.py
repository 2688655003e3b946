"""Telling the broker: doorbells for the workers, events for whoever listens.

A doorbell is a Celery message (message protocol 2, Celery docs "Message Protocol") made here
without importing Celery: the relay stays small and pays microseconds, not a task call.
"""

import json
import os
import socket
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from datetime import UTC
from typing import Any
from uuid import uuid4

from kombu import Connection, Producer

from domain.events import EventType
from infra.broker.topology import (
    EVENTS,
    PROMOTIONS,
    connect,
    declare,
    is_amqp,
    promotions_queue,
    work_queue,
)
from infra.database.dispatch import Doorbell
from infra.database.outbox import SOURCE, Waiting
from infra.settings import Settings

_ORIGIN = f"{os.getpid()}@{socket.gethostname()}"
BATCH = 500


def celery_message(task: str, kwargs: Mapping[str, Any], task_id: str) -> dict[str, Any]:
    """Return body and headers of a call of a Celery task with keyword arguments."""
    return {
        "body": json.dumps([[], dict(kwargs), {"callbacks": None, "errbacks": None}]),
        "headers": {
            "lang": "py",
            "task": task,
            "id": task_id,
            "root_id": task_id,
            "parent_id": None,
            "group": None,
            "retries": 0,
            "eta": None,
            "expires": None,
            "timelimit": [None, None],
            "argsrepr": "()",
            "kwargsrepr": repr(dict(kwargs)),
            "origin": _ORIGIN,
            "ignore_result": True,
        },
        "correlation_id": task_id,
        "content_type": "application/json",
        "content_encoding": "utf-8",
    }


def cloud_event(event: Waiting) -> dict[str, Any]:
    """Return an event as CloudEvents 1.0 JSON; `id` is stable across re-publishing."""
    told: dict[str, Any] = {
        "specversion": "1.0",
        "id": str(event.event_id),
        "source": SOURCE,
        "type": event.type,
        "subject": event.subject,
        "time": event.created_at.astimezone(UTC).isoformat(),
        "datacontenttype": "application/json",
        "workspaceid": str(event.workspace_id),
        "data": dict(event.data),
    }
    if event.deal_id is not None:
        told |= {"dealid": str(event.deal_id), "sequence": event.sequence}
    if event.traceparent is not None:  # CloudEvents' extension "Distributed Tracing"
        told["traceparent"] = event.traceparent
    return told


def _batch(producer: Any) -> AbstractContextManager[object]:
    """Pipeline what is published inside, where the broker can (kombu 5.7, Redis)."""
    batch: AbstractContextManager[object] = producer.batch(BATCH)
    return batch


class Teller:
    """A connection to the broker for publishing; made anew after any failure."""

    def __init__(
        self, settings: Settings, queues: Sequence[str], task_name: Callable[[str], str]
    ) -> None:
        self._settings = settings
        self._task_name = task_name
        url = settings.broker_url
        self._amqp = is_amqp(url)
        self._queues = [work_queue(name, url) for name in queues] + [promotions_queue(url)]
        self._connections: list[Connection] = []
        self._producers: dict[bool, Producer] = {}

    def ring(self, doorbells: Sequence[Doorbell]) -> None:
        """Publish doorbells. They need no confirm: a lost one is rung again by the sweep."""
        producer = self._producer(confirm=False)
        with _batch(producer):
            for bell in doorbells:
                message = celery_message(
                    self._task_name(bell.action_type),
                    {"action_id": str(bell.action_id)},
                    str(uuid4()),
                )
                body = message.pop("body")
                producer.publish(body, exchange="", routing_key=bell.queue, **message)

    def publish(self, events: Iterable[Waiting]) -> None:
        """Publish events, in order; returns when the broker has them."""
        producer = self._producer(confirm=True)
        with _batch(producer):
            for event in events:
                self._publish(producer, event, EVENTS.name, event.type)
                if event.type == EventType.PROMOTION_DUE and not self._amqp:
                    self._publish(producer, event, "", PROMOTIONS)

    @staticmethod
    def _publish(producer: Producer, event: Waiting, exchange: str, routing_key: str) -> None:
        producer.publish(
            json.dumps(cloud_event(event)),
            exchange=exchange,
            routing_key=routing_key,
            content_type="application/cloudevents+json",
            content_encoding="utf-8",
            delivery_mode=2,
            message_id=str(event.event_id),
        )

    def declare(self) -> None:
        """Declare every queue again, on every connection.

        A wiped broker has forgotten them; and a connection that only writes learns by asking that
        the other end is gone.
        """
        for confirm in (False, True):
            self._producer(confirm=confirm)
        for connection in self._connections:
            declare(connection, self._queues)

    def _producer(self, *, confirm: bool) -> Producer:
        wanted = confirm and self._amqp
        if wanted not in self._producers:
            connection = connect(self._settings, confirm=wanted, heartbeat=0)
            connection.ensure_connection(max_retries=1, timeout=5)
            self._connections.append(connection)
            declare(connection, self._queues)
            self._producers[wanted] = Producer(connection, auto_declare=False)
        return self._producers[wanted]

    def reset(self) -> None:
        """Drop the connections after a failure."""
        connections, self._connections = self._connections, []
        self._producers = {}
        for connection in connections:
            with suppress(Exception):  # it is broken: whatever it says is no news
                connection.release()
