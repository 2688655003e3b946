"""The documents say what is there: valid by their public validators, complete, and true.

`asyncapi-3.0.0.json.gz` is schemas/3.0.0.json of the npm package @asyncapi/specs 6.11.1
(Apache-2.0, AsyncAPI Initiative), without its white space.
"""

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator, FormatChecker
from openapi_spec_validator import validate
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from domain.events import EventType
from infra.platforms import CATALOGUE
from workers.api import asyncapi, schemas
from workers.api.application import ALL, TAGS
from workers.api.documentation import Documentation
from workers.api.endpoint import BASE
from workers.api.examples import examples_of

ASYNCAPI_SCHEMA = Path(__file__).parent / "asyncapi-3.0.0.json.gz"
DOCUMENTS = Documentation(CATALOGUE, ALL, TAGS)
OPENAPI = DOCUMENTS.openapi
ASYNCAPI = asyncapi.document(CATALOGUE)


def checker(document: dict[str, Any], pointer: str) -> Draft202012Validator:
    resource = DRAFT202012.create_resource(document)
    registry = Registry().with_resource("urn:document", resource)
    schema = {"$ref": f"urn:document#{pointer}"}
    return Draft202012Validator(schema, registry=registry, format_checker=FormatChecker())


def test_the_openapi_is_valid_and_holds_every_route() -> None:
    validate(OPENAPI)
    documented = {
        (method.upper(), path) for path, methods in OPENAPI["paths"].items() for method in methods
    }
    served = {(one.method, BASE + re.sub(r":uuid", "", one.path)) for one in ALL}
    assert documented == served | {("GET", BASE + "/events")}
    names = [
        told["operationId"] for methods in OPENAPI["paths"].values() for told in methods.values()
    ]
    assert len(names) == len(set(names))


def test_the_asyncapi_is_valid_and_holds_every_event() -> None:
    schema = json.loads(gzip.decompress(ASYNCAPI_SCHEMA.read_bytes()))
    assert [one.message for one in Draft7Validator(schema).iter_errors(ASYNCAPI)] == []
    broken = {**ASYNCAPI, "channels": {"x": {"address": 5}}}
    assert list(Draft7Validator(schema).iter_errors(broken))
    told = {one["name"] for one in ASYNCAPI["components"]["messages"].values()}
    assert {kind.value for kind in EventType} <= told


@pytest.mark.parametrize("document", [OPENAPI, ASYNCAPI], ids=["openapi", "asyncapi"])
def test_every_reference_leads_somewhere(document) -> None:
    for reference in re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(document)):
        found: Any = document
        for name in reference.split("/"):
            found = found[name]


@pytest.mark.parametrize("name", sorted(CATALOGUE.actions))
def test_every_action_has_an_example_that_its_schemas_accept(name) -> None:
    shown = examples_of(CATALOGUE, name)
    if name != "xero_create_contact_and_invoice":  # another name of xero_create_invoice
        assert shown, f"no accepted example of {name} in examples/"
    of_queue = checker(ASYNCAPI, "/components/schemas/Request")
    alone = schemas.document_of(CATALOGUE, name)
    Draft202012Validator.check_schema(alone)
    params = Draft202012Validator(alone, format_checker=FormatChecker())
    for one in shown:
        assert [e.message for e in of_queue.iter_errors(one)] == []
        assert [e.message for e in params.iter_errors(one["params"])] == []
        assert list(params.iter_errors(one["params"] | {"no_such_field": 1}))
    for one in OPENAPI["components"]["schemas"][f"{name}_request"]["examples"]:
        body = checker(OPENAPI, f"/components/schemas/{name}_request")
        assert [e.message for e in body.iter_errors(one)] == []


def test_what_is_answered_is_as_documented(web, admin, world) -> None:
    deal, lines = world.deal({})
    action = world.message()
    for path, operation in (
        ("/actions", "/actions"),
        (f"/actions/{action}", "/actions/{action_id}"),
        (f"/actions/{action}/timeline", "/actions/{action_id}/timeline"),
        ("/integrations", "/integrations"),
        (f"/opportunities/{deal}/products", "/opportunities/{deal_id}/products"),
        (f"/opportunities/{deal}/invoices", "/opportunities/{deal_id}/invoices"),
        (f"/opportunities/{deal}/invoices/preview", "/opportunities/{deal_id}/invoices/preview"),
    ):
        answer = OPENAPI["paths"][BASE + operation]["get"]["responses"]["200"]
        reference = answer["content"]["application/json"]["schema"]["$ref"]
        said = admin.get(path)
        assert said.status == 200
        problems = checker(OPENAPI, reference.removeprefix("#")).iter_errors(said.json)
        assert [f"{one.json_path}: {one.message}" for one in problems] == []
    assert lines


def test_the_documents_are_served_without_any_outside_host(web, admin) -> None:
    for path, kind in (
        ("/docs", "text/html"),
        ("/docs/style.css", "text/css"),
        ("/openapi.json", "application/vnd.oai.openapi+json"),
        ("/asyncapi.json", "application/vnd.aai.asyncapi+json"),
        ("/schemas", "application/json"),
        *((f"/schemas/{name}", "application/schema+json") for name in CATALOGUE.actions),
    ):
        answer = admin.http.request("GET", admin.origin + path)
        assert (answer.status, kind in answer.headers["Content-Type"]) == (200, True), path
    page = admin.http.request("GET", admin.origin + "/docs")
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
    told = page.data.decode()
    assert not re.search(r"(?:src|href)=\"(?!/|#)", told)
    assert "<script" not in told
    for endpoint in ALL:
        if not endpoint.path.startswith("/deals/"):
            assert f'id="{endpoint.name}"' in told
    assert admin.http.request("GET", admin.origin + "/schemas/no_such").status == 404
    served = json.loads(admin.http.request("GET", admin.origin + "/openapi.json").data)
    assert served == json.loads(json.dumps(OPENAPI))  # the same without docstrings
