"""The fleet by its broker: as safe as the broker is until intake has stored the request."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

from actionfleet.errors import FleetError, Unavailable
from actionfleet.records import Event
from actionfleet.request import AnyRequest, Request, request_json

TASK, QUEUE, EVENTS = "actions.submit", "actions", "fleet.events"
QUORUM = {"x-queue-type": "quorum", "x-delivery-limit": 20, "x-dead-letter-exchange": "fleet.dead"}
"""Arguments of the queue on RabbitMQ; others than the fleet's are refused (406)."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What is on its way: the request's `id`, and its action's where the workspace is known."""

    id: str
    action_id: str | None


class FleetCelery:
    """Sends requests as Celery tasks; events come by RabbitMQ.

    With `workspace_id` an action's id is known before anything is sent.
    """

    def __init__(self, broker_url: str, workspace_id: UUID | str | None = None) -> None:
        self._url, self._workspace_id = broker_url, workspace_id
        self._amqp = broker_url.startswith(("amqp", "pyamqp"))

    def __repr__(self) -> str:
        return f"FleetCelery({'amqp' if self._amqp else 'redis'})"

    @cached_property
    def _app(self) -> Any:
        from celery import Celery  # noqa: PLC0415 - only who uses it pays for it
        from kombu import Exchange, Queue  # noqa: PLC0415

        arguments = QUORUM if self._amqp else None
        queue = Queue(QUEUE, Exchange(""), routing_key=QUEUE, queue_arguments=arguments)
        app = Celery("actionfleet-client", broker=self._url, set_as_current=False)
        app.conf.update(
            task_default_exchange="",  # it needs no binding, which a wiped Redis forgets
            task_queues=[queue],
            broker_transport_options={"confirm_publish": True} if self._amqp else {},
        )
        return app

    def submit(  # noqa: PLR0913
        self,
        request: Request | AnyRequest,
        integration_id: UUID | str,
        *,
        deal_id: UUID | str | None = None,
        data: Mapping[str, Any] | None = None,
        requested_by: str | None = None,
        id: UUID | str | None = None,  # noqa: A002 - its name in every way in
    ) -> Sent:
        """Send a request. A refusal comes as an event: `action.rejected`.

        `id` (a UUID) is the request's identity, see `FleetHTTP.submit`.

        Raises:
            ValueError: `id` is no UUID.
            Unavailable: the broker did not take it; submit again under the `id` in it.
        """
        key = str(UUID(str(id))) if id is not None else str(uuid4())
        told = request_json(request, deal_id=deal_id, data=data, requested_by=requested_by)
        kwargs = {"id": key, "integration_id": str(integration_id), **told}
        try:
            self._app.send_task(
                TASK, kwargs=kwargs, task_id=key, queue=QUEUE, ignore_result=True, retry=True,
                retry_policy={"max_retries": 5, "interval_start": 0.2, "interval_step": 0.5},
            )  # fmt: skip
        except _broker_errors() as error:
            words = f"the broker did not take it: {type(error).__name__}"
            raise Unavailable(words, id=key) from error
        return Sent(key, self.action_id_of(key))

    def action_id_of(self, request_id: UUID | str) -> str | None:
        """Return the id of a request's action; None where the workspace is not known."""
        if self._workspace_id is None:
            return None
        return str(uuid5(NAMESPACE_URL, f"actionfleet:{self._workspace_id}:{request_id}"))

    def events(self, queue: str, *types: str) -> Iterator[Event]:
        """Yield events from a durable queue of your own, for ever (RabbitMQ only).

        `queue` is its name: what happens while nobody reads is kept in it. `types` are routing keys
        (`action.*`); none means all. An event is acknowledged when the next one is asked for.

        Raises:
            FleetError: the broker is not RabbitMQ.
        """
        if not self._amqp:
            raise FleetError("events come by queue on RabbitMQ only; use FleetHTTP.events")
        from kombu import Connection, Consumer, Exchange, Queue  # noqa: PLC0415

        exchange = Exchange(EVENTS, type="topic", durable=True)
        queues = [
            Queue(queue, exchange, routing_key=one, queue_arguments={"x-queue-type": "quorum"})
            for one in types or ("#",)
        ]
        while True:
            try:
                with Connection(self._url, heartbeat=20) as connection:
                    yield from _consumed(connection, Consumer, queues)
            except _broker_errors():
                continue  # what was not acknowledged comes again


def _consumed(connection: Any, consumer: Any, queues: Any) -> Iterator[Event]:
    connection.ensure_connection(interval_start=0.2, interval_step=1, interval_max=10)
    got: list[Any] = []
    with consumer(connection.default_channel, queues, on_message=got.append, prefetch_count=20):
        while True:
            if not got:
                try:
                    connection.drain_events(timeout=5)
                except TimeoutError:
                    connection.heartbeat_check()
                continue
            message = got.pop(0)
            yield Event.of(json.loads(message.body))
            message.ack()


def _broker_errors() -> tuple[type[BaseException], ...]:
    from amqp.exceptions import RecoverableConnectionError  # noqa: PLC0415
    from kombu.exceptions import OperationalError  # noqa: PLC0415

    return (OperationalError, RecoverableConnectionError, OSError)
