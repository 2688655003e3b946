"""Sending requests as other services do: by Celery, by plain message."""

import json
from collections.abc import Iterable, Mapping
from contextlib import contextmanager
from typing import Any

from kombu import Connection, Producer
from redis import Redis

from infra.broker.doorbell import celery_message
from infra.broker.topology import ACTIONS, PLAIN_REQUESTS, REQUESTS, declare, intake_queues, is_amqp
from infra.settings import Settings


@contextmanager
def _producer(settings: Settings) -> Any:
    with Connection(settings.broker_url) as connection:
        declare(connection, intake_queues(settings.broker_url))
        yield Producer(connection)


def send_celery(
    settings: Settings, requests: Iterable[Mapping[str, Any]], task: str = "actions.submit"
) -> None:
    """Each request as a Celery task; its task id is the request's id, or as given."""
    with _producer(settings) as producer:
        for request in requests:
            kwargs = dict(request)
            task_id = str(kwargs.pop("_task_id", kwargs.get("id")))
            headers = kwargs.pop("_headers", {})
            message = celery_message(task, kwargs, task_id)
            message["headers"] |= headers
            body = message.pop("body")
            producer.publish(body, exchange="", routing_key=REQUESTS, **message)


def send_raw(settings: Settings, body: bytes, **properties: Any) -> None:
    """Any bytes on the Celery queue."""
    with _producer(settings) as producer:
        given = {"content_type": "application/json", "content_encoding": "utf-8"} | properties
        producer.publish(body, exchange="", routing_key=REQUESTS, **given)


def send_plain(
    settings: Settings, bodies: Iterable[bytes | Mapping[str, Any]], message_id: str | None = None
) -> None:
    """Plain JSON (or any bytes), without Celery."""
    raw = [body if isinstance(body, bytes) else json.dumps(body).encode() for body in bodies]
    if not is_amqp(settings.broker_url):
        client = Redis.from_url(settings.broker_url)
        for body in raw:
            client.lpush(PLAIN_REQUESTS, body)
        client.close()
        return
    with _producer(settings) as producer:
        for body in raw:
            producer.publish(
                body,
                exchange=ACTIONS,
                routing_key="request",
                content_type="application/json",
                content_encoding="binary",
                **({"message_id": message_id} if message_id else {}),
            )


def wipe_broker(settings: Settings) -> None:
    """Lose everything the broker holds: messages, queues, bindings."""
    if not is_amqp(settings.broker_url):
        client = Redis.from_url(settings.broker_url)
        client.flushdb()
        client.close()
        return
    with Connection(settings.broker_url) as connection, connection.channel() as channel:
        for name in (
            REQUESTS,
            PLAIN_REQUESTS,
            "slack",
            "postmark",
            "webhook",
            "xero",
            "xero.sync",
            "fleet.events.payment_status",
        ):
            channel.queue_delete(name)
