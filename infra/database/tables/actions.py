"""Actions, their effects, the calls that went out, and the log of every attempt."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from infra.database.tables.base import FleetTable, Key, TxId


class ActionRow(FleetTable):
    """One request and what became of it.

    `lease_token` counts claims: whoever holds the latest one may conclude. A lease is void when its
    time is over or its owner's advisory lock is free. `rung_at` is when its doorbell was last rung.
    """

    __tablename__ = "actions"
    __table_args__ = (
        UniqueConstraint("workspace_id", "key"),
        Index(
            "ix_actions_due",
            "queue",
            "integration_id",
            "priority",
            "due_at",
            postgresql_where=text(
                "lease_owner IS NULL AND rung_at IS NULL"
                " AND status IN ('queued', 'running', 'waiting', 'reconciling')"
            ),
        ),
        Index(
            "ix_actions_rung",
            "queue",
            "integration_id",
            postgresql_where=text("rung_at IS NOT NULL"),
        ),
        Index(
            "ix_actions_leased",
            "lease_owner",
            postgresql_where=text("lease_owner IS NOT NULL"),
        ),
        Index(
            "ix_actions_scheduled",
            "integration_id",
            "created_at",
            postgresql_where=text("priority = 1"),
        ),
        Index(None, "workspace_id", "created_at"),
        Index(None, "deal_id", postgresql_where=text("deal_id IS NOT NULL")),
        Index(None, "integration_id", "created_at"),
        Index(
            "ix_actions_open_webhook",
            "integration_id",
            postgresql_where=text("source = 'webhook' AND finished_at IS NULL"),
        ),
        Index("ix_actions_parked", "platform", postgresql_where=text("status = 'parked'")),
        Index(None, "created_at", "id"),
        Index(
            "ix_actions_of_invoice",
            text("(params ->> 'invoice_id')"),
            postgresql_where=text("(params ->> 'invoice_id') IS NOT NULL"),
        ),
    )
    id: Mapped[Key]
    workspace_id: Mapped[UUID]
    integration_id: Mapped[UUID | None] = mapped_column(ForeignKey("integrations.id"))
    platform: Mapped[str]
    queue: Mapped[str]
    action_type: Mapped[str]
    key: Mapped[str]
    request_hash: Mapped[bytes]
    params: Mapped[dict[str, Any]]
    data: Mapped[dict[str, Any]]
    deal_id: Mapped[UUID | None]
    requested_by: Mapped[str | None]
    source: Mapped[str]
    priority: Mapped[int] = mapped_column(server_default="0")
    status: Mapped[str]
    status_by: Mapped[str] = mapped_column(server_default="fleet")
    status_reason: Mapped[str | None]
    due_at: Mapped[datetime]
    rung_at: Mapped[datetime | None]
    lease_owner: Mapped[UUID | None]
    lease_until: Mapped[datetime | None]
    lease_token: Mapped[int] = mapped_column(server_default="0")
    cancel_requested_by: Mapped[str | None]
    failures: Mapped[int] = mapped_column(server_default="0")  # in a row, of ours, before any call
    result: Mapped[dict[str, Any] | None]
    error: Mapped[dict[str, Any] | None]
    partial: Mapped[bool] = mapped_column(server_default=text("false"))
    traceparent: Mapped[str | None]  # the sender's W3C trace context
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]
    request_id: Mapped[str | None]  # of the HTTP call that submitted it


class EffectRow(FleetTable):
    """One call that changes something outside (or one read the plan needs), and its fate."""

    __tablename__ = "effects"
    __table_args__ = (
        UniqueConstraint("action_id", "ordinal"),
        Index(None, "budget_key", postgresql_where=text("in_flight")),
        Index(None, "integration_id", postgresql_where=text("integration_id IS NOT NULL")),
        Index(
            "ix_effects_open_payments",
            text("(inputs ->> 'invoice_id')"),
            postgresql_where=text(
                "name = 'xero.record_payment' AND state IN ('pending', 'started', 'unknown')"
            ),
        ),
        Index(None, "call_id", postgresql_where=text("call_id IS NOT NULL")),
        Index("ix_effects_unknown", "platform", postgresql_where=text("state = 'unknown'")),
    )
    id: Mapped[Key]
    action_id: Mapped[UUID] = mapped_column(ForeignKey("actions.id", ondelete="CASCADE"))
    ordinal: Mapped[int]
    name: Mapped[str]
    platform: Mapped[str]
    integration_id: Mapped[UUID | None]  # who carries it out, if not the action's own
    budget_key: Mapped[str]
    inputs: Mapped[dict[str, Any]]
    state: Mapped[str]
    generation: Mapped[int] = mapped_column(server_default="1")
    attempt: Mapped[int] = mapped_column(server_default="0")
    lookups: Mapped[int] = mapped_column(server_default="0")
    call_id: Mapped[UUID | None] = mapped_column(ForeignKey("calls.id"))
    batch_max: Mapped[int | None]  # how many may share its next call; None: the kind's own limit
    stated_id: Mapped[str | None]
    next_step: Mapped[str] = mapped_column(server_default="send")
    in_flight: Mapped[bool] = mapped_column(server_default=text("false"))
    outcome: Mapped[dict[str, Any] | None]
    external_id: Mapped[str | None]
    last_send_by: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]


class EffectSecretRow(FleetTable):
    """What an effect brought that only its asker may see, sealed; `id` is the effect's."""

    __tablename__ = "effect_secrets"
    id: Mapped[UUID] = mapped_column(ForeignKey("effects.id", ondelete="CASCADE"), primary_key=True)
    sealed: Mapped[bytes]
    created_at: Mapped[datetime]


class CallRow(FleetTable):
    """What goes out: bytes and key, frozen before the first send.

    `members` are effect ids, in the order of their elements. With several of them, `context` holds
    each one's own under `members`, by effect id.
    """

    __tablename__ = "calls"
    id: Mapped[Key]
    platform: Mapped[str]
    tenant_key: Mapped[str]
    key: Mapped[str]
    members: Mapped[list[Any]]
    method: Mapped[str]
    path: Mapped[str]
    query: Mapped[dict[str, Any]]
    body: Mapped[bytes | None]
    context: Mapped[dict[str, Any]]
    repeatable: Mapped[bool] = mapped_column(server_default=text("true"))
    first_sent_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class TransitionRow(FleetTable):
    """Every change of an action's status, written by a trigger so that none is forgotten."""

    __tablename__ = "action_transitions"
    __table_args__ = (
        Index(None, "action_id"),
        Index(None, "txid", postgresql_where=text("txid IS NOT NULL")),
    )
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    action_id: Mapped[UUID] = mapped_column(ForeignKey("actions.id", ondelete="CASCADE"))
    before: Mapped[str | None]
    after: Mapped[str]
    by: Mapped[str]
    reason: Mapped[str | None]
    at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    txid: Mapped[TxId]


class IntegrationLogRow(FleetTable):
    """One outgoing exchange (or an attempt that died), redacted. `seconds` is its duration."""

    __tablename__ = "integration_log"
    __table_args__ = (
        Index(None, "action_id"),
        Index(None, "at", postgresql_using="brin"),
        Index(None, "txid", postgresql_where=text("txid IS NOT NULL")),
    )
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    integration_id: Mapped[UUID | None]
    action_id: Mapped[UUID | None]
    effect_id: Mapped[UUID | None]
    attempt: Mapped[int]
    step: Mapped[str]
    method: Mapped[str | None]
    url: Mapped[str | None]
    request: Mapped[dict[str, Any] | None]
    status: Mapped[int | None]
    response: Mapped[dict[str, Any] | None]
    outcome: Mapped[str]
    words: Mapped[str | None]
    external_id: Mapped[str | None]
    seconds: Mapped[float]
    requested_by: Mapped[str | None]
    at: Mapped[datetime]
    txid: Mapped[TxId]
