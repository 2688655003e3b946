"""How many messages wait in the broker: what no row can tell."""

from collections.abc import Mapping, Sequence
from typing import Any

from infra.broker.topology import DEAD_QUEUE, PLAIN_REQUESTS, REQUESTS, connect, is_amqp
from infra.settings import Settings

INTAKE = (REQUESTS, PLAIN_REQUESTS)
"""The queues that only intake reads."""


def requests(waiting: Mapping[str, int]) -> int:
    """Return how many requests wait for intake."""
    return sum(waiting.get(queue, 0) for queue in INTAKE)


class BrokerDown(Exception):  # noqa: N818 - named for what it is
    """The broker does not answer."""


def depths(settings: Settings, queues: Sequence[str]) -> dict[str, int]:
    """Return how many messages wait in each of these queues and in those of requests.

    On RabbitMQ also in `fleet.dead`. A queue that does not exist holds none.

    Raises:
        BrokerDown: it does not answer.
    """
    wanted = (*queues, *INTAKE, *((DEAD_QUEUE,) if is_amqp(settings.broker_url) else ()))
    try:
        with connect(settings, heartbeat=0) as connection:
            connection.ensure_connection(max_retries=1, timeout=2)
            count = _of_amqp if is_amqp(settings.broker_url) else _of_redis
            return {name: count(connection, name) for name in wanted}
    except Exception as error:  # a broken connection takes many forms
        raise BrokerDown(type(error).__name__) from error


def _of_redis(connection: Any, queue: str) -> int:
    return int(connection.default_channel.client.llen(queue))


def _of_amqp(connection: Any, queue: str) -> int:
    with connection.channel() as channel:
        try:
            return int(channel.queue_declare(queue, passive=True).message_count)
        except connection.channel_errors:  # there is none; and the channel is closed by that
            return 0
