"""The OpenAPI 3.1 document, made from the table of endpoints and the models they name."""

import re
from collections.abc import Iterable, Sequence

from pydantic import TypeAdapter

from domain.access import ALSO_NEEDS, OF_A_WORKSPACE, Scope
from infra.catalogue import Catalogue
from infra.http.problems import KINDS, MEDIA_TYPE
from workers.api import schemas
from workers.api.checking import LISTS, adapter
from workers.api.endpoint import BASE, ActionBody, Endpoint
from workers.api.events import TYPES, EventFilter
from workers.api.schemas import REF, Schema
from workers.api.shapes import Action

VERSION = "1"
JSON = "application/json"
_ALWAYS = ("unauthenticated", "forbidden", "too_many", "internal", "unavailable")
_PATH_ID = re.compile(r"\{(\w+):uuid\}")
DESCRIPTION = f"""\
Every call that writes is stored as an action before it is answered, and carried out once, whatever
breaks. Send an `Idempotency-Key` and keep it: the same key and request are the same action.
`Prefer: wait=N` waits up to N seconds for the outcome: 200 when it came in time, else 202.

Scopes: {", ".join(sorted(OF_A_WORKSPACE))}. Without invoices:read payment statuses and
amounts are left out. What belongs to another workspace is 404. Errors are RFC 9457 problem details
that name every field. `RateLimit` and `RateLimit-Policy` say how many calls the key has left.
Amounts are decimals as text, moments ISO 8601. `/deals/…` are other addresses of
`/opportunities/…`."""

_PROBLEM: Schema = {
    "type": "object",
    "description": "RFC 9457; the end of `type` is the kind of problem.",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "problem": {"type": "string"}},
                "required": ["field", "problem"],
            },
        },
    },
    "required": ["type", "title", "status", "detail", "request_id"],
}
_HEADERS: Schema = {
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Identity of the request, 1 to 200 printable characters.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
    },
    "Prefer": {
        "name": "Prefer",
        "in": "header",
        "description": "`wait=N`: wait up to N seconds for the outcome (RFC 7240).",
        "schema": {"type": "string"},
        "example": "wait=10",
    },
    "RequestId": {
        "name": "X-Request-Id",
        "in": "header",
        "description": "Comes back in the answer, the logs and the action.",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._:-]{1,100}$"},
    },
}


def document(catalogue: Catalogue, endpoints: Sequence[Endpoint], tags: Iterable[str]) -> Schema:
    """Return the whole document."""
    params, definitions = schemas.params_of(catalogue)
    answers, shared = schemas.of(
        (shape.__name__, "serialization", TypeAdapter(shape))
        for shape in dict.fromkeys([Action, *(one.answer for one in endpoints)])
    )
    found = definitions | shared | _whole(answers) | params | {"ProblemDetails": _PROBLEM}
    paths: dict[str, Schema] = {}
    for endpoint in endpoints:
        operation, more = _operation(catalogue, endpoint)
        found |= more
        path = BASE + _PATH_ID.sub(r"{\1}", endpoint.path)
        paths.setdefault(path, {})[endpoint.method.lower()] = operation
    paths[BASE + "/events"] = {"get": _events()}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Actionfleet", "version": VERSION, "description": DESCRIPTION},
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in (*tags, "Events")],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(found.items())),
            "parameters": _HEADERS,
            "responses": {kind: _problem_response(kind) for kind in KINDS},
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "bearerFormat": "tp_live_…"}
            },
        },
    }


def _whole(answers: dict[str, Schema]) -> dict[str, Schema]:
    """Leave out what is only a reference to a definition of the same name."""
    return {name: schema for name, schema in answers.items() if set(schema) != {"$ref"}}


def _operation(catalogue: Catalogue, endpoint: Endpoint) -> tuple[Schema, dict[str, Schema]]:
    found: dict[str, Schema] = {}
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": schemas.UUID_FORM}
        for name in _PATH_ID.findall(endpoint.path)
    ]
    if endpoint.query is not None:
        listed, found = query_parameters(endpoint.query)
        parameters += listed
    named = ("IdempotencyKey", "Prefer", "RequestId") if endpoint.writes_action else ("RequestId",)
    parameters += [{"$ref": f"#/components/parameters/{name}"} for name in named]
    operation: Schema = {
        "operationId": endpoint.name,
        "summary": endpoint.summary,
        "description": f"{endpoint.description}\n\nScope: {_scopes(endpoint)}.".strip(),
        "tags": [endpoint.tag],
        "security": [{"key": [endpoint.scope.value]}],
        "parameters": parameters,
        "responses": _responses(endpoint),
    }
    if endpoint.body is not None:
        schema, more = schemas.body_of(catalogue, endpoint.body)
        found |= more
        told: Schema = {"schema": schema}
        if isinstance(endpoint.body, ActionBody):
            told["examples"] = {
                name.removesuffix("_request"): {"value": request["examples"][0]}
                for name, request in more.items()
                if request["examples"]
            }
        operation["requestBody"] = {"required": True, "content": {JSON: told}}
    return operation, found


def _scopes(endpoint: Endpoint) -> str:
    if not isinstance(endpoint.body, ActionBody):
        return endpoint.scope.value
    also = ", ".join(ALSO_NEEDS)
    return f"{endpoint.scope.value}; also {Scope.INVOICES_WRITE.value} for {also}, and to void"


def query_parameters(shape: type) -> tuple[list[Schema], dict[str, Schema]]:
    """Return a query class as parameters."""
    made, definitions = schemas.of([(shape.__name__, "validation", adapter(shape))])
    schema = made[shape.__name__]
    if "$ref" in schema:
        schema = definitions.pop(schema["$ref"].rpartition("/")[2])
    return [
        {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", ()),
            "schema": _without_null(one),
            **({"style": "form", "explode": False} if name in LISTS else {}),
        }
        for name, one in schema["properties"].items()
    ], definitions


def _without_null(schema: Schema) -> Schema:
    """A query string has no null: left out is what it means."""
    some = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    if len(some) == 1:
        return dict(some[0])
    return {name: value for name, value in schema.items() if name != "default" or value is not None}


def _responses(endpoint: Endpoint) -> Schema:
    kinds = [*_ALWAYS, *endpoint.errors, "not_found"]
    if endpoint.body is not None:
        kinds += ["unreadable", "invalid", "too_large", "too_slow", "unsupported"]
    if endpoint.query is not None:
        kinds.append("invalid")
    answers: Schema = {"200": _answer(endpoint.answer, "As asked.")}
    if endpoint.writes_action:
        answers["202"] = _answer(Action, "Accepted; `url` shows what becomes of it.")
    for kind in dict.fromkeys(kinds):
        answers[str(KINDS[kind][0])] = {"$ref": f"#/components/responses/{kind}"}
    return dict(sorted(answers.items()))


def _answer(shape: type, words: str) -> Schema:
    content = {JSON: {"schema": {"$ref": REF.format(model=shape.__name__)}}}
    return {"description": words, "content": content}


def _problem_response(kind: str) -> Schema:
    content = {MEDIA_TYPE: {"schema": {"$ref": REF.format(model="ProblemDetails")}}}
    return {"description": KINDS[kind][1], "content": content}


def _events() -> Schema:
    listed, _ = query_parameters(EventFilter)
    known = ", ".join(TYPES)
    parameters: list[Schema] = [
        *listed,
        {
            "name": "Last-Event-ID",
            "in": "header",
            "description": "Go on behind this event.",
            "schema": schemas.UUID_FORM,
        },
        {"$ref": "#/components/parameters/RequestId"},
    ]
    stream = {"description": "Server-sent events.", "content": {"text/event-stream": {}}}
    problems = {
        str(KINDS[kind][0]): {"$ref": f"#/components/responses/{kind}"}
        for kind in (*_ALWAYS, "gone", "invalid")
    }
    return {
        "operationId": "stream_events",
        "summary": "Stream the workspace's events as they happen",
        "description": f"Each is a CloudEvent (see /asyncapi.json). Types: {known}; `*` at the end"
        " stands for any. Delivery is at least once; `Last-Event-ID` goes on where a stream broke,"
        f" and is 410 once the event is no longer kept.\n\nScope: {Scope.INTEGRATIONS_READ.value};"
        f" without {Scope.INVOICES_READ.value} only events of actions and integrations.",
        "tags": ["Events"],
        "security": [{"key": [Scope.INTEGRATIONS_READ.value]}],
        "parameters": parameters,
        "responses": {"200": stream, **problems},
    }
