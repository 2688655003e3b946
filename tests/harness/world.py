"""Rows a test starts from, and short ways to ask what became of them."""

import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert, text, update

from infra.database import email_configs, integrations
from infra.database.tables import (
    ConnectionRow,
    CrmContact,
    CrmCustomer,
    CrmDeal,
    CrmDealProduct,
    IntegrationRow,
)
from infra.sandbox import seed
from infra.wire import read_envelope
from workers.fleet import Fleet
from workers.submit import Answer, Incoming, Submitted, submit

FINAL = {"succeeded", "rejected", "cancelled"}


def eventually(check: Callable[[], Any], seconds: float = 20.0, what: str = "") -> Any:
    """Poll until `check` returns something true; fail with what it last returned."""
    until = time.monotonic() + seconds
    while True:
        value = check()
        if value:
            return value
        if time.monotonic() > until:
            raise AssertionError(f"not within {seconds} s: {what or check}; last: {value!r}")
        time.sleep(0.05)


def settled(fleet: Fleet, *tables: str) -> None:
    """Wait until what is in the tables is older than all that is under way in the whole server."""
    written = " UNION ALL ".join(f"SELECT max(txid) FROM {name}" for name in tables)
    query = text(
        "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint > coalesce(max(max), 0)"
        f" FROM ({written}) AS of_each"
    )

    def is_so() -> bool:
        with fleet.database.reading() as tx:
            return bool(tx.execute(query).scalar_one())

    eventually(is_so, 20, "every transaction of anybody's that was under way has ended")


class World:
    """One workspace."""

    def __init__(self, fleet: Fleet, tenant: str = seed.TENANT_ONE) -> None:
        self.fleet = fleet
        self.workspace_id = uuid4()
        self.integrations: dict[str, UUID] = {}  # the last added of each platform
        self.xero = self.add(
            "xero",
            tenant,
            {
                "client_id": seed.CLIENT_ID,
                "client_secret": seed.CLIENT_SECRET,
                "access_token": seed.ACCESS_TOKEN,
                "refresh_token": seed.REFRESH_TOKEN,
            },
            {"account_code": "200", "tax_type": "OUTPUT", "due_days": 14, "limits": LIMITS},
        )
        self.slack = self.add_slack(seed.SLACK_TEAM)

    def add_slack(self, tenant: str) -> UUID:
        """One more Slack workspace (to us; the sandbox has one)."""
        credentials = {"token": seed.SLACK_TOKEN}
        return self.add("slack", tenant, credentials, {"limits": LIMITS})

    def add_postmark(self, **settings: Any) -> UUID:
        """A sender identity, the default one, with its Postmark integration."""
        server = str(seed.POSTMARK_SERVER["ID"])
        credentials = {"token": seed.POSTMARK_TOKEN}
        postmark = self.add("postmark", server, credentials, {"limits": LIMITS})
        given = {
            "from_email": "accounts@tidewater.test",
            "from_name": "Tidewater Studio",
            "footer": "Tidewater Studio Pty Ltd",
        }
        with self.fleet.database.transaction() as tx:
            email_configs.put(tx, self.workspace_id, postmark, given | settings)
        return postmark

    def add(
        self,
        platform: str,
        tenant: str,
        credentials: Mapping[str, Any],
        settings: Mapping[str, Any] | None = None,
    ) -> UUID:
        """An integration of its own connection."""
        connection_id, integration_id = uuid4(), uuid4()
        with self.fleet.database.transaction() as tx:
            tx.execute(
                insert(ConnectionRow).values(
                    id=connection_id,
                    workspace_id=self.workspace_id,
                    platform=platform,
                    credentials=self.fleet.vault.lock(credentials),
                )
            )
            tx.execute(
                insert(IntegrationRow).values(
                    id=integration_id,
                    workspace_id=self.workspace_id,
                    platform=platform,
                    name=f"{platform} of the test",
                    tenant_key=tenant,
                    connection_id=connection_id,
                    settings=dict(settings or {}),
                )
            )
        self.integrations[platform] = integration_id
        return integration_id

    def set_integration(self, integration_id: UUID, **values: Any) -> None:
        with self.fleet.database.transaction() as tx:
            where = IntegrationRow.id == integration_id
            tx.execute(update(IntegrationRow).where(where).values(**values))

    def reconnect(self, integration_id: UUID) -> None:
        """What reconnecting does at its end: the integration goes on."""
        with self.fleet.database.transaction() as tx:
            integration = integrations.find(tx, integration_id)
            assert integration is not None
            integrations.resume(tx, integration, self.fleet.now())

    def customer(self, name: str = "Brightside Dental", email: str = "ap@brightside.test") -> UUID:
        customer_id = uuid4()
        with self.fleet.database.transaction() as tx:
            tx.execute(
                insert(CrmCustomer).values(
                    id=customer_id, workspace_id=self.workspace_id, name=name, email=email
                )
            )
        return customer_id

    def contact(self, email: str = "sam@brightside.test", **more: Any) -> UUID:
        contact_id = uuid4()
        values = {"first_name": "Sam", "last_name": "Lee", "email": email} | more
        with self.fleet.database.transaction() as tx:
            tx.execute(
                insert(CrmContact).values(id=contact_id, workspace_id=self.workspace_id, **values)
            )
        return contact_id

    def deal(
        self,
        *lines: Mapping[str, Any],
        customer: UUID | None = None,
        contact: UUID | None = None,
    ) -> tuple[UUID, list[UUID]]:
        """A deal with deal products; a line without values is 1 x 100.00, deposit 30 %."""
        deal_id = uuid4()
        line_ids = [uuid4() for _ in lines]
        if customer is None and contact is None:
            customer = self.customer(f"Customer {deal_id.hex[:8]}", f"{deal_id.hex[:8]}@deal.test")
        with self.fleet.database.transaction() as tx:
            tx.execute(
                insert(CrmDeal).values(
                    id=deal_id,
                    workspace_id=self.workspace_id,
                    name="Fit-out",
                    currency="AUD",
                    customer_id=customer,
                    contact_id=contact,
                )
            )
            for position, (line_id, line) in enumerate(zip(line_ids, lines, strict=True)):
                values = {
                    "name": f"Line {position + 1}",
                    "quantity": Decimal(1),
                    "unit_price": Decimal("100.00"),
                    "deposit_percent": Decimal(30),
                } | dict(line)
                tx.execute(
                    insert(CrmDealProduct).values(
                        id=line_id,
                        workspace_id=self.workspace_id,
                        deal_id=deal_id,
                        position=position,
                        **values,
                    )
                )
        return deal_id, line_ids

    def request(
        self,
        action_type: str,
        params: Mapping[str, Any],
        deal_id: UUID | None = None,
        integration_id: UUID | None = None,
    ) -> dict[str, Any]:
        """A request as a sender writes it, with an id of its own."""
        platform = action_type.split("_", maxsplit=1)[0]
        chosen = integration_id or self._integration_of(platform)
        request: dict[str, Any] = {
            "id": str(uuid4()),
            "integration_id": str(chosen),
            "action_type": action_type,
            "params": dict(params),
        }
        if deal_id is not None:
            request["data"] = {"deal": {"id": str(deal_id)}}
        return request

    def _integration_of(self, platform: str) -> UUID:
        return {**self.integrations, "xero": self.xero, "slack": self.slack}[platform]

    def submit(self, request: Mapping[str, Any]) -> UUID:
        answer = self.answer(request)
        assert isinstance(answer, Submitted)
        return answer.action_id

    def answer(self, request: Mapping[str, Any]) -> Answer:
        envelope = read_envelope(dict(request), 24)
        return submit(self.fleet, Incoming(str(request["id"]), envelope, "test"))

    def invoice(self, deal_id: UUID, **params: Any) -> UUID:
        return self.submit(self.request("xero_create_invoice", params, deal_id))

    def message(self, text_: str = "hello", channel: str = "C0GENERAL") -> UUID:
        params = {"channel": channel, "text": text_}
        return self.submit(self.request("slack_send_message", params))

    # --- what became of it --------------------------------------------------------------------

    def rows(self, query: str, **values: Any) -> list[Any]:
        with self.fleet.database.engine.connect() as connection:
            return list(connection.execute(text(query), values))

    def rows_changed(self, statement: str, **values: Any) -> int:
        with self.fleet.database.transaction() as tx:
            return int(tx.execute(text(statement), values).rowcount)

    def action(self, action_id: UUID) -> Any:
        (row,) = self.rows("SELECT * FROM actions WHERE id = :id", id=action_id)
        return row

    def status(self, action_id: UUID) -> str:
        return str(self.action(action_id).status)

    def ended(self, *action_ids: UUID, seconds: float = 30.0) -> list[str]:
        """Wait until all are final (or parked) and return their statuses."""

        def statuses() -> list[str | None] | None:
            rows = self.rows(
                "SELECT id, status FROM actions WHERE id = ANY(:ids)", ids=list(action_ids)
            )
            status_of = {row.id: row.status for row in rows}
            found = [status_of.get(one) for one in action_ids]  # it may not be taken in yet
            return found if all(one in FINAL | {"parked"} for one in found) else None

        try:
            return [str(one) for one in eventually(statuses, seconds)]
        except AssertionError as error:
            state = [
                (r.status, r.status_reason, r.error)
                for r in self.rows(
                    "SELECT * FROM actions WHERE id = ANY(:ids)", ids=list(action_ids)
                )
                if r.status not in FINAL
            ]
            raise AssertionError(f"not ended in {seconds} s: {state}") from error

    def payment_statuses(self, *line_ids: UUID) -> list[str]:
        found = {
            row.id: row.payment_status
            for row in self.rows(
                "SELECT id, payment_status FROM crm_deal_products WHERE id = ANY(:ids)",
                ids=list(line_ids),
            )
        }
        return [found[line_id] for line_id in line_ids]

    def events(self, kind: str) -> list[Any]:
        return self.rows("SELECT * FROM outbox WHERE type = :kind ORDER BY id", kind=kind)


LIMITS = {
    "minute": 100_000,
    "day": 1_000_000,
    "app_minute": 1_000_000,
    "channel": 100_000,
    "history": 100_000,
}
