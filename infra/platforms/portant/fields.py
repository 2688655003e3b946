"""Fields of a document by the names a template has for them, and which ones a workflow takes."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from domain.actions.plan import Request
from infra.database import integrations
from infra.database.engine import Transaction
from infra.platforms.portant.waiting import WITHIN_MAX_S, is_usable

MARK: Final = "wf_ref"
"""The field that carries our effect's id: the template puts it into the names of its files."""


def leaves(fields: Mapping[str, Any], parent: str = "") -> Iterator[str]:
    """Yield every field's name as a template writes it: `Parent.Child`, once for a whole column."""
    for name, value in fields.items():
        if isinstance(value, Mapping):
            yield from leaves(value, f"{parent}{name}.")
        elif isinstance(value, Sequence) and not isinstance(value, str):
            columns = [leaf for row in value if isinstance(row, Mapping) for leaf in leaves(row)]
            yield from (f"{parent}{name}.{column}" for column in dict.fromkeys(columns))
        else:
            yield parent + name


def check(tx: Transaction, request: Request) -> list[tuple[str, str]]:
    """Tell which fields the integration's workflow does not take, and what it cannot mean."""
    found = integrations.find(tx, request.integration_id)
    settings = {} if found is None else found.settings
    problems = []
    within = settings.get("document_within_s")
    if within is not None and not is_usable(within):
        words = f"its setting document_within_s must be 1 to {WITHIN_MAX_S} seconds"
        problems.append(("integration_id", words))
    taken = settings.get("fields")
    if taken is None:
        return problems
    if not isinstance(taken, list) or not all(isinstance(name, str) for name in taken):
        return [*problems, ("integration_id", "its setting fields must be a list of field names")]
    known = ", ".join(sorted(taken))
    return problems + [
        (f"params.fields.{name}", f"is no field of this workflow, which has: {known}")
        for name in leaves(request.params["fields"])
        if name not in taken
    ]
