"""Kombu's Redis transport, tamed: one client per channel, no exit on a broken message, no loss.

Kombu 5.7 makes a redis-py client for every command (a third of a millisecond each: a sixth of what
a task costs), and lets a list item that is not its own JSON end the process.
"""

from typing import Any

from infra.hiding import hidden
from infra.logging import logger

with hidden("opentelemetry"):  # redis-py loads it where it finds it, to count things nobody reads
    from kombu.transport import redis


class Channel(redis.Channel):
    """Keeps its client for as long as its pool."""

    def _create_client(self, asynchronous: bool = False) -> Any:  # noqa: FBT001, FBT002 - kombu's
        if asynchronous:  # it holds a connection of its own: never shared
            return super()._create_client(asynchronous=True)  # type: ignore[misc]  # not in stubs
        kept = self.__dict__.get("_kept_client")
        if kept is None or kept.connection_pool is not self.pool:
            kept = self.__dict__["_kept_client"] = super()._create_client()  # type: ignore[misc]
        return kept

    def close(self) -> None:
        """Close it, and give back what Redis hands to it meanwhile.

        Kombu 5.7 takes a channel out of its transport's list, then reads the reply still pending,
        then looks in that list for a channel through which to give the message back: it is lost.
        """
        transport: Any = self.connection
        if (
            getattr(self, "_in_poll", None)
            and transport is not None
            and self not in transport.channels
        ):
            transport.channels.append(self)
        super().close()

    def _brpop_read(self, **options: Any) -> Any:
        try:
            return super()._brpop_read(**options)  # type: ignore[misc]
        except ValueError as error:
            # Not put there by kombu. Redis has given it away: it can only be told, not kept.
            logger().error("dropped a list item that is no message", error=type(error).__name__)
            return None


class Transport(redis.Transport):
    """What `connect` and the Celery app use on Redis."""

    Channel = Channel


def transport_for(url: str) -> str | None:
    """Name the transport for a broker URL; None leaves it to kombu."""
    return "infra.broker.redis_transport:Transport" if url.startswith(("redis", "rediss")) else None
