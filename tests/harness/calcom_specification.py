"""Cal.com's own OpenAPI document, where it is to be had: what is said is held against it."""

import json
from functools import cache
from typing import Any, Final

from jsonschema import Draft202012Validator

from tests.harness.vendor_files import vendor_text

FILE: Final = "calcom_v2_bookings.trimmed.openapi.json"


@cache
def document() -> dict[str, Any]:
    """Return the document; where it is not, the test is skipped and says so."""
    found: dict[str, Any] = json.loads(vendor_text(FILE))
    return found


@cache
def schema(name: str, *, closed: bool = False) -> Draft202012Validator:
    """Return the validator of a schema; `closed`: without properties the document does not name."""
    components = json.loads(json.dumps(document()["components"]))
    for one_name, one in components["schemas"].items():
        if one_name.startswith("BookingInput"):  # the kinds are told in words alone
            one["properties"]["type"]["const"] = one["properties"]["type"]["example"]
        if closed and "properties" in one:
            one["additionalProperties"] = False
        for inner in one.get("properties", {}).values():
            if inner.get("nullable"):
                inner["type"] = [inner["type"], "null"]
    whole = name if name in components["schemas"] else f"{name}_2024_08_13"
    return Draft202012Validator({"components": components, "$ref": f"#/components/schemas/{whole}"})
