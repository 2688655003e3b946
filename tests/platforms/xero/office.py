"""A workspace with its Xero: actions carried to their end in this process."""

import json
from typing import Any
from uuid import UUID

from sqlalchemy import text

from infra.sandbox import seed
from tests.harness.sandbox import Sandbox
from tests.harness.world import World
from workers.execute import execute


class Office:
    """Short ways to act, to look at the database, and to look at Xero."""

    def __init__(self, world: World, sandbox: Sandbox) -> None:
        self.world, self.sandbox = world, sandbox

    def act(self, action_type: str, deal: UUID | None = None, **params: Any) -> Any:
        """Submit, carry on until it is final, parked or waits for a clock; return its row."""
        action = self.world.submit(self.world.request(action_type, params, deal))
        return self.carry_on(action)

    def carry_on(self, action: UUID, *, turns: int = 12) -> Any:
        for _ in range(turns):
            row = self.world.action(action)
            if row.finished_at is not None or row.status == "parked":
                return row
            with self.world.fleet.database.transaction() as tx:  # whatever it waits for is over
                tx.execute(
                    text("UPDATE actions SET due_at = now() - interval '1 s' WHERE id = :id"),
                    {"id": action},
                )
            execute(self.world.fleet, action)
        return self.world.action(action)

    def invoice(self, deal: UUID, **params: Any) -> Any:
        return self.act("xero_create_invoice", deal, **params)

    def rows(self, query: str, **values: Any) -> list[Any]:
        return self.world.rows(query, **values)

    def person(self, call: str, tenant: str = seed.TENANT_ONE, **wish: Any) -> Any:
        """What somebody does in Xero itself."""
        return self.sandbox.control("POST", f"/xero/{call}", {"tenant": tenant, **wish})

    def requests(self) -> list[dict[str, Any]]:
        report: dict[str, Any] = self.sandbox.control("GET", "/requests?platform=xero")
        return list(report["requests"])

    def paths(self) -> list[str]:
        """Method and path of every request to Xero's API so far."""
        prefix = "/api.xro/2.0"
        return [f"{r['method']} {r['path'].removeprefix(prefix)}" for r in self.requests()]

    def body(self, action: UUID, effect: str = "xero.create_invoice") -> dict[str, Any]:
        """The frozen body of an action's (latest) effect of that name."""
        (*_, row) = self.rows(
            "SELECT c.body FROM effects e JOIN calls c ON c.id = e.call_id"
            " WHERE e.action_id = :id AND e.name = :name ORDER BY e.ordinal",
            id=action,
            name=effect,
        )
        document: dict[str, Any] = json.loads(row.body)
        return document
