"""Sessions of people in the console."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from infra.database.tables.base import FleetTable, Key


class ConsoleSessionRow(FleetTable):
    """Somebody signed in, by an API key or by a signed link; only the cookie's hash is kept.

    `deal_id`: it sees that deal alone. `scopes` are a link's; with a key the key's count.
    `paced_until` counts its calls, see `infra/database/pacing.py`.
    """

    __tablename__ = "console_sessions"
    __table_args__ = (
        UniqueConstraint("hash"),
        UniqueConstraint("link_id"),
        Index(None, "expires_at"),
    )
    id: Mapped[Key]
    hash: Mapped[bytes]
    workspace_id: Mapped[UUID]
    key_id: Mapped[UUID | None] = mapped_column(ForeignKey("api_keys.id", ondelete="CASCADE"))
    link_id: Mapped[UUID | None]
    deal_id: Mapped[UUID | None]
    who: Mapped[str]
    scopes: Mapped[list[Any]]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    paced_until: Mapped[datetime | None]
