"""Requests from queues become rows. A message is acknowledged only after its row is committed.

Intake consumes with kombu, not as a Celery task: bytes nobody can decode, tasks nobody knows and
requests nobody can read reach code that keeps them with the reason, and requests arrive in batches.
"""

import json
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from infra.broker.batches import BatchConsumer
from infra.broker.topology import SUBMIT_TASK, intake_queues, is_amqp
from infra.database import dead_letters
from infra.database.engine import PASSING
from infra.envelope import Problem, Unreadable
from infra.logging import logger
from infra.redaction import redact, redact_error
from infra.storable import storable
from infra.wire import KEY_CHARACTERS_MAX, read_envelope, read_json
from workers import plain_redis, process
from workers.arrived import Arrived, arrived
from workers.fleet import Fleet
from workers.submit import Answer, Conflict, Incoming, Submitted, submit_many

PLAIN_STOPS_WITHIN_S = 5.0


def take_in(fleet: Fleet, messages: Sequence[Arrived]) -> None:
    """Make every message an action or a dead letter, and commit that.

    What cannot be taken in for a reason of its own is found by halves and kept: the others go on.
    """
    try:
        _take_in(fleet, messages)
    except PASSING:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it was, it is kept with the message
        if len(messages) > 1:
            half = len(messages) // 2
            take_in(fleet, messages[:half])
            take_in(fleet, messages[half:])
            return
        logger().exception("a message cannot be stored")
        _keep(fleet, [(messages[0], "cannot be stored", [Problem("", redact_error(error))])])


def _take_in(fleet: Fleet, messages: Sequence[Arrived]) -> None:
    readable: list[tuple[Arrived, Incoming]] = []
    unreadable: list[tuple[Arrived, str, list[Problem]]] = []
    for message in messages:
        try:
            readable.append((message, _read(fleet, message)))
        except Unreadable as refused:
            unreadable.append((message, "not a readable request", refused.problems))
    if readable:
        unreadable += _submit(fleet, readable)
    if unreadable:
        _keep(fleet, unreadable)


def _read(fleet: Fleet, message: Arrived) -> Incoming:
    settings = fleet.settings
    identity = message.message_id
    traceparent = message.headers.get("traceparent")
    value = read_json(message.body, settings.request_bytes_max)
    if message.source == "celery":
        value = _celery_kwargs(message.headers, value)
    elif isinstance(value, dict):  # on Redis a plain message has no headers
        traceparent = value.pop("traceparent", None) or traceparent
    envelope = read_envelope(value, settings.request_depth_max)
    key = str(envelope.id) if envelope.id is not None else identity
    if not key:
        words = "no identity: give the request an `id` (a UUID), or the message a message_id"
        raise Unreadable([Problem("id", words)])
    if len(key) > KEY_CHARACTERS_MAX or storable(key) != key:
        words = f"at most {KEY_CHARACTERS_MAX} characters, without NUL or a lone surrogate"
        raise Unreadable([Problem("id", words)])
    return Incoming(key, envelope, message.source, traceparent=traceparent)


def _celery_kwargs(headers: Mapping[str, Any], body: Any) -> Any:
    task = headers.get("task")
    problems = []
    if task != SUBMIT_TASK:
        problems.append(Problem("task", f"nobody knows {task!r} here; send {SUBMIT_TASK!r}"))
    problems += [
        Problem(name, "is not carried out: send the request when it is due")
        for name in ("eta", "expires")
        if headers.get(name)
    ]
    if not isinstance(body, list) or len(body) != 3 or not isinstance(body[1], dict):
        problems.append(Problem("", "not a Celery message body [args, kwargs, embed]"))
    elif body[0]:
        problems.append(Problem("args", "must be empty: the request is the keyword arguments"))
    if problems:
        raise Unreadable(problems)
    return body[1]


def _submit(
    fleet: Fleet, readable: Sequence[tuple[Arrived, Incoming]]
) -> list[tuple[Arrived, str, list[Problem]]]:
    answers = submit_many(fleet, [incoming for _, incoming in readable])
    return [
        (message, "conflict", [Problem("id", f"{incoming.key} already is another request")])
        for (message, incoming), answer in zip(readable, answers, strict=True)
        if _is_conflict(incoming, answer)
    ]


def _is_conflict(incoming: Incoming, answer: Answer) -> bool:
    if isinstance(answer, Submitted):
        refused = [problem.plain() for problem in answer.refused]
        logger().info(
            "taken in" if answer.created else "already taken in",
            action_id=str(answer.action_id),
            action_type=incoming.envelope.action_type[:80],
            source=incoming.source,
            **({"refused": refused} if refused else {}),
        )
    return isinstance(answer, Conflict)


def _keep(fleet: Fleet, letters: Sequence[tuple[Arrived, str, list[Problem]]]) -> None:
    now = fleet.now()
    with fleet.database.transaction() as tx:
        for message, reason, problems in letters:
            plain = [problem.plain() for problem in problems]
            letter = dead_letters.keep(
                tx,
                source=message.source,
                reason=reason,
                problems=plain,
                headers=_plain_headers(message),
                body=message.body,
                now=now,
            )
            logger().warning("dead letter", dead_letter=str(letter), reason=reason, problems=plain)


def _plain_headers(message: Arrived) -> dict[str, Any]:
    told = {str(name): redact(value, str(name)) for name, value in message.headers.items()}
    headers: dict[str, Any] = json.loads(
        json.dumps(told | {"message_id": message.message_id}, default=str)
    )
    return headers


def main() -> None:
    """Run the intake process."""
    fleet, stop = process.start("intake")
    url = fleet.settings.broker_url
    plain = threading.Thread(
        target=plain_redis.run, args=(fleet, stop, take_in), name="plain", daemon=True
    )
    if not is_amqp(url):
        plain.start()
    consumer = BatchConsumer(
        fleet.settings,
        intake_queues(url),
        lambda batch: take_in(fleet, [arrived(message) for message in batch]),
        stop,
    )
    consumer.run(lambda: process.ready("intake"))
    if plain.is_alive():
        plain.join(PLAIN_STOPS_WITHIN_S)  # else what it has just moved waits for another process


if __name__ == "__main__":
    main()
