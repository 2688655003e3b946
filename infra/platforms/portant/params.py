"""Params of Portant's action, as a request gives them. Loaded only where requests are checked."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from infra.platforms.portant.fields import MARK, leaves

NAME_MAX = 100
TEXT_MAX = 20_000
DEPTH_MAX = 5
FIELDS_MAX = 500
ROWS_MAX = 500
DIGITS_MAX = 15

Problems = Iterator[tuple[str, str]]


@dataclass(frozen=True)
class GenerateDocument:
    """`portant_generate_document`: what the workflow's template is filled in with.

    A field is a text, a number, an object of such (`Client.Name` to the template), or, at the top,
    a list of objects: the rows of a table.
    """

    fields: dict[str, Any]

    @staticmethod
    def between(given: Mapping[str, Any]) -> Problems:
        """Tell what is wrong with the fields, as (path, words)."""
        fields = given.get("fields")
        if not isinstance(fields, dict):
            return  # its type is told already
        if not fields:
            yield "fields", "names no field; give at least one"
        if MARK in fields:
            yield f"fields.{MARK}", "is put in by the fleet; leave it out"
        yield from _inside(fields, "fields", DEPTH_MAX)
        yield from _altogether(fields)


def _altogether(fields: Mapping[str, Any]) -> Problems:
    names = list(leaves(fields))
    if len(names) > FIELDS_MAX:
        yield "fields", f"holds {len(names)} fields; give at most {FIELDS_MAX}"
    for name, times in Counter(names).items():
        if times > 1:
            yield f"fields.{name}", "is given twice, by its whole name and inside an object"


def _inside(fields: Mapping[str, Any], path: str, depth_left: int) -> Problems:
    if depth_left == 0:
        yield path, f"is nested too deeply; at most {DEPTH_MAX} objects in each other"
        return
    for name, value in fields.items():
        if not 0 < len(name) <= NAME_MAX or "{{" in name or "}}" in name:
            yield path, f"has a field whose name is empty, over {NAME_MAX} long or holds braces"
            continue
        at = f"{path}.{name}"
        if isinstance(value, dict) and value:
            yield from _inside(value, at, depth_left - 1)
        elif isinstance(value, list) and path == "fields":
            yield from _rows(value, at)
        else:
            yield from _value(value, at)


def _rows(rows: list[Any], path: str) -> Problems:
    if len(rows) > ROWS_MAX:
        yield path, f"has {len(rows)} rows; give at most {ROWS_MAX}"
        return
    for number, row in enumerate(rows):
        if isinstance(row, dict) and row:
            yield from _inside(row, f"{path}[{number}]", 1)
        else:
            yield f"{path}[{number}]", "must be an object with fields: one row of a table"


def _value(value: Any, path: str) -> Problems:
    if isinstance(value, str):
        if len(value) > TEXT_MAX:
            yield path, f"is {len(value)} characters long; give at most {TEXT_MAX}"
    elif isinstance(value, bool) or not isinstance(value, int | float):
        yield path, "must be a text, a number or an object of those; leave out what is empty"
    elif not math.isfinite(value) or _digits(value) > DIGITS_MAX:
        yield path, f"has more than {DIGITS_MAX} digits, which a number may lose; give it as text"


def _digits(number: float) -> int:
    mantissa = repr(number).lower().partition("e")[0]
    return len(mantissa.replace("-", "").replace(".", "").strip("0"))
