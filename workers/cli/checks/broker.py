"""The broker: reachable, of which kind, and set so that it keeps what it is given."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from infra.broker.topology import connect, is_amqp
from workers.cli.doctor import Finding, ok

if TYPE_CHECKING:
    from infra.settings import Settings

RABBITMQ_MIN = 3, 8


def examine(settings: "Settings") -> Iterator[Finding]:
    """Check the broker that the settings name."""
    if not settings.broker_url:
        return
    yield from _rabbitmq(settings) if is_amqp(settings.broker_url) else _redis(settings)


def _redis(settings: "Settings") -> Iterator[Finding]:
    from redis import Redis  # noqa: PLC0415 - only where it is the broker

    client: Any = Redis.from_url(settings.broker_url, socket_timeout=5, socket_connect_timeout=5)
    with client:
        told = client.info("server")
        name = "Valkey" if told.get("server_name") == "valkey" else "Redis"
        version = told.get("valkey_version") or told["redis_version"]
        yield ok("broker", f"{name} {version} answers")
        policy = client.config_get("maxmemory-policy").get("maxmemory-policy")
        limited = client.config_get("maxmemory").get("maxmemory") != "0"
        if policy == "noeviction":
            yield ok("broker memory", "noeviction: full means refused, never forgotten")
        else:
            seen = f"maxmemory-policy is {policy}: a full broker forgets requests"
            mend = "CONFIG SET maxmemory-policy noeviction, and in its configuration file"
            yield Finding("broker memory", "bad" if limited else "warn", seen, mend)
        if client.info("persistence").get("aof_enabled"):
            yield ok("broker disk", "append-only file is on")
        else:
            seen = "no append-only file: requests not yet taken in are lost when it restarts"
            yield Finding(
                "broker disk",
                "warn",
                seen,
                "CONFIG SET appendonly yes, and in its configuration file",
            )


def _rabbitmq(settings: "Settings") -> Iterator[Finding]:
    with connect(settings) as connection:
        connection.ensure_connection(max_retries=1, timeout=5)
        told: dict[str, Any] = getattr(connection.connection, "server_properties", {})
        version = str(told.get("version", "of unknown version"))
        yield ok("broker", f"RabbitMQ {version} answers")
        number = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
        if number and number < RABBITMQ_MIN:
            seen = f"{version} has no quorum queues, and every queue here is one"
            yield Finding("broker version", "bad", seen, "use RabbitMQ 3.8 or newer")
