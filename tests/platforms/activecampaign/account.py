"""A workspace with its ActiveCampaign account: actions carried to their end in this process."""

from typing import Any
from uuid import UUID

from sqlalchemy import text

from infra.sandbox.activecampaign import seed
from tests.harness.sandbox import Sandbox
from tests.harness.world import World
from workers.execute import execute

ACTION = "activecampaign_add_to_automation"
ENTERED = "activecampaign.contact_automation.created"
SYNCED = "activecampaign.contact.synced"


def connected(world: World, sandbox: Sandbox, **limits: int) -> UUID:
    """The integration of the seeded account, as many calls as a test may make unless it says."""
    if "activecampaign" not in world.integrations:
        base = f"{sandbox.url}/activecampaign"
        world.add(
            "activecampaign",
            base.partition("://")[2],
            {"api_url": base, "api_key": seed.API_KEY},
            {"limits": limits or {"second": 100_000}},
        )
        if not limits:
            sandbox.control("POST", "/limits", {"platform": "activecampaign", "second": None})
    return world.integrations["activecampaign"]


class Account:
    """Short ways to act, and to look at the account."""

    def __init__(self, world: World, sandbox: Sandbox) -> None:
        self.world, self.sandbox = world, sandbox
        connected(world, sandbox)

    def submit(self, **params: Any) -> UUID:
        return self.world.submit(self.world.request(ACTION, params))

    def add(self, **params: Any) -> Any:
        """Submit, carry on until it is final, parked or waits for a clock; return its row."""
        return self.carry_on(self.submit(**params))

    def carry_on(self, action: UUID, *, turns: int = 12) -> Any:
        for _ in range(turns):
            row = self.world.action(action)
            if row.finished_at is not None or row.status == "parked":
                return row
            with self.world.fleet.database.transaction() as tx:  # whatever it waits for is over
                tx.execute(text("UPDATE budgets SET blocked_until = NULL"))
                tx.execute(
                    text("UPDATE actions SET due_at = now() - interval '1 s' WHERE id = :id"),
                    {"id": action},
                )
            execute(self.world.fleet, action)
        return self.world.action(action)

    def settle(self, action: UUID, *, turns: int = 12) -> Any:
        """Carry on as if the time after which an absence is believed were over."""
        with self.world.fleet.database.transaction() as tx:
            tx.execute(text("UPDATE effects SET last_send_by = now() - interval '1 hour'"))
        return self.carry_on(action, turns=turns)

    def person(self, call: str, **wish: Any) -> Any:
        """What somebody does in the account itself."""
        return self.sandbox.control("POST", f"/activecampaign/{call}", wish)

    def contact(self, email: str = "kim@tidewater.test") -> int:
        return int(self.person("contacts", email=email)["id"])

    def fault(self, fault: str, **more: Any) -> None:
        """Order a fault for the call that makes an entry."""
        where = {"method": "POST", "path": "/contactAutomations$"}
        self.sandbox.fault("activecampaign", fault, **(where | more))

    def calls(self) -> list[str]:
        """Method and path of every request so far."""
        report = self.sandbox.control("GET", "/requests?platform=activecampaign")
        return [f"{r['method']} {r['path'].removeprefix('/api/3')}" for r in report["requests"]]

    @property
    def entered(self) -> int:
        return self.sandbox.count(ENTERED)
