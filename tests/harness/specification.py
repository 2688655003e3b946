"""Recorded exchanges with Xero's accounting API, checked against Xero's own OpenAPI document.

It is read strictly: a property, a parameter or an operation it does not name is a problem, but for
what real answers are known to carry besides.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl

import yaml
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError

from tests.harness.vendor_files import vendor_file

Document = dict[str, Any]

FILE: Final = "xero_accounting.yaml"
API: Final = "/api.xro/2.0"
_ENVELOPE: Final = frozenset({"Id", "Status", "ProviderName", "DateTimeUTC"})
_BESIDES: Final = {
    "Invoice": {
        "DateString",
        "DueDateString",
        "UpdatedDateUTCString",
        "InvoicePaymentServices",
    },
    "Payment": {"DateString", "UpdatedDateUTCString"},
    "Contact": {"UpdatedDateUTCString"},
    "RepeatingInvoice": {"StatusAttributeString", "HasValidationErrors", "ValidationErrors"},
    "Schedule": set[str](),
}
"""Schema -> properties real answers carry though the document does not name them."""
_MS_DATE: Final = r"/Date\(-?\d+([+-]\d{4})?\)/"
_DATE: Final = rf"^({_MS_DATE}|\d{{4}}-\d{{2}}-\d{{2}}(T00:00:00)?)$"
_MOMENT: Final = rf"^{_MS_DATE}$"
_DROPPED: Final = frozenset({"example", "examples", "description", "externalDocs", "default"})
_NEVER_IN_THE_DOCUMENT: Final = frozenset({401, 403, 404, 413, 414, 429, 500, 502, 503, 0})
_KEY_LENGTH: Final = 128
_SHOWN: Final = 300  # characters of one problem


def find() -> "Specification | None":
    """Return Xero's document, None where it is not to be had."""
    file = vendor_file(FILE)
    return None if file is None else _read(file)


@cache
def _read(file: Path) -> "Specification":
    return Specification(yaml.load(file.read_text(), Loader=yaml.CSafeLoader))


class Specification:
    """What an exchange may look like."""

    def __init__(self, document: Document) -> None:
        self._paths: Document = document["paths"]
        self._components: Document = document["components"]
        self._strict = {"components": _converted(self._components)}
        self._told = {"components": _opened(_converted(self._components))}
        self._patterns = [
            (re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path) + "/?"), path)
            for path in sorted(self._paths, key=lambda path: path.count("{"))
        ]

    def problems(self, exchange: Document) -> list[str]:
        """Return what is wrong with an exchange as the sandbox records it."""
        where = f"{exchange['method']} {exchange['path']}"
        operation = self._operation(exchange)
        if operation is None:
            wanted = exchange["status"] == 404
            return [] if wanted else [f"{where}: there is no such operation"]
        found = [
            *self._parameter_problems(exchange, operation),
            *self._request_problems(exchange, operation),
            *self._answer_problems(exchange, operation),
        ]
        return [f"{where}: {problem}" for problem in found]

    def _operation(self, exchange: Document) -> Document | None:
        asked = exchange["path"].removeprefix(API)
        for pattern, path in self._patterns:
            operation = self._paths[path].get(exchange["method"].lower())
            if operation is not None and pattern.fullmatch(asked):
                common = self._paths[path].get("parameters", [])
                return {**operation, "parameters": [*common, *operation.get("parameters", [])]}
        return None

    def _parameter_problems(self, exchange: Document, operation: Document) -> Iterator[str]:
        named = [self._resolved(parameter) for parameter in operation["parameters"]]
        schemas = {one["name"]: one["schema"] for one in named if one["in"] == "query"}
        for name, value in parse_qsl(exchange["query"], keep_blank_values=True):
            if name not in schemas:
                yield f"query parameter `{name}` is not in the document"
            elif not _fits(schemas[name], value):
                yield f"query parameter `{name}` is not {schemas[name]['type']}: {value}"
        headers = exchange["headers"]
        for one in named:
            required = one["in"] == "header" and one.get("required")
            if required and one["name"].lower() not in headers:
                yield f"header `{one['name']}` is missing"
        key = headers.get("idempotency-key")
        if key is not None and exchange["method"] != "GET":
            if all(one["name"] != "Idempotency-Key" for one in named):
                yield "this operation takes no Idempotency-Key"
            if len(key) > _KEY_LENGTH:
                yield f"the Idempotency-Key is longer than {_KEY_LENGTH} characters"

    def _request_problems(self, exchange: Document, operation: Document) -> Iterator[str]:
        if "requestBody" not in operation:
            if exchange["body"]:
                yield "a body where none is wanted"
            return
        schema = self._resolved(operation["requestBody"])["content"]["application/json"]["schema"]
        yield from _violations(self._strict, schema, exchange["body"], "request")

    def _answer_problems(self, exchange: Document, operation: Document) -> Iterator[str]:
        status = exchange["status"]
        if status in _NEVER_IN_THE_DOCUMENT:
            return
        # A read can be refused as well (its `where`), though the document only says so of writes.
        answers = {"400": {"$ref": "#/components/responses/400Error"}, **operation["responses"]}
        if str(status) not in answers:
            yield f"an answer of {status} is not in the document"
            return
        content = self._resolved(answers[str(status)]).get("content", {})
        kind = (exchange["response_content_type"] or "").partition(";")[0]
        if exchange["headers"].get("accept") == "application/pdf" and status == 200:
            if kind != "application/pdf":
                yield f"a PDF was asked for, {kind} came"
            return
        if not content:
            if exchange["response_body"]:
                yield "a body where none is wanted"
        elif kind not in content:
            yield f"content type {kind or 'none'}, expected {', '.join(content)}"
        else:
            schema, told = content[kind]["schema"], exchange["response_body"]
            yield from _violations(self._told, schema, told, "answer", _ENVELOPE)

    def _resolved(self, of: Document) -> Document:
        if "$ref" not in of:
            return of
        *_root, kind, name = of["$ref"].split("/")
        return dict(self._components[kind][name])


def _violations(
    root: Document,
    schema: Document,
    body: str,
    which: str,
    besides: frozenset[str] = frozenset(),
) -> Iterator[str]:
    try:
        value = json.loads(body)
    except ValueError:
        yield f"the {which} is not JSON: {body[:80]!r}"
        return
    if isinstance(value, dict):
        value = {name: one for name, one in value.items() if name not in besides}
    checker = Draft202012Validator({**root, **schema}, format_checker=FormatChecker(("uuid",)))
    for error in checker.iter_errors(value):
        yield f"{which}: {_told_plainly(error)}"


def _told_plainly(error: ValidationError) -> str:
    words = error.message
    shown = words if len(words) < _SHOWN else f"{words[: _SHOWN // 2]} … {words[-_SHOWN // 2 :]}"
    return f"{error.json_path}: {shown}"


def _fits(schema: Document, value: str) -> bool:
    if schema["type"] == "array":
        return all(_fits(schema["items"], one) for one in value.split(","))
    if schema["type"] == "integer":
        return value.isdigit()
    if schema["type"] == "boolean":
        return value.lower() in {"true", "false"}
    if schema.get("format") == "uuid":
        return (
            re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", value) is not None
        )
    return True


def _converted(node: Any) -> Any:
    """Turn OpenAPI 3.0 into JSON Schema: nullable, Xero's dates; objects closed."""
    if isinstance(node, list):
        return [_converted(one) for one in node]
    if not isinstance(node, dict):
        return node
    made = {name: _converted(one) for name, one in node.items() if name not in _DROPPED}
    if isinstance(node.get("properties"), dict):
        # A property may be called `description` or `default`: names are no keywords.
        made["properties"] = {name: _converted(one) for name, one in node["properties"].items()}
        made.setdefault("additionalProperties", False)
    if node.get("nullable") is True:
        made["type"] = [node["type"], "null"]
    if node.get("x-is-msdate"):
        made["pattern"] = _DATE
    if node.get("x-is-msdate-time"):
        made["pattern"] = _MOMENT
    return made


def _opened(components: Any) -> Any:
    """Add what real answers are known to carry besides; a refused element is an echo, so open."""
    for name, besides in _BESIDES.items():
        components["schemas"][name]["properties"].update({one: {} for one in besides})
    components["schemas"]["Element"].pop("additionalProperties")
    return components
