"""What every table shares: naming of constraints, aware times, UUID keys."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from sqlalchemy import BigInteger, Date, DateTime, MetaData, Numeric, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, mapped_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

TYPES = {
    UUID: Uuid(),
    str: Text(),
    datetime: DateTime(timezone=True),
    date: Date(),
    dict[str, Any]: JSONB(),
    list[Any]: JSONB(),
    Decimal: Numeric(24, 8),
}

Key = Annotated[UUID, mapped_column(primary_key=True)]

TxId = Annotated[
    int | None,
    mapped_column(BigInteger, server_default=text("(pg_current_xact_id()::text::bigint)")),
]
"""The transaction that wrote a row: what is not yet counted is found by it (`tallies`)."""


class FleetTable(DeclarativeBase):
    """Base of the fleet's own tables."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = TYPES


class CrmTable(DeclarativeBase):
    """Base of the CRM's tables: read, and written only in `payment_status`."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = TYPES
