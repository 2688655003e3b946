"""Queues and exchanges, the same names on every broker."""

from collections.abc import Iterable

from kombu import Connection, Exchange, Queue

from infra.broker.redis_transport import transport_for
from infra.settings import Settings

REQUESTS = "actions"  # Celery task `actions.submit`
PLAIN_REQUESTS = "fleet.actions.plain"  # plain JSON requests
SUBMIT_TASK = "actions.submit"
DEAD_QUEUE = "fleet.dead"
DELIVERIES_MAX = 20  # RabbitMQ 4 drops a message silently after so many unless told where to put it

ACTIONS = Exchange("fleet.actions", type="direct", durable=True)
EVENTS = Exchange("fleet.events", type="topic", durable=True)
DIRECT = Exchange("", type="direct")
DEAD = Exchange("fleet.dead", type="fanout", durable=True)
PROMOTIONS = "fleet.events.payment_status"


def is_amqp(url: str) -> bool:
    """Is the broker RabbitMQ (else it is Redis or Valkey)?"""
    return url.startswith(("amqp", "pyamqp"))


def _arguments(url: str) -> dict[str, object] | None:
    if not is_amqp(url):
        return None
    return {
        "x-queue-type": "quorum",
        "x-delivery-limit": DELIVERIES_MAX,
        "x-dead-letter-exchange": DEAD.name,
    }


def work_queue(name: str, url: str) -> Queue:
    """Queue addressed by its own name through the default exchange.

    It needs no binding: on Redis bindings are keys like any other, and a wiped broker loses them.
    """
    return Queue(name, DIRECT, routing_key=name, queue_arguments=_arguments(url))


def intake_queues(url: str) -> list[Queue]:
    """Queues of requests. Plain messages have a queue only where the broker speaks AMQP."""
    queues = [work_queue(REQUESTS, url)]
    if is_amqp(url):
        queues.append(
            Queue(PLAIN_REQUESTS, ACTIONS, routing_key="request", queue_arguments=_arguments(url))
        )
        # What RabbitMQ has given up delivering comes here, to be kept as a dead letter.
        queues.append(Queue(DEAD_QUEUE, DEAD, queue_arguments={"x-queue-type": "quorum"}))
    return queues


def promotions_queue(url: str) -> Queue:
    """The payment-status consumer's queue: bound on RabbitMQ, addressed by name on Redis."""
    if not is_amqp(url):
        return work_queue(PROMOTIONS, url)
    return Queue(
        PROMOTIONS,
        EVENTS,
        routing_key="invoice.promotion_due",
        queue_arguments=_arguments(url),
    )


def transport_options(url: str, *, confirm: bool = True) -> dict[str, object]:
    """Kombu's options: a half-open connection must not hang, an unacked message must come back.

    Values and reasons: Celery docs "Using Redis" and "Using RabbitMQ"; kombu 5.7 changelog.
    """
    if is_amqp(url):
        return {"confirm_publish": confirm, "read_timeout": 15, "write_timeout": 10}
    return {
        "visibility_timeout": 60,  # intake holds a message for milliseconds
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "socket_timeout": 15,
        "socket_connect_timeout": 5,
        "socket_keepalive": True,
        "health_check_interval": 10,
    }


def connect(settings: Settings, *, confirm: bool = True, heartbeat: int = 10) -> Connection:
    """Make a connection (not yet open). `heartbeat` in seconds, for whoever reads all the time."""
    url = settings.broker_url
    return Connection(
        url,
        transport=transport_for(url),
        heartbeat=heartbeat if is_amqp(url) else 0,
        connect_timeout=5,
        transport_options=transport_options(url, confirm=confirm),
    )


def declare(connection: Connection, queues: Iterable[Queue]) -> None:
    """Declare queues with their exchanges and the place for what the broker gives up."""
    with connection.channel() as channel:
        DEAD(channel).declare()
        EVENTS(channel).declare()
        if connection.transport.driver_type == "amqp":
            Queue(DEAD_QUEUE, DEAD, queue_arguments={"x-queue-type": "quorum"})(channel).declare()
        for queue in queues:
            queue(channel).declare()
