"""Integrations, their connections, budgets, and what was learned of a tenant."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from infra.database.tables.base import FleetTable, Key


class ConnectionRow(FleetTable):
    """One set of tokens or keys for a platform; `version` rises with every change of them."""

    __tablename__ = "connections"
    id: Mapped[Key]
    workspace_id: Mapped[UUID]
    platform: Mapped[str]
    credentials: Mapped[bytes]
    version: Mapped[int] = mapped_column(server_default="1")
    refresh_lease_until: Mapped[datetime | None]
    refresh_owner: Mapped[UUID | None]  # the incarnation that renews
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class IntegrationRow(FleetTable):
    """One workspace's connection to one tenant (Xero organisation, Slack workspace …)."""

    __tablename__ = "integrations"
    __table_args__ = (
        Index(None, "workspace_id", "platform"),
        Index(None, "platform", "tenant_key"),
    )
    id: Mapped[Key]
    workspace_id: Mapped[UUID]
    platform: Mapped[str]
    name: Mapped[str]
    status: Mapped[str] = mapped_column(server_default="active")
    status_reason: Mapped[str | None]
    tenant_key: Mapped[str]
    connection_id: Mapped[UUID | None] = mapped_column(ForeignKey("connections.id"))
    settings: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class BudgetRow(FleetTable):
    """One window of one tenant's budget. Keyed `<platform>:<tenant>:<window>`.

    `slots` counts the calls of the window in 120 parts of it, newest first; `newest` is the number
    of the first since 1970. `learned` is the most calls the platform has ever said it allows. A
    window is `shared` when every call to the tenant counts in it. `used` and `window_started_at`
    were the former way of counting.
    """

    __tablename__ = "budgets"
    key: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str | None] = mapped_column(index=True)  # `<platform>`: all its tenants together
    name: Mapped[str | None]
    shared: Mapped[bool] = mapped_column(server_default=text("true"))
    seconds: Mapped[int | None]
    calls: Mapped[int | None]
    reserve: Mapped[int] = mapped_column(server_default="0")
    learned: Mapped[int | None]
    slots: Mapped[list[int]] = mapped_column(ARRAY(Integer), server_default="{}")
    newest: Mapped[int] = mapped_column(BigInteger, server_default="0")
    blocked_until: Mapped[datetime | None]
    window_started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    used: Mapped[int] = mapped_column(server_default="0")


class TenantTurnRow(FleetTable):
    """When an integration's actions of a queue and priority were last rung.

    No foreign key: ringing waits for nobody who is just changing the integration.
    """

    __tablename__ = "tenant_turns"
    queue: Mapped[str] = mapped_column(primary_key=True)
    integration_id: Mapped[UUID] = mapped_column(primary_key=True)
    priority: Mapped[int] = mapped_column(primary_key=True)
    rung_at: Mapped[datetime]


class BudgetHoldRow(FleetTable):
    """A call in flight that no effect stands for (a read for a person)."""

    __tablename__ = "budget_holds"
    id: Mapped[Key]
    budget_key: Mapped[str] = mapped_column(index=True)
    since: Mapped[datetime]
    until: Mapped[datetime]


class FactRow(FleetTable):
    """Something read from a tenant and kept for a while (the organisation's time zone …)."""

    __tablename__ = "platform_facts"
    integration_id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[dict[str, Any]]
    read_at: Mapped[datetime]


class ContactLinkRow(FleetTable):
    """Which platform contact one of our customers, contacts or deals is.

    `history_read_at` is when its invoices from before the link were read.
    """

    __tablename__ = "contact_links"
    __table_args__ = (
        Index(
            "ix_contact_links_unread",
            "integration_id",
            postgresql_where=text("history_read_at IS NULL"),
        ),
    )
    integration_id: Mapped[UUID] = mapped_column(primary_key=True)
    entity_id: Mapped[UUID] = mapped_column(primary_key=True)
    entity: Mapped[str]
    platform_contact_id: Mapped[str]
    linked_by: Mapped[str]
    linked_at: Mapped[datetime] = mapped_column(server_default=func.now())
    history_read_at: Mapped[datetime | None]


class EmailConfigRow(FleetTable):
    """A workspace's sender identity for branded email; its token is its integration's."""

    __tablename__ = "email_configs"
    __table_args__ = (
        Index(None, "workspace_id", unique=True, postgresql_where=text("is_default")),
    )
    id: Mapped[Key]
    workspace_id: Mapped[UUID]
    is_default: Mapped[bool] = mapped_column(server_default=text("false"))
    credentials: Mapped[bytes | None]  # not used: a connection holds the token
    integration_id: Mapped[UUID | None] = mapped_column(ForeignKey("integrations.id"))
    settings: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))


class AttachmentRow(FleetTable):
    """A document fetched by one effect to go out with a later one; kept for a while."""

    __tablename__ = "attachments"
    __table_args__ = (Index(None, "created_at"),)
    effect_id: Mapped[Key]
    workspace_id: Mapped[UUID]
    name: Mapped[str]
    content_type: Mapped[str]
    content: Mapped[bytes]
    created_at: Mapped[datetime]


class ApiKeyRow(FleetTable):
    """An API key of a workspace; only its hash is kept.

    `paced_until` counts its calls, see `infra/database/pacing.py`.
    """

    __tablename__ = "api_keys"
    __table_args__ = (UniqueConstraint("hash"),)
    id: Mapped[Key]
    workspace_id: Mapped[UUID]
    name: Mapped[str]
    hash: Mapped[bytes]
    prefix: Mapped[str]
    scopes: Mapped[list[Any]]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    revoked_at: Mapped[datetime | None]
    paced_until: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
