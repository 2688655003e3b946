"""What people did to actions, dead letters and integrations."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from infra.database.tables.base import FleetTable


class AuditRow(FleetTable):
    """One command of a person, written in the transaction that carried it out.

    `subject` is `action`, `dead_letter` or `integration`; `said` is what it was answered.
    `workspace_id` is None for what belongs to none: dead letters.
    """

    __tablename__ = "audit"
    __table_args__ = (Index(None, "workspace_id", "id"), Index(None, "subject_id"))
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    who: Mapped[str]
    command: Mapped[str]
    subject: Mapped[str]
    subject_id: Mapped[UUID]
    workspace_id: Mapped[UUID | None]
    said: Mapped[str]
    details: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
