"""All that the fleet asks ActiveCampaign, and what it works with, against the OpenAPI document.

The document was generated from examples: it tells no nulls, so an answer may have one wherever it
has text.
"""

import json
import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from infra.sandbox.activecampaign import seed
from tests.harness.vendor_files import vendor_text
from workers.execute import execute

FILE = "activecampaign_v3.trimmed.openapi.json"


@pytest.fixture(scope="module")
def paths() -> Any:
    return json.loads(vendor_text(FILE))["paths"]


def lenient(node: Any) -> Any:
    """Return a schema of answers: text may be null."""
    if isinstance(node, list):
        return [lenient(one) for one in node]
    if not isinstance(node, dict):
        return node
    made = {name: lenient(one) for name, one in node.items()}
    if made.get("type") == "string":
        made["type"] = ["string", "null"]
    return made


def strict(node: Any) -> Any:
    """Return a schema of requests: nothing it does not name."""
    if not isinstance(node, dict):
        return node
    made = {name: strict(one) for name, one in node.items()}
    return {**made, "additionalProperties": False} if made.get("type") == "object" else made


def problems(paths: Any, exchange: dict[str, Any]) -> list[str]:
    asked = exchange["path"].removeprefix("/api/3")
    (path,) = [one for one in paths if re.fullmatch(re.sub(r"\{[^}]+\}", r"\\d+", one), asked)]
    operation = paths[path][exchange["method"].lower()]
    found = []
    if exchange["body"]:
        wanted = operation["requestBody"]["content"]["application/json"]["schema"]
        found += violations(strict(wanted), exchange["body"])
    # An update answers 200 where only 201 is documented, a refusal 422 where only 403 is.
    status = {"200": "201", "422": "403"}.get(str(exchange["status"]), str(exchange["status"]))
    told = operation["responses"].get(str(exchange["status"])) or operation["responses"][status]
    schema = told["content"]["application/json"]["schema"]
    found += violations(lenient(schema), exchange["response_body"])
    return [f"{exchange['method']} {asked} {exchange['status']}: {one}" for one in found]


def violations(schema: Any, body: str) -> list[str]:
    errors = Draft202012Validator(schema).iter_errors(json.loads(body))
    return [f"{error.json_path}: {error.message[:200]}" for error in errors]


def test_calls_and_answers_are_as_activecampaign_documents_them(account, paths) -> None:
    account.sandbox.control("POST", "/recording", {"on": True})
    fields = {"fields": {"1": "Albany", "2": 12}, "phone": "02 5550", "last_name": "L"}
    for automation in ("Welcome", "Welcome", "Newsletter"):
        account.add(email="ada@tidewater.test", automation=automation, first_name="Ada", **fields)
    account.add(contact_id=77, automation_id=seed.WELCOME)
    account.add(contact_id=seed.CONTACT, automation_id=seed.RETIRED)
    account.fault("drop_after_commit")
    lost = account.submit(contact_id=seed.CONTACT, automation_id=seed.NEWSLETTER)
    execute(account.world.fleet, lost)
    assert account.carry_on(lost).status == "succeeded"
    exchanges = account.sandbox.control("GET", "/recording?platform=activecampaign")["exchanges"]
    answered = [one for one in exchanges if one["status"]]
    assert [found for one in answered for found in problems(paths, one)] == []
    assert {(one["method"], one["path"].rpartition("/")[2]) for one in answered} >= {
        ("POST", "sync"), ("GET", "automations"), ("GET", "contactAutomations"),
        ("GET", "automationEntryCounts"), ("POST", "contactAutomations"),
    }  # fmt: skip
