"""Strict decoding of requests: refused whole, with every problem named by its field path."""

import json
import math
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import Any
from uuid import UUID

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config
from pydantic_core import from_json
from typing_extensions import TypedDict

from infra.catalogue import Catalogue
from infra.envelope import Envelope, Problem, Refused, Unreadable
from infra.storable import storable

KEY_CHARACTERS_MAX = 200
NUMBER_BITS_MAX = 1024  # as the largest float


@with_config(ConfigDict(extra="forbid", strict=True))
class _EnvelopeShape(TypedDict, total=False):
    id: UUID | None
    integration_id: UUID
    action_type: str
    params: dict[str, Any]
    data: dict[str, Any] | None
    requested_by: str | None


_REQUIRED = ("integration_id", "action_type", "params")
_ENVELOPE = TypeAdapter(_EnvelopeShape)


def read_json(body: bytes, bytes_max: int) -> Any:
    """Parse JSON bytes.

    Raises:
        Unreadable: too large, not UTF-8, not JSON, or nested too deeply to parse.
    """
    if len(body) > bytes_max:
        raise Unreadable([Problem("", f"{len(body)} bytes; at most {bytes_max} are accepted")])
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise Unreadable([Problem("", f"not JSON: {error}")]) from error


def check_storable(value: Any, depth_max: int) -> None:
    """Check that plain JSON can be kept.

    Raises:
        Unreadable: it holds NUL, half a character, an endless number, or is nested too deeply.
    """
    problems = list(_unstorable(value, "", depth_max))
    if problems:
        raise Unreadable(problems)


def read_envelope(value: Any, depth_max: int) -> Envelope:
    """Check the envelope of a request given as plain JSON.

    Raises:
        Unreadable: with every problem of the envelope.
    """
    if not isinstance(value, dict):
        raise Unreadable([Problem("", f"must be a JSON object, not {_name(value)}")])
    check_storable(value, depth_max)
    problems = [Problem(name, "is required") for name in _REQUIRED if name not in value]
    try:
        shape = _ENVELOPE.validate_json(json.dumps(value))
    except ValidationError as error:
        raise Unreadable(problems + problems_of(error, "")) from error
    data = shape.get("data") or {}
    deal_id = _deal_id(data, problems)
    if problems:
        raise Unreadable(problems)
    return Envelope(
        id=shape.get("id"),
        integration_id=shape["integration_id"],
        action_type=shape["action_type"],
        params=shape["params"],
        data=data,
        deal_id=deal_id,
        requested_by=shape.get("requested_by"),
    )


def _deal_id(data: Mapping[str, Any], problems: list[Problem]) -> UUID | None:
    deal = data.get("deal")
    if deal is None:
        return None
    if not isinstance(deal, dict):
        problems.append(Problem("data.deal", f"must be an object, not {_name(deal)}"))
        return None
    try:
        return UUID(deal["id"]) if "id" in deal else None
    except (TypeError, ValueError, AttributeError):
        problems.append(Problem("data.deal.id", "must be a UUID"))
        return None


def read_params(catalogue: Catalogue, envelope: Envelope) -> dict[str, Any]:
    """Check a request's params against its action type; return them normalised, as plain JSON.

    Raises:
        Refused: with every problem by field path.
    """
    declared = catalogue.actions.get(envelope.action_type)
    if declared is None:
        known = ", ".join(sorted(catalogue.actions))
        raise Refused(
            [Problem("action_type", f"unknown: {envelope.action_type!r}; known: {known}")]
        )
    problems = []
    if declared.needs_deal and envelope.deal_id is None:
        problems.append(Problem("data.deal.id", "is required for this action"))
    try:
        normal = checked_params(declared.params, envelope.params)
    except Refused as refused:
        raise Refused(problems + refused.problems) from refused
    if problems:
        raise Refused(problems)
    return normal


def checked_params(location: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Check params by their dataclass (`module:Class`); return them normalised, as plain JSON.

    What is wrong between fields is told by the class's `between(given)`, if it has one, as
    (field, words).

    Raises:
        Refused: with every problem by field path.
    """
    between = getattr(_params_class(location), "between", _nothing_between)
    problems = [Problem(f"params.{name}", words) for name, words in between(given)]
    adapter = params_adapter(location)
    try:
        params = adapter.validate_json(json.dumps(given), strict=True)
    except ValidationError as error:
        raise Refused(problems_of(error, "params") + problems) from error
    if problems:
        raise Refused(problems)
    normal: dict[str, Any] = adapter.dump_python(params, mode="json", exclude_none=True)
    return normal


@cache
def params_adapter(location: str) -> TypeAdapter[Any]:
    """Return the strict decoder of a params dataclass (`module:Class`): unknown fields refused."""
    return TypeAdapter(with_config(ConfigDict(extra="forbid"))(_params_class(location)))


def _params_class(location: str) -> Any:
    module, _, name = location.partition(":")
    return getattr(import_module(module), name)


def _nothing_between(_given: Mapping[str, Any]) -> tuple[()]:
    return ()


def problems_of(error: ValidationError, prefix: str) -> list[Problem]:
    """Return what pydantic found wrong, each by its field path below `prefix`."""
    found = []
    for item in error.errors(include_url=False, include_input=False):
        path = prefix
        for part in item["loc"]:
            path += f"[{part}]" if isinstance(part, int) else (f".{part}" if path else str(part))
        words = item["msg"]
        if item["type"] in {"extra_forbidden", "unexpected_keyword_argument"}:
            words = "unknown field; remove it or mend its name"
        found.append(Problem(path, words.removeprefix("Value error, ")))
    return found


def _unstorable(value: Any, path: str, depth_left: int) -> Iterator[Problem]:
    """Find what JSON allows and a database does not: NUL, lone surrogates, endless nesting."""
    words = "nested too deeply" if depth_left < 0 else _unstorable_itself(value)
    if words is not None:
        yield Problem(storable(path[:200]), words)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _unstorable(key, f"{path}.{key!r}" if path else repr(key), 0)
            yield from _unstorable(item, f"{path}.{key}" if path else str(key), depth_left - 1)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _unstorable(item, f"{path}[{index}]", depth_left - 1)


def _unstorable_itself(value: Any) -> str | None:
    if isinstance(value, str) and storable(value) != value:
        return "holds a NUL or a lone surrogate character"
    if isinstance(value, float) and not math.isfinite(value):
        return "must be a finite number"
    if isinstance(value, int) and value.bit_length() > NUMBER_BITS_MAX:
        return "is a number too large"
    return None


def _name(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "a boolean"}
    return names.get(type(value), "null" if value is None else "a number")
