"""Checking what a call says: query strings and bodies, strictly, every problem by its field."""

import json
from collections.abc import Iterable
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config

from infra.envelope import Problem
from infra.http.problems import invalid
from infra.storable import storable
from infra.wire import problems_of
from workers.api.endpoint import ActionBody, Body, ParamsBody

LISTS = frozenset({"status", "type", "deal_product_ids"})
"""Query parameters that may take several values: comma separated, repeated, or both."""


@cache
def adapter(shape: type) -> TypeAdapter[Any]:
    """Return the decoder of a dataclass: unknown fields are refused."""
    return TypeAdapter(with_config(ConfigDict(extra="forbid"))(shape))


@cache
def lists_of(shape: type) -> frozenset[str]:
    """Return which parameters of a query take several values: `status` does not everywhere."""
    hints = get_type_hints(shape)
    return frozenset(
        name
        for name in LISTS & set(hints)
        if any(get_origin(one) in {list, tuple} for one in (hints[name], *get_args(hints[name])))
    )


def checked_query(shape: type | None, given: Iterable[tuple[str, str]]) -> Any:
    """Return a query string as its dataclass.

    Raises:
        HttpProblem: with every problem by parameter.
    """
    values: dict[str, Any] = {}
    wrong: list[Problem] = []
    several = LISTS if shape is None else lists_of(shape)
    for name, value in given:
        if storable(value) != value:
            wrong.append(Problem(name, "holds a NUL character"))
        if name in several:
            values.setdefault(name, []).extend(part for part in value.split(",") if part)
        elif name in values:
            wrong.append(Problem(name, "is given twice"))
        else:
            values[name] = value
    if shape is None:
        if values:
            raise invalid(Problem(name, "unknown parameter; remove it") for name in values)
        return None
    try:
        found = adapter(shape).validate_python(values)
    except ValidationError as error:
        raise invalid(wrong + problems_of(error, "")) from error
    if wrong:
        raise invalid(wrong)
    return found


def checked_body(declared: Body, given: dict[str, Any]) -> Any:
    """Return a body as its dataclass; one that `submit` checks stays plain JSON.

    Raises:
        HttpProblem: with every problem by field path.
    """
    if isinstance(declared, ParamsBody):
        said = [name for name in given if name in declared.without]
        if said:
            raise invalid(Problem(name, "the address says it; leave it out") for name in said)
    if isinstance(declared, ActionBody | ParamsBody):
        return given
    try:
        return adapter(declared).validate_json(json.dumps(given), strict=True)
    except ValidationError as error:
        raise invalid(problems_of(error, "")) from error
