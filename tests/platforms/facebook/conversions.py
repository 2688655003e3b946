"""Conversion events as a sender writes them, and the integration they go through."""

from typing import Any
from uuid import UUID

from infra.clock import utc_now
from infra.sandbox.facebook.seed import DATASET, TOKEN
from tests.conformance.case import Request
from tests.harness.sandbox import Sandbox
from tests.harness.world import World

EMAIL = "Jo.Mills@Brightside.test"
PHONE = "+61 412 345 678"
PERSON = {
    "em": EMAIL,
    "ph": [PHONE],
    "fn": "Joséphine",
    "ln": "O'Mills",
    "db": "1987-04-21",
    "ge": "F",
    "ct": "Byron Bay",
    "st": "New South Wales",
    "zp": "NSW-2481",
    "country": "AU",
    "external_id": "crm-7",
    "client_ip_address": "203.0.113.77",
    "client_user_agent": "Mozilla/5.0 (Byron)",
    "fbp": "fb.1.1596403881668.1116446470",
}
RAW = (
    *("Mills", "mills", "Joséphine", "Byron Bay", "byronbay", "New South Wales", "newsouthwales"),
    *("412 345 678", "61412345678", "1987-04-21", "19870421", "NSW-2481", "nsw2481"),
)
"""What nothing may be kept of: each stands in a value that goes out hashed."""


def event(seconds_ago: float = 60, **more: Any) -> dict[str, Any]:
    return {
        "event_name": "Lead",
        "event_time": int(utc_now().timestamp() - seconds_ago),
        "action_source": "system_generated",
        "user_data": dict(PERSON),
    } | more


def connect(world: World, tenant: str = DATASET, **settings: Any) -> UUID:
    return world.add("facebook", tenant, {"access_token": TOKEN, "dataset_id": tenant}, settings)


def request(world: World, *events: dict[str, Any], **more: Any) -> Request:
    if "facebook" not in world.integrations:
        connect(world)
    return world.request("facebook_conversion", {"events": list(events or [event()]), **more})


def received(sandbox: Sandbox, dataset: str = DATASET) -> list[dict[str, Any]]:
    told = sandbox.control("GET", f"/facebook/events?dataset={dataset}")["events"]
    return [one["event"] for one in told]


def submitted(world: World, count: int, **more: object) -> list[UUID]:
    return [world.submit(request(world, event(), **more)) for _ in range(count)]


def blocked(world: World, sandbox: Sandbox, count: int = 1) -> list[UUID]:
    """Actions whose event we know nothing against, and Meta refuses."""
    words = {"Blocked": "this event is blocked"}
    sandbox.control("POST", "/facebook/settings", {"refuse": words})
    return [world.submit(request(world, event(event_name="Blocked"))) for _ in range(count)]


def calls(sandbox: Sandbox) -> int:
    return int(sandbox.control("GET", "/requests")["totals"].get("facebook", 0))


def together(world: World) -> list[int]:
    """How many went out in each call, in order."""
    rows = world.rows(
        "SELECT at, count(*) AS n FROM integration_log WHERE seconds > 0 GROUP BY at ORDER BY at"
    )
    return [row.n for row in rows]


def each_once(sandbox: Sandbox, count: int) -> None:
    ids = [one["event_id"] for one in received(sandbox)]
    assert len(ids) == len(set(ids)) == count
