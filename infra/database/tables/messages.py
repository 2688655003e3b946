"""What is told (outbox), what was heard (inbox), what could not be understood (dead letters)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, Text, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from infra.database.tables.base import FleetTable, Key


class OutboxRow(FleetTable):
    """An event, committed with what it tells. `id` gives the order, `event_id` the identity.

    `txid` is the transaction that wrote it: what later ones see of an order that stays.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("event_id"),
        UniqueConstraint("deal_id", "sequence"),
        Index(None, "workspace_id", "txid", "id"),
        Index("ix_outbox_unpublished", "id", postgresql_where=text("published_at IS NULL")),
        Index(
            "ix_outbox_promotions",
            "published_at",
            postgresql_where=text("type = 'invoice.promotion_due' AND consumed_at IS NULL"),
        ),
        Index("ix_outbox_created_at", "created_at", postgresql_using="brin"),
        Index("ix_outbox_published_at", "published_at", postgresql_using="brin"),
    )
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    event_id: Mapped[UUID]
    workspace_id: Mapped[UUID]
    deal_id: Mapped[UUID | None]
    sequence: Mapped[int | None]
    type: Mapped[str]
    subject: Mapped[str]
    data: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    published_at: Mapped[datetime | None]
    publish_count: Mapped[int] = mapped_column(server_default="0")
    consumed_at: Mapped[datetime | None]
    txid: Mapped[int] = mapped_column(
        BigInteger, server_default=text("(pg_current_xact_id())::text::bigint")
    )
    traceparent: Mapped[str | None]  # where in whose trace it was written


class DealStreamRow(FleetTable):
    """A deal's row for locking and for numbering its events without gaps."""

    __tablename__ = "deal_streams"
    deal_id: Mapped[Key]
    sequence: Mapped[int] = mapped_column(server_default="0")


class InboxRow(FleetTable):
    """An event a consumer has dealt with, in the transaction that dealt with it."""

    __tablename__ = "inbox"
    consumer: Mapped[str] = mapped_column(primary_key=True)
    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.now())


class DeadLetterRow(FleetTable):
    """A message nobody could understand, kept whole with the reason."""

    __tablename__ = "dead_letters"
    __table_args__ = (
        UniqueConstraint("fingerprint"),
        Index(None, "at"),
        Index("ix_dead_letters_open", "at", postgresql_where=text("settled_at IS NULL")),
    )
    id: Mapped[Key]
    fingerprint: Mapped[bytes]
    source: Mapped[str]
    reason: Mapped[str]
    problems: Mapped[list[Any]]
    headers: Mapped[dict[str, Any]]
    body: Mapped[bytes]
    size: Mapped[int]
    times: Mapped[int] = mapped_column(server_default="1")
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[str | None]
    settled_how: Mapped[str | None]


class PeriodicTickRow(FleetTable):
    """A tick of the clock that some beat has taken: unique, so two beats are one."""

    __tablename__ = "periodic_ticks"
    name: Mapped[str] = mapped_column(primary_key=True)
    slot: Mapped[datetime] = mapped_column(primary_key=True)
    taken_at: Mapped[datetime] = mapped_column(server_default=func.now())


class IncarnationRow(FleetTable):
    """A running process. It holds the advisory lock `lock_key`; when that is free, it is gone."""

    __tablename__ = "incarnations"
    id: Mapped[Key]
    lock_key: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str]
    host: Mapped[str]
    pid: Mapped[int]
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())


class TallyRow(FleetTable):
    """What happened, counted for monitoring: `count` times, `seconds` in all, at last `latest`.

    The row `counted_to` holds the transaction up to which everything is counted.
    """

    __tablename__ = "tallies"
    name: Mapped[str] = mapped_column(primary_key=True)
    labels: Mapped[list[str]] = mapped_column(ARRAY(Text), primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger)
    seconds: Mapped[float] = mapped_column(server_default="0")
    latest: Mapped[datetime | None]
