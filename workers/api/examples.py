"""Requests to show for each action type: those of `examples/`, which tests carry out."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from infra.catalogue import Catalogue
from infra.envelope import Envelope, Refused
from infra.wire import read_params

FOLDER = Path(__file__).resolve().parents[2] / "examples"
_IDS = {
    name: str(uuid5(NAMESPACE_URL, f"actionfleet:example:{name}"))
    for name in ("INVOICE_ID", "CONTACT_ID")
}
"""What stands in an example for an id that is only known later."""


@cache
def _written() -> tuple[Mapping[str, Any], ...]:
    found: list[Mapping[str, Any]] = []
    for file in sorted(FOLDER.rglob("*.json")):
        told = file.read_text(encoding="utf-8")
        for name, value in _IDS.items():
            told = told.replace(name, value)
        read = json.loads(told)
        found += read if isinstance(read, list) else [read]
    return tuple(found)


def examples_of(catalogue: Catalogue, action_type: str) -> list[Mapping[str, Any]]:
    """Return the examples of an action type whose params are accepted."""
    return [
        one
        for one in _written()
        if one.get("action_type") == action_type and _is_accepted(catalogue, one)
    ]


def _is_accepted(catalogue: Catalogue, one: Mapping[str, Any]) -> bool:
    nobody = uuid5(NAMESPACE_URL, "nobody")
    envelope = Envelope(None, nobody, one["action_type"], one["params"], {}, nobody, None)
    try:
        read_params(catalogue, envelope)
    except Refused:
        return False  # there to be refused (examples/misspelt-field.json)
    return True
