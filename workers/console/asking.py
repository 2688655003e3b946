"""Doing for a visitor what the API does for a program: the same functions under the same rules."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from infra.http.problems import HttpProblem
from infra.storable import storable
from workers.api import actions, contacts, deals, integrations, invoices
from workers.api.checking import checked_body, checked_query
from workers.api.endpoint import Asked, Endpoint
from workers.api.serving import carried_out
from workers.console.visit import Visit

ENDPOINTS: Mapping[str, Endpoint] = {
    one.name: one
    for module in (actions, contacts, deals, integrations, invoices)
    for one in module.ENDPOINTS
}


def ask(  # noqa: PLR0913 - what a call has
    visit: Visit,
    name: str,
    ids: Mapping[str, UUID] | None = None,
    *,
    query: Iterable[tuple[str, str]] = (),
    body: Mapping[str, Any] | None = None,
    key: str | None = None,
) -> Any:
    """Return what the endpoint of this name answers the visitor.

    Raises:
        HttpProblem: a scope is missing, or it is refused; every field is named.
    """
    endpoint = ENDPOINTS[name]
    visit.caller.needs(endpoint.scope)
    given = None if endpoint.body is None else checked_body(endpoint.body, dict(body or {}))
    asked = Asked(
        fleet=visit.fleet,
        caller=visit.caller,
        ids=visit.ids if ids is None else ids,
        query=checked_query(endpoint.query, query),
        body=storable(given) if isinstance(given, dict) else given,
        key=key,
        request_id=visit.request_id,
    )
    return carried_out(endpoint, asked)


Problems = dict[str, list[str]]
"""Words by the name of the form's field they belong beside; those of no field under ""."""


def problems_of(refused: HttpProblem, fields: Iterable[str]) -> Problems:
    """Sort a refusal by the fields of the form it answers.

    Raises:
        HttpProblem: it is no refusal of what was sent.
    """
    if refused.kind not in {"invalid", "not_possible", "unavailable", "conflict"}:
        raise refused
    named = [(one.field, one.problem) for one in refused.errors]
    return by_field(named or [("", refused.detail)], fields)


def by_field(named: Iterable[tuple[str, str]], fields: Iterable[str]) -> Problems:
    """Sort (field path, words) by the fields of a form."""
    known, found = set(fields), Problems()
    for path, words in named:
        name = path.removeprefix("params.").partition("[")[0].partition(".")[0]
        place = name if name in known else ""
        said = words if place or not name else f"{name.replace('_', ' ')}: {words}"
        if said not in found.setdefault(place, []):
            found[place].append(said)
    return found
