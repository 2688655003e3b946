"""Endpoints over integrations: what is connected, and looking things up through it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import StringConstraints

from domain.access import Scope
from infra.catalogue import Catalogue
from infra.database import connections
from infra.http.problems import HttpProblem
from infra.redaction import redact
from workers import reading
from workers.api.actions import integration_in
from workers.api.endpoint import BASE, Asked, Endpoint
from workers.api.shapes import Answers, Integration, IntegrationList


@dataclass(frozen=True)
class Question:
    """What to look up (`xero_contacts`, `xero_accounts` …), narrowed down by `params`."""

    read: Annotated[str, StringConstraints(max_length=100)]
    params: dict[str, Any] = field(default_factory=dict)


def list_integrations(asked: Asked) -> IntegrationList:
    """Return what the workspace has connected."""
    with asked.fleet.database.reading() as tx:
        rows = connections.listed(tx, asked.workspace_id)
    return IntegrationList([_shown(asked.fleet.catalogue, row) for row in rows])


def get_integration(asked: Asked) -> Integration:
    """Return one integration."""
    wanted = asked.ids["integration_id"]
    for one in list_integrations(asked).items:
        if one.id == wanted:
            return one
    raise HttpProblem("not_found", f"there is no integration {wanted} in this workspace")


def query(asked: Asked) -> Answers:
    """Ask the platform, from the cache where the answer is young enough."""
    integration_id = integration_in(asked, asked.ids["integration_id"])
    found = reading.ask(
        asked.fleet,
        integration_id,
        asked.body.read,
        asked.body.params,
        asked_by=asked.caller.who,
        workspace_id=asked.workspace_id,
    )
    return answers(found)


def answers(found: reading.Reading) -> Answers:
    """Return a platform's answer as the API shows it."""
    return Answers([dict(one) for one in found.items], found.more, found.read_at, found.stale)


def _shown(catalogue: Catalogue, row: dict[str, Any]) -> Integration:
    platform = catalogue.platforms.get(row["platform"])
    return Integration(
        id=row["id"],
        url=f"{BASE}/integrations/{row['id']}",
        platform=row["platform"],
        name=row["name"],
        status=row["status"],
        status_reason=row["status_reason"],
        tenant=row["tenant_key"],
        settings=redact(row["settings"]),
        created_at=row["created_at"],
        action_types=[one.name for one in platform.actions] if platform else [],
        reads=list(platform.reads) if platform else [],
    )


_ONE = "/integrations/{integration_id:uuid}"
READ = Scope.INTEGRATIONS_READ

ENDPOINTS: Sequence[Endpoint] = (
    Endpoint(
        "GET", "/integrations", "list_integrations", READ, list_integrations,
        "List integrations", IntegrationList,
    ),
    Endpoint(
        "GET", _ONE, "get_integration", READ, get_integration, "Show one integration", Integration,
        description="Credentials are never shown.",
    ),
    Endpoint(
        "POST", _ONE + "/query", "query_integration", READ, query,
        "Look something up at the platform", Answers, body=Question, asks_platform=True,
        errors=("unavailable",),
        description="One call of the tenant's budget at most; answers are kept for a while. `stale`"
        " says why an older answer is given. At most one page: `more` says when there is more.",
    ),
)  # fmt: skip
