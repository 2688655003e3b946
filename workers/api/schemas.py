"""JSON Schemas (2020-12) of everything that is said over the API or a queue, from its own models.

Descriptions come from the declarations, never from docstrings: processes run without those.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode

from infra.catalogue import Catalogue
from infra.platform import ActionType
from infra.wire import params_adapter
from workers.api.checking import adapter
from workers.api.endpoint import ActionBody, Body, ParamsBody
from workers.api.examples import examples_of

Schema = dict[str, Any]
REF = "#/components/schemas/{model}"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
UUID_FORM: Schema = {"type": "string", "format": "uuid"}
DEAL_DATA: Schema = {
    "type": "object",
    "description": "Context; `deal.id` names the deal.",
    "properties": {"deal": {"type": "object", "properties": {"id": UUID_FORM}, "required": ["id"]}},
}


class Plain(GenerateJsonSchema):
    """Schemas without titles, which only repeat names."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - the base's signature
        """No."""
        return False


def of(
    wanted: Iterable[tuple[str, JsonSchemaMode, TypeAdapter[Any]]], ref: str = REF
) -> tuple[dict[str, Schema], dict[str, Schema]]:
    """Return the schema of each adapter by its name, and the definitions they refer to."""
    given = list(wanted)
    made, shared = TypeAdapter.json_schemas(given, ref_template=ref, schema_generator=Plain)
    definitions: dict[str, Schema] = _undescribed(shared.get("$defs", {}))
    return {name: _undescribed(made[name, mode]) for name, mode, _ in given}, definitions


def _undescribed(schema: Any) -> Any:
    """Leave out titles, and descriptions that were docstrings of classes."""
    if isinstance(schema, list):
        return [_undescribed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    of_class = schema.get("type") == "object" or "enum" in schema
    dropped = {"title", "description"} if of_class else {"title"}
    kept = {
        name: _undescribed(value)
        for name, value in schema.items()
        if not (name in dropped and isinstance(value, str))
    }
    if isinstance(schema.get("properties"), dict):  # a property may be called `title`
        kept["properties"] = {name: _undescribed(v) for name, v in schema["properties"].items()}
    return kept


def params_name(action_type: str) -> str:
    """Return what the params of an action type are called among the schemas."""
    return f"{action_type}_params"


def params_of(catalogue: Catalogue) -> tuple[dict[str, Schema], dict[str, Schema]]:
    """Return the params schema of every action type, and what they share."""
    adapters = [(n, "validation", params_adapter(a.params)) for n, a in catalogue.actions.items()]
    made, definitions = of(adapters)  # type: ignore[arg-type]  # "validation" is the literal
    found = {}
    for name, schema in made.items():
        whole = _resolved(schema, definitions)
        shown = [dict(one["params"]) for one in examples_of(catalogue, name)]
        words = _words(catalogue.actions[name])
        found[params_name(name)] = {**whole, "description": words, "examples": shown}
    return found, definitions


def _resolved(schema: Schema, definitions: Mapping[str, Schema]) -> Schema:
    """Put a schema that only refers to another in its place."""
    if set(schema) == {"$ref"}:
        return dict(definitions[schema["$ref"].rpartition("/")[2]])
    return schema


def _words(action: ActionType) -> str:
    needs = " Needs data.deal.id." if action.needs_deal else ""
    safe = f" Carried out once: {action.guarantee}." if action.guarantee else ""
    return f"{action.summary}.{needs}{safe}"


def request_of(catalogue: Catalogue, action_type: str, *, named: bool) -> Schema:
    """Return the schema of a request; `named`: it names its integration itself."""
    action = catalogue.actions[action_type]
    properties: Schema = {
        "id": UUID_FORM | {"description": "Its identity; the same id is the same action."},
        "action_type": {"const": action_type},
        "params": {"$ref": REF.format(model=params_name(action_type))},
        "data": DEAL_DATA,
        "requested_by": {"type": ["string", "null"], "description": "Who asked, for the record."},
    }
    required = ["action_type", "params"] + (["data"] if action.needs_deal else [])
    left_out = {"id"} if named else {"id", "integration_id"}
    if named:
        properties["integration_id"] = UUID_FORM
        required.append("integration_id")
    shown = [
        {name: value for name, value in one.items() if name not in left_out}
        for one in examples_of(catalogue, action_type)
    ]
    return {
        "type": "object",
        "description": _words(action),
        "properties": properties,
        "required": required,
        "additionalProperties": False,
        "examples": shown,
    }


def body_of(catalogue: Catalogue, body: Body) -> tuple[Schema, dict[str, Schema]]:
    """Return the schema of an endpoint's body, and what it refers to beside the params."""
    if isinstance(body, ActionBody):
        names = {name: f"{name}_request" for name in catalogue.actions}
        refs = {name: REF.format(model=model) for name, model in names.items()}
        chosen = {"propertyName": "action_type", "mapping": refs}
        one_of = [{"$ref": ref} for ref in refs.values()]
        requests = {m: request_of(catalogue, n, named=False) for n, m in names.items()}
        return {"oneOf": one_of, "discriminator": chosen}, requests
    if isinstance(body, ParamsBody):
        made, definitions = params_of(catalogue)
        each = [_narrowed(n, made[params_name(n)], body, catalogue) for n in body.action_types]
        return ({"anyOf": each} if len(each) > 1 else each[0]), definitions
    made, definitions = of([(body.__name__, "validation", adapter(body))])
    return _resolved(made[body.__name__], definitions), definitions


def _narrowed(action_type: str, schema: Schema, body: ParamsBody, catalogue: Catalogue) -> Schema:
    """Leave out what the address says, and add what may stand beside the params."""
    without = body.without
    properties = {n: v for n, v in schema.get("properties", {}).items() if n not in without}
    if body.besides is not None:
        beside, _ = body_of(catalogue, body.besides)
        properties |= beside["properties"]
    required = [name for name in schema.get("required", []) if name not in without]
    fixed: Schema = {}
    if action_type in body.chosen_by:
        name, value = body.chosen_by[action_type]
        properties[name], fixed = {"const": value}, {name: value}
        required.append(name)
    shown = [
        {name: value for name, value in one.items() if name not in without} | fixed
        for one in schema.get("examples", [])
    ]
    narrowed = schema | {"properties": properties, "examples": shown}
    narrowed.pop("required", None)
    return narrowed | ({"required": required} if required else {})


def document_of(catalogue: Catalogue, action_type: str) -> Schema:
    """Return the params of an action type as a JSON Schema document of its own."""
    checked = params_adapter(catalogue.actions[action_type].params)
    made, definitions = of([(action_type, "validation", checked)], "#/$defs/{model}")
    schema = made[action_type]
    if "$ref" in schema:
        schema = definitions.pop(schema["$ref"].rpartition("/")[2])
    shown = [dict(one["params"]) for one in examples_of(catalogue, action_type)]
    told = {
        "$schema": DIALECT,
        "title": action_type,
        "description": _words(catalogue.actions[action_type]),
        **schema,
        "examples": shown,
    }
    return told | ({"$defs": definitions} if definitions else {})
