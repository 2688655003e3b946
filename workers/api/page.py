"""The documentation as a page: every operation, every action with its params, every problem.

Made from the documents themselves, with nothing to run in the browser and nothing from elsewhere.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from infra.http.problems import KINDS
from workers.api.schemas import Schema

DOCUMENTS = ("/openapi.json", "/asyncapi.json", "/schemas")


def page(openapi: Schema, actions: Mapping[str, Schema]) -> str:
    """Return the whole page. `actions` are the params of each action type, as JSON Schema."""
    operations = [
        (method, path, told)
        for path, methods in openapi["paths"].items()
        if "/deals/" not in path
        for method, told in methods.items()
    ]
    tags = [tag["name"] for tag in openapi["tags"]]
    resolve = _Resolver(openapi)
    parts = [_introduction(openapi["info"])]
    for tag in tags:
        parts.append(f'<h2 id="{_anchor(tag)}">{escape(tag)}</h2>')
        parts += [_operation(*one, resolve) for one in operations if tag in one[2]["tags"]]
    parts.append('<h2 id="actions-by-type">What can be asked for</h2>')
    parts += [_action(name, schema) for name, schema in actions.items()]
    parts += ['<h2 id="problems">Problems</h2>', _problems()]
    return _HTML.format(nav=_navigation(tags, operations, actions), main="\n".join(parts))


_HTML = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Actionfleet API</title>
<link rel="stylesheet" href="/docs/style.css">
</head>
<body>
<a class="skip" href="#main">To the content</a>
<nav aria-label="Contents">{nav}</nav>
<main id="main">{main}</main>
</body>
</html>
"""


class _Resolver:
    """Follows references within a document."""

    def __init__(self, document: Schema) -> None:
        self._document = document

    def __call__(self, schema: Schema) -> Schema:
        reference = schema.get("$ref")
        found: Any = schema if reference is None else self._document
        for name in (reference or "#").split("/")[1:]:
            found = found[name]
        resolved: Schema = found
        return resolved


def _introduction(info: Schema) -> str:
    paragraphs = "".join(f"<p>{_code(one)}</p>" for one in info["description"].split("\n\n"))
    links = ", ".join(f'<a href="{one}">{one}</a>' for one in DOCUMENTS)
    return f"<h1>{escape(info['title'])} API</h1>{paragraphs}<p>For programs: {links}</p>"


def _operation(method: str, path: str, told: Schema, resolve: _Resolver) -> str:
    parts = [
        (
            f'<h3 id="{told["operationId"]}"><span class="method {method}">{method.upper()}</span>'
            f"<code>{escape(path)}</code></h3><p>{escape(told['summary'])}</p>"
        ),
        *(f'<p class="dim">{_code(one)}</p>' for one in told["description"].split("\n\n")),
    ]
    parameters = [resolve(one) for one in told["parameters"]]
    shown = [one for one in parameters if one["in"] != "path"]
    if shown:
        rows = [
            (one["name"], one["in"], _kind(one["schema"], resolve), one.get("description", ""))
            for one in shown
        ]
        parts.append(_table(("parameter", "in", "is", ""), rows))
    body = told.get("requestBody", {}).get("content", {}).get("application/json", {})
    schema = body.get("schema", {})
    parts.append(_properties(schema, resolve))
    for one in schema.get("anyOf", ()):
        parts.append(f'<p class="dim">{escape(one.get("description", ""))}</p>')
        parts.append(_properties(one, resolve))
    if "oneOf" in schema:
        parts.append('<p>The body is one of <a href="#actions-by-type">these actions</a>.</p>')
    example = next(iter(schema.get("examples", ())), None)
    if example is None and body.get("examples"):
        example = next(iter(body["examples"].values()))["value"]
    if example is not None:
        parts.append(_example(example))
    answers = ", ".join(f"{status}" for status in told["responses"])
    parts.append(f'<p class="dim">Answers: {answers}</p>')
    return f"<section>{''.join(parts)}</section>"


def _action(name: str, schema: Schema) -> str:
    parts = [
        (
            f'<h3 id="action-{name}"><code>{escape(name)}</code></h3>'
            f"<p>{escape(schema['description'])} "
            f'<a href="/schemas/{name}">JSON Schema</a></p>'
        ),
        _properties(schema, _Resolver(schema)),
    ]
    parts += [_example(one) for one in schema.get("examples", ())[:1]]
    return f"<section>{''.join(parts)}</section>"


def _properties(schema: Schema, resolve: _Resolver) -> str:
    required = schema.get("required", ())
    rows = [
        (name, "required" if name in required else "", _kind(one, resolve))
        for name, one in schema.get("properties", {}).items()
    ]
    return _table(("field", "", "is"), rows) if rows else ""


def _kind(schema: Schema, resolve: _Resolver) -> str:
    """Say in a few words what a value may be."""
    if "$ref" in schema:
        target = resolve(schema)
        return _kind({**target, **{k: v for k, v in schema.items() if k == "default"}}, resolve)
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        words = ", ".join(str(one) for one in schema["enum"])
    elif "anyOf" in schema:
        some = [one for one in schema["anyOf"] if one != {"type": "null"}]
        words = " or ".join(dict.fromkeys(_kind(one, resolve) for one in some))
    elif schema.get("type") == "array":
        words = f"list of {_kind(schema.get('items', {}), resolve)}"
    else:
        kind = schema.get("format") or schema.get("type") or "anything"
        words = kind if isinstance(kind, str) else " or ".join(kind)
    bounds = ((schema.get("minimum"), "≥"), (schema.get("maximum"), "≤"))
    words += "".join(f", {sign} {bound}" for bound, sign in bounds if bound is not None)
    default = schema.get("default")
    return words if default is None else f"{words}; {json.dumps(default)} by default"


def _problems() -> str:
    body = "".join(
        f'<tr id="problem-{kind}"><td><code>{kind}</code></td>'
        f"<td>{status}</td><td>{escape(title)}</td></tr>"
        for kind, (status, title) in KINDS.items()
    )
    return (
        "<p>RFC 9457 problem details; <code>errors</code> names every field concerned.</p>"
        f'<div class="wide"><table><tr><th>kind<th>status<th>means</tr>{body}</table></div>'
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    titles = "".join(f'<th scope="col">{escape(one)}</th>' for one in head)
    body = "".join(
        "<tr>"
        + "".join(
            f"<td>{f'<code>{escape(cell)}</code>' if place == 0 else _code(cell)}</td>"
            for place, cell in enumerate(row)
        )
        + "</tr>"
        for row in rows
    )
    return f'<div class="wide"><table><tr>{titles}</tr>{body}</table></div>'


def _example(value: Any) -> str:
    told = escape(json.dumps(value, indent=2, ensure_ascii=False))
    return f"<details><summary>Example</summary><pre>{told}</pre></details>"


def _navigation(
    tags: Sequence[str], operations: Sequence[tuple[str, str, Schema]], actions: Iterable[str]
) -> str:
    parts = []
    for tag in tags:
        links = "".join(
            f'<li><a href="#{told["operationId"]}">{escape(told["summary"])}</a></li>'
            for _, _, told in operations
            if tag in told["tags"]
        )
        parts.append(f"<strong>{escape(tag)}</strong><ul>{links}</ul>")
    types = "".join(f'<li><a href="#action-{one}">{escape(one)}</a></li>' for one in actions)
    parts.append(f"<strong>What can be asked for</strong><ul>{types}</ul>")
    parts.append('<strong><a href="#problems">Problems</a></strong>')
    return "".join(parts)


def _anchor(tag: str) -> str:
    return f"tag-{tag.lower()}"


def _code(words: str) -> str:
    """Escape, and set what stands between backticks as code."""
    pieces = escape(words).split("`")
    return "".join(
        f"<code>{piece}</code>" if place % 2 else piece for place, piece in enumerate(pieces)
    )
