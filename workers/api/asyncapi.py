"""The AsyncAPI 3.0 document of the queue side: requests in, events out, from the same models."""

from typing import Any

from domain.events import EventType
from infra.broker.topology import ACTIONS, EVENTS, PLAIN_REQUESTS, REQUESTS, SUBMIT_TASK
from infra.catalogue import Catalogue
from workers.api import schemas
from workers.api.openapi import VERSION
from workers.api.schemas import REF, Schema

REQUEST, CELERY, EVENT = "request", "celery_request", "event"
_CLOUD_EVENT: Schema = {
    "type": "object",
    "description": "CloudEvents 1.0; `id` stays the same however often it is delivered.",
    "properties": {
        "specversion": {"const": "1.0"},
        "id": schemas.UUID_FORM,
        "source": {"type": "string"},
        "type": {"enum": [kind.value for kind in EventType]},
        "subject": {"type": "string", "description": "The id of what it is about."},
        "time": {"type": "string", "format": "date-time"},
        "datacontenttype": {"const": "application/json"},
        "workspaceid": schemas.UUID_FORM,
        "dealid": schemas.UUID_FORM | {"description": "Only of events of a deal."},
        "sequence": {"type": "integer", "description": "Gapless per deal: order by it."},
        "data": {"type": "object"},
    },
    "required": [
        "specversion", "id", "source", "type", "subject", "time", "datacontenttype", "workspaceid",
        "data",
    ],
}  # fmt: skip


def document(catalogue: Catalogue) -> Schema:
    """Return the whole document."""
    params, definitions = schemas.params_of(catalogue)
    requests = {f"{n}_request": schemas.request_of(catalogue, n, named=True) for n in
                catalogue.actions}  # fmt: skip
    found: Schema = definitions | params | requests
    found["Request"] = {"oneOf": [{"$ref": REF.format(model=name)} for name in requests]}
    found["CloudEvent"] = _CLOUD_EVENT
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Actionfleet",
            "version": VERSION,
            "description": "Requests by queue, and the events they lead to. Delivery is at least"
            " once both ways; a request's `id` makes repeating it harmless.",
        },
        "defaultContentType": "application/json",
        "channels": _channels(),
        "operations": _operations(),
        "components": {"schemas": dict(sorted(found.items())), "messages": _messages()},
    }


def _channels() -> Schema:
    def channel(address: str, words: str, *messages: str) -> Schema:
        refs = {name: {"$ref": f"#/components/messages/{name}"} for name in messages}
        return {"address": address, "description": words, "messages": refs}

    return {
        "celery": channel(
            REQUESTS,
            f"The task {SUBMIT_TASK} on this queue; kwargs are the request.",
            CELERY,
        ),
        "plain_amqp": channel(
            ACTIONS.name, "RabbitMQ: a direct exchange, routing key `request`.", REQUEST
        ),
        "plain_redis": channel(PLAIN_REQUESTS, "Redis or Valkey: LPUSH to this list.", REQUEST),
        "events": channel(
            EVENTS.name, "A topic exchange; the routing key is the type.", *_event_names()
        ),
    }


def _operations() -> Schema:
    def operation(action: str, channel: str, words: str) -> Schema:
        ref = {"$ref": f"#/channels/{channel}"}
        return {"action": action, "channel": ref, "summary": words}

    return {
        "takeCelery": operation("receive", "celery", "Take requests in as Celery messages"),
        "takePlainAmqp": operation("receive", "plain_amqp", "Take requests in as plain JSON"),
        "takePlainRedis": operation("receive", "plain_redis", "Take requests in as plain JSON"),
        "tellEvents": operation("send", "events", "Tell what happened"),
    }


def _event_names() -> list[str]:
    return [kind.value.replace(".", "_") for kind in EventType]


def _messages() -> Schema:
    def message(name: str, payload: Any, content_type: str, words: str) -> Schema:
        return {"name": name, "contentType": content_type, "summary": words, "payload": payload}

    request = {"$ref": REF.format(model="Request")}
    cloud = {"$ref": REF.format(model="CloudEvent")}
    celery = {
        "type": "array",
        "description": "Celery's protocol 2: no positional arguments, the request, nothing else.",
        "prefixItems": [{"type": "array", "maxItems": 0}, request, {"type": "object"}],
        "minItems": 3,
        "maxItems": 3,
    }
    plain = "application/json"
    found = {
        REQUEST: message(REQUEST, request, plain, "A request for an action"),
        CELERY: message(SUBMIT_TASK, celery, plain, "The same as the call of a Celery task"),
    }
    for kind in EventType:
        payload = {"allOf": [cloud, {"properties": {"type": {"const": kind.value}}}]}
        name = kind.value.replace(".", "_")
        told = "application/cloudevents+json"
        found[name] = message(kind.value, payload, told, f"The event {kind.value}")
    return found
