"""A workflow that is connected, and its callbacks as the endpoint would take them."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from infra.clock import utc_now
from infra.platforms.portant.connecting import tenant_of
from infra.sandbox.portant.seed import WORKFLOW
from tests.harness.sandbox import Sandbox
from tests.harness.world import LIMITS, World, eventually
from workers.callbacks import take_callback

SECRET = "callback-secret-of-the-test"
FIELDS = {"Client": {"Name": "Brightside Dental"}, "Fee": "1,200.00", "Weeks": 6}
MADE = "portant.document.created"
URL = "https://docs.google.com/document/d/1aB-c_9/edit"


def connect(world: World, sandbox: Sandbox, **settings: Any) -> UUID:
    url = f"{sandbox.url}/portant/{WORKFLOW}"
    credentials = {"webhook_url": url, "callback_secret": SECRET}
    return world.add("portant", tenant_of(url), credentials, {"limits": LIMITS, **settings})


def request(world: World, **more: Any) -> dict[str, Any]:
    return world.request("portant_generate_document", {"fields": FIELDS}, **more)


def set_up(sandbox: Sandbox, **settings: Any) -> None:
    """Change the workflow; without a `delay_s` its documents come at once."""
    sandbox.control("POST", "/portant/settings", {"delay_s": 0, **settings})


def told(sandbox: Sandbox) -> list[dict[str, Any]]:
    """What the workflow has to tell and nobody has heard, once all that was posted is made."""
    eventually(lambda: not _under_way(sandbox), 10, "the sandbox is done with what was posted")
    pending: list[dict[str, Any]] = sandbox.control("GET", "/portant/pending")["pending"]
    return pending


def _under_way(sandbox: Sandbox) -> bool:
    requests = sandbox.control("GET", "/requests?platform=portant")["requests"]
    runs = sandbox.control("GET", "/portant/runs")["runs"]
    late = any(one["status"] == 0 and one["fault"] == "latency" for one in requests)
    return late or not all(run["done"] for run in runs)


def deliver(world: World, sandbox: Sandbox) -> None:
    """Bring to the fleet what the workflow has to tell."""
    for one in told(sandbox):
        assert call_back(world, one["event"])


def call_back(world: World, event: Any, secret: str = SECRET, at: UUID | None = None) -> bool:
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    integration_id = at or world.integrations["portant"]
    return take_callback(world.fleet, integration_id, secret, {}, body)


# --- an action of it ------------------------------------------------------------------------------


def effects(world, action):
    return {
        row.name: row for row in world.rows("SELECT * FROM effects WHERE action_id = :a", a=action)
    }


def ref_of(world, action):
    return effects(world, action)["portant.trigger"].id


def event(ref, **more):
    name = f"Agreement {ref}"
    document = {"id": "1abc", "url": URL, "name": name, "mimetype": "application/vnd.x"}
    told = {"event_id": uuid4().hex, "event_type": "DOCUMENTS_CREATED"}
    return told | {"data": {"documents": [document | more.pop("document", {})]}} | more


def later(world, **ahead):
    return replace(world.fleet, now=lambda: utc_now() + timedelta(**ahead))


def due_now(world, action):
    with world.fleet.database.transaction() as tx:
        tx.execute(text("UPDATE actions SET due_at = now() WHERE id = :a"), {"a": action})


def is_due(world, action):
    return world.action(action).due_at <= utc_now()


def sent(world, action):
    return world.rows(
        "SELECT * FROM integration_log WHERE action_id = :a AND method IS NOT NULL ORDER BY id",
        a=action,
    )


def calls_counted(world):
    rows = world.rows("SELECT slots FROM budgets WHERE tenant LIKE 'portant:%' AND shared")
    return sum(sum(row.slots) for row in rows)
