"""An action's params as a form: each field holds JSON, and what is wrong stands beside it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from infra.catalogue import Catalogue
from infra.envelope import Problem, Unreadable
from infra.wire import check_storable, params_adapter, read_json
from workers.console.visit import Form

Json = Mapping[str, Any]
PREFIX = "param."
"""Of the form's fields, so that no param is taken for anything else."""


@dataclass(frozen=True, slots=True)
class Field:
    """One param: its JSON as text, what it may be, what is wrong with it."""

    name: str
    text: str
    hint: str
    is_required: bool
    is_given: bool
    problems: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """What it is called in the form."""
        return PREFIX + self.name

    @property
    def rows(self) -> int:
        """How many lines its text takes."""
        return min(max(self.text.count("\n") + 1, 1), 16)


@dataclass(frozen=True, slots=True)
class Editing:
    """The form; `problem` is what belongs to no field."""

    fields: tuple[Field, ...]
    problem: str = ""

    def refused(self, problems: Iterable[Problem], words: str) -> "Editing":
        """Put problems beside their fields."""
        found: dict[str, list[str]] = {}
        for one in problems:
            path = one.field.removeprefix("params.")
            name = path.partition("[")[0].partition(".")[0]
            inner = path[len(name) :]
            found.setdefault(name, []).append(f"{inner} {one.problem}".strip())
        fields = tuple(
            replace(field, problems=tuple(found.pop(field.name, ()))) for field in self.fields
        )
        rest = "; ".join(f"{name}: {'; '.join(said)}" for name, said in found.items())
        return Editing(fields, rest if problems else f"Nothing was done: {words}.")

    @property
    def count(self) -> int:
        """How many fields are wrong."""
        return sum(bool(field.problems) for field in self.fields)


def editing(catalogue: Catalogue, action_type: str, params: Json) -> Editing:
    """Return the form: what is given, then what else might be."""
    declared = _declared(catalogue.actions[action_type].params)
    required = declared.get("required", ())
    properties: Json = declared.get("properties", {})
    names = [*params, *(name for name in properties if name not in params)]
    return Editing(
        tuple(
            Field(
                name=name,
                text=written(params[name]) if name in params else "",
                hint=_hint(properties[name], declared) if name in properties else "unknown",
                is_required=name in required,
                is_given=name in params or name in required,
            )
            for name in names
        )
    )


def edited(
    form: Editing, sent: Form, bytes_max: int, depth_max: int
) -> tuple[dict[str, Any] | None, Editing]:
    """Return the params as they were sent (None: some are no JSON), and the form filled so."""
    params: dict[str, Any] = {}
    fields = []
    for field in form.fields:
        said = sent.one(field.key) if sent.has(field.key) else field.text
        problems: tuple[str, ...] = ()
        if said:
            try:
                params[field.name] = read_json(said.encode(), bytes_max)
            except Unreadable:
                problems = ("is not JSON: text stands in quotes, like " + json.dumps(said[:20]),)
            else:
                problems = _unkept(params[field.name], depth_max)
        is_given = field.is_given or bool(said)
        fields.append(replace(field, text=said, problems=problems, is_given=is_given))
    filled = Editing(tuple(fields))
    return None if filled.count else params, filled


def _unkept(value: Any, depth_max: int) -> tuple[str, ...]:
    """Say why a value cannot be kept."""
    try:
        check_storable(value, depth_max)
    except Unreadable as refused:
        return tuple(f"{one.field} {one.problem}".strip() for one in refused.problems)
    return ()


def written(value: Any) -> str:
    """Write a value as JSON for people."""
    short = json.dumps(value, ensure_ascii=False)
    return short if len(short) <= 70 else json.dumps(value, ensure_ascii=False, indent=2)


@cache
def _declared(location: str) -> Json:
    schema: Json = params_adapter(location).json_schema()
    return schema


def _hint(schema: Json, whole: Json) -> str:
    """Say in a few words what a value may be."""
    if "$ref" in schema:
        return _hint(whole["$defs"][schema["$ref"].rpartition("/")[2]], whole)
    if "enum" in schema:
        return " | ".join(json.dumps(one) for one in schema["enum"])
    if "const" in schema:
        return json.dumps(schema["const"])
    if "anyOf" in schema:
        some = [_hint(one, whole) for one in schema["anyOf"] if one.get("type") != "null"]
        return " or ".join(dict.fromkeys(some))
    if schema.get("type") == "array":
        return f"list of {_hint(schema.get('items', {}), whole)}"
    kind = str(schema.get("format") or schema.get("type") or "any JSON")
    return {"string": "text", "integer": "whole number", "boolean": "true or false"}.get(kind, kind)
