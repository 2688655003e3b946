"""Requests and the three ways to send them: the row itself, a Celery message, a plain message."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from infra.envelope import Envelope, Refused, Unreadable
from infra.settings import Settings
from workers.cli.say import Failed

if TYPE_CHECKING:
    from workers.fleet import Fleet

Request = dict[str, Any]


@dataclass(slots=True)
class Sent:
    """What became of one request: an action, or the problems for which it was refused."""

    request: Any  # JSON; an object unless refused
    place: str
    given_id: bool
    action_id: UUID | None = None
    answer: str = ""
    problems: Sequence[Mapping[str, str]] = ()

    @property
    def request_id(self) -> str | None:
        """The request's own id, if it has one."""
        found = self.request.get("id") if isinstance(self.request, dict) else None
        return None if found is None else str(found)


def read(names: Sequence[str]) -> list[tuple[str, Any]]:
    """Return (place, request) of every request in the files; `-` is the standard input.

    Raises:
        Failed: a file is missing, empty, or neither JSON nor JSON lines.
    """
    found = [one for name in names for one in _of_file(name)]
    if not found:
        places = ["the standard input" if name == "-" else name for name in names]
        raise Failed(f"no request in {', '.join(places)}")
    return found


def _of_file(name: str) -> Iterator[tuple[str, Any]]:
    try:
        content = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise Failed(f"{name} cannot be read: {reason}") from error
    try:
        whole = json.loads(content)
    except ValueError as error:
        yield from _of_lines(name, content, error)
        return
    if isinstance(whole, list):
        yield from ((f"{name}[{index}]", one) for index, one in enumerate(whole))
    else:
        yield name, whole


def _of_lines(name: str, content: str, whole: ValueError) -> Iterator[tuple[str, Any]]:
    numbered = [(n, one) for n, one in enumerate(content.splitlines(), 1) if one.strip()]
    for number, one in numbered:
        try:
            yield f"{name}:{number}", json.loads(one)
        except ValueError as error:
            wrong = error if len(numbered) > 1 and number > 1 else whole
            raise Failed(
                f"{name} is neither JSON nor JSON lines: {wrong}",
                ["A file holds one request, a list of them, or one per line."],
            ) from error


def send(
    fleet: "Fleet", requests: Sequence[tuple[str, Any]], via: str, *, source: str = "cli"
) -> list[Sent]:
    """Check and send requests, each one given an id if it has none; bad ones are not sent."""
    sent = [_checked(fleet, place, request) for place, request in requests]
    good = [one for one in sent if not one.problems]
    if via == "direct":
        for one in good:
            _submit(fleet, one, source)
        return sent
    WAYS[via](fleet.settings, [one.request for one in good])
    for one in good:
        one.action_id, one.answer = _action_id(fleet, one.request), f"sent ({via})"
    return sent


def _checked(fleet: "Fleet", place: str, request: Any) -> Sent:
    from infra.wire import read_envelope, read_params  # noqa: PLC0415

    given = isinstance(request, dict) and request.get("id") is None
    if given:
        request = {**request, "id": str(uuid4())}
    one = Sent(request, place, given)
    try:
        envelope = read_envelope(request, fleet.settings.request_depth_max)
        read_params(fleet.catalogue, envelope)
    except Unreadable as refused:
        one.problems = [problem.plain() for problem in refused.problems]
        one.problems = [*one.problems, *_params_too(fleet, request, one.problems)]
    except Refused as refused:
        one.problems = [problem.plain() for problem in refused.problems]
    return one


def _params_too(
    fleet: "Fleet", request: Any, known: Sequence[Mapping[str, str]]
) -> list[dict[str, str]]:
    """Check the params even where the envelope is wrong, so that every problem is named at once."""
    from infra.wire import read_params  # noqa: PLC0415

    if not isinstance(request, dict) or not isinstance(request.get("params"), dict):
        return []
    action_type = request.get("action_type")
    if not isinstance(action_type, str):
        return []
    nobody = UUID(int=0)
    envelope = Envelope(None, nobody, action_type, request["params"], {}, nobody, None)
    try:
        read_params(fleet.catalogue, envelope)
    except Refused as refused:
        named = {one["field"] for one in known}
        return [p.plain() for p in refused.problems if p.field not in named]
    return []


def _submit(fleet: "Fleet", one: Sent, source: str) -> None:
    from workers.submit import Conflict, Incoming, submit  # noqa: PLC0415

    envelope = _envelope(fleet, one.request)
    try:
        answer = submit(fleet, Incoming(str(envelope.id), envelope, source))
    except Refused as refused:
        one.problems = [problem.plain() for problem in refused.problems]
        return
    one.action_id = answer.action_id
    if isinstance(answer, Conflict):
        words = f"{envelope.id} already is another request (action {answer.action_id})"
        one.problems = [{"field": "id", "problem": words}]
        return
    one.answer = "new" if answer.created else "already known"


def _envelope(fleet: "Fleet", request: Request) -> "Envelope":
    from infra.wire import read_envelope  # noqa: PLC0415

    return read_envelope(request, fleet.settings.request_depth_max)


def _action_id(fleet: "Fleet", request: Request) -> UUID:
    from infra.database import integrations  # noqa: PLC0415
    from workers.submit import NO_WORKSPACE, action_id_for  # noqa: PLC0415

    envelope = _envelope(fleet, request)
    with fleet.database.transaction() as tx:
        found = integrations.find(tx, envelope.integration_id)
    workspace = found.workspace_id if found else NO_WORKSPACE
    return action_id_for(workspace, str(envelope.id))


def as_celery(settings: Settings, requests: Sequence[Request]) -> None:
    """Call the task `actions.submit` on the queue `actions`, as any Celery sender would."""
    from kombu import Producer  # noqa: PLC0415

    from infra.broker.doorbell import celery_message  # noqa: PLC0415
    from infra.broker.topology import (  # noqa: PLC0415
        REQUESTS,
        SUBMIT_TASK,
        connect,
        declare,
        intake_queues,
    )

    with connect(settings) as connection:
        queue, *others = intake_queues(settings.broker_url)
        declare(connection, [queue, *others])
        producer = Producer(connection, auto_declare=False)
        for request in requests:
            message = celery_message(SUBMIT_TASK, request, str(uuid4()))
            body = message.pop("body")
            producer.publish(body, exchange=queue.exchange, routing_key=REQUESTS, **message)


def as_plain(settings: Settings, requests: Sequence[Request | bytes]) -> None:
    """Send plain JSON: LPUSH on Redis, a message to the exchange `fleet.actions` on RabbitMQ."""
    from infra.broker.topology import PLAIN_REQUESTS, is_amqp  # noqa: PLC0415

    bodies = [one if isinstance(one, bytes) else json.dumps(one).encode() for one in requests]
    if not is_amqp(settings.broker_url):
        from redis import Redis  # noqa: PLC0415

        with Redis.from_url(settings.broker_url, socket_timeout=10) as client:
            for body in bodies:
                client.lpush(PLAIN_REQUESTS, body)
        return
    _as_amqp(settings, bodies)


def _as_amqp(settings: Settings, bodies: Sequence[bytes]) -> None:
    from kombu import Producer  # noqa: PLC0415

    from infra.broker.topology import ACTIONS, connect, declare, intake_queues  # noqa: PLC0415

    with connect(settings) as connection:
        declare(connection, intake_queues(settings.broker_url))
        producer = Producer(connection, auto_declare=False)
        for body in bodies:
            producer.publish(
                body,
                exchange=ACTIONS,
                routing_key="request",
                delivery_mode=2,
                content_type="application/json",
                content_encoding="utf-8",
            )


WAYS: Mapping[str, Callable[[Settings, Sequence[Request]], None]] = {
    "celery": as_celery,
    "plain": as_plain,
}
