"""Cal.com's own OpenAPI document, where it is to be had: what is said is held against it.

It is looked for in `$FLEET_SPECS`, else in `../shared/specs` beside the checkout.
"""

import json
import os
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
from jsonschema import Draft202012Validator

FILE: Final = "calcom_v2_bookings.trimmed.openapi.json"


@cache
def document() -> dict[str, Any]:
    """Return the document; where it is not, the test is skipped and says so."""
    beside = Path(__file__).parents[2].parent / "shared" / "specs"
    for folder in (os.environ.get("FLEET_SPECS"), str(beside)):
        if folder and (Path(folder) / FILE).is_file():
            found: dict[str, Any] = json.loads((Path(folder) / FILE).read_text())
            return found
    pytest.skip(f"{FILE} is neither in $FLEET_SPECS nor in ../shared/specs: nothing is checked")


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
