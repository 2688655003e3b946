"""The client's typed requests, written from the params the platforms declare.

`fleet catalogue --python | ruff format - > actionfleet/requests.py`; a test keeps that file true.
"""

import keyword
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from infra.catalogue import Catalogue
from infra.platform import ActionType
from infra.wire import params_adapter

Json = Mapping[str, Any]

HEAD = '''"""A class for each action type of the catalogue. Generated: `make client` writes it anew.

A field left out (None) is not sent: the fleet's default counts. Amounts are Decimal or text.
"""

{imports}

from actionfleet.request import Request

Amount = Decimal | int | str

__all__ = [{names}]
'''
IMPORTS = (
    ("collections.abc", ("Mapping", "Sequence")),
    ("dataclasses", ("dataclass",)),
    ("datetime", ("date", "datetime")),
    ("decimal", ("Decimal",)),
    ("typing", ("Any", "ClassVar", "Literal")),
    ("uuid", ("UUID",)),
)
RESERVED = frozenset({"action_type", "params"})
"""Names that every request has already."""
FORMATS: Json = {"uuid": "UUID | str", "date": "date | str", "date-time": "datetime | str"}
PLAIN: Json = {"string": "str", "boolean": "bool", "integer": "int", "number": "float"}
WIDTH = 96


def module(catalogue: Catalogue) -> str:
    """Return the module's text, not yet formatted."""
    written = [_Platform(name) for name in catalogue.platforms]
    for one in written:
        for action in catalogue.platforms[one.name].actions:
            if not action.own:
                one.add(action)
    body = "".join(text for one in written for text in one.texts)
    names = sorted(f'"{name}"' for one in written for name in one.names)
    return HEAD.format(imports=_imports(body), names=", ".join(names)) + body


def _imports(body: str) -> str:
    """Return what the classes need: words in their docstrings do not count."""
    code = re.sub(r'""".*?"""', "", body, flags=re.DOTALL)
    used = {"Decimal", *re.findall(r"\w+", code)}
    wanted = ((place, [one for one in names if one in used]) for place, names in IMPORTS)
    return "\n".join(f"from {place} import {', '.join(names)}" for place, names in wanted if names)


@dataclass
class _Platform:
    """The classes of one platform, nested ones before those that use them."""

    name: str
    texts: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    _nested: dict[str, Json] = field(default_factory=dict)

    def add(self, action: ActionType) -> None:
        """Write the class of an action."""
        schema: Json = params_adapter(action.params).json_schema()
        own = _camel(action.name)
        words = f"{action.summary}."
        if action.needs_deal:
            words += " Needs `deal_id`."
        fields = list(self._fields(schema, schema.get("$defs", {}), own))
        self._write(
            own, "Request", words, [f'action_type: ClassVar[str] = "{action.name}"'], fields
        )

    def _fields(self, schema: Json, defs: Json, own: str) -> Iterator[str]:
        required = set(schema.get("required", ()))
        properties: Json = schema.get("properties", {})
        for name, one in sorted(properties.items(), key=lambda item: item[0] not in required):
            if keyword.iskeyword(name) or not name.isidentifier() or name in RESERVED:
                raise ValueError(f"{own}.{name} cannot be a field of a class")
            kind = self._kind(one, defs, own)
            yield f"{name}: {kind}" + ("" if name in required else " | None = None")

    def _kind(self, one: Json, defs: Json, own: str) -> str:
        """Return the Python type of what a JSON Schema allows."""
        if "$ref" in one:
            name = str(one["$ref"]).rpartition("/")[2]
            return self._named(name, defs, own)
        for several in ("anyOf", "oneOf"):
            if several in one:
                kinds = [each for each in one[several] if each.get("type") != "null"]
                return self._any(kinds, defs, own)
        if "enum" in one or "const" in one:
            allowed: Sequence[Any] = one["enum"] if "enum" in one else [one["const"]]
            return f"Literal[{', '.join(map(repr, allowed))}]".replace("'", '"')
        return self._plain(one, defs, own)

    def _any(self, kinds: Sequence[Json], defs: Json, own: str) -> str:
        if {each.get("type") for each in kinds} == {"number", "string"}:
            return "Amount"  # how pydantic describes a Decimal
        return " | ".join(dict.fromkeys(self._kind(each, defs, own) for each in kinds))

    def _plain(self, one: Json, defs: Json, own: str) -> str:
        kind = one.get("type")
        if kind == "array":
            return f"Sequence[{self._kind(one.get('items', {}), defs, own)}]"
        if kind == "string":
            return str(FORMATS.get(str(one.get("format")), "str"))
        if kind == "object":
            values = one.get("additionalProperties")
            inner = self._kind(values, defs, own) if isinstance(values, dict) else "Any"
            return f"Mapping[str, {inner}]"
        return str(PLAIN.get(str(kind), "Any"))

    def _named(self, name: str, defs: Json, own: str) -> str:
        """Return what a definition is: a class for an object, else the type itself."""
        schema: Json = defs[name]
        if "properties" not in schema:
            return self._kind(schema, defs, own)
        mine = _camel(self.name) + name
        if self._nested.setdefault(mine, schema) != schema:
            mine = own + name
        if mine not in self.names:
            fields = list(self._fields(schema, defs, own))
            words = str(schema.get("description", f"Part of {own}.")).strip().split("\n\n")[0]
            self._write(mine, "", words, [], fields)
        return mine

    def _write(
        self, name: str, base: str, words: str, before: Sequence[str], fields: Sequence[str]
    ) -> None:
        self.names.append(name)
        doc = "\n".join(textwrap.wrap(" ".join(words.split()), WIDTH - 8))
        told = f'"""{doc}"""' if "\n" not in doc else f'"""{doc}\n"""'
        body = textwrap.indent("\n".join([told, "", *before, *fields]), "    ")
        head = "@dataclass(frozen=True, slots=True, kw_only=True)"
        self.texts.append(f"\n\n{head}\nclass {name}{f'({base})' if base else ''}:\n{body}\n")


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))
