"""The CRM's tables, as far as the fleet reads them. The CRM owns their schema."""

from decimal import Decimal
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from infra.database.tables.base import CrmTable, Key


class CrmCustomer(CrmTable):
    """A company."""

    __tablename__ = "crm_customers"
    id: Mapped[Key]
    workspace_id: Mapped[UUID]
    name: Mapped[str]
    email: Mapped[str | None]
    phone: Mapped[str | None]


class CrmContact(CrmTable):
    """A person."""

    __tablename__ = "crm_contacts"
    id: Mapped[Key]
    workspace_id: Mapped[UUID]
    first_name: Mapped[str | None]
    last_name: Mapped[str | None]
    email: Mapped[str | None]
    phone: Mapped[str | None]
    customer_id: Mapped[UUID | None]


class CrmDeal(CrmTable):
    """An opportunity."""

    __tablename__ = "crm_deals"
    id: Mapped[Key]
    workspace_id: Mapped[UUID]
    name: Mapped[str]
    currency: Mapped[str | None]
    contact_id: Mapped[UUID | None]
    customer_id: Mapped[UUID | None]


class CrmProduct(CrmTable):
    """A catalogue product."""

    __tablename__ = "crm_products"
    id: Mapped[Key]
    workspace_id: Mapped[UUID]
    name: Mapped[str]
    description: Mapped[str | None]
    category: Mapped[str | None]
    unit_price: Mapped[Decimal | None]
    deposit_percent: Mapped[Decimal | None]
    account_code: Mapped[str | None]
    tax_type: Mapped[str | None]


class CrmDealProduct(CrmTable):
    """A product line on a deal. Percentages are 0 to 100."""

    __tablename__ = "crm_deal_products"
    __table_args__ = (Index(None, "deal_id"),)
    id: Mapped[Key]
    workspace_id: Mapped[UUID]
    deal_id: Mapped[UUID] = mapped_column(ForeignKey("crm_deals.id"))
    product_id: Mapped[UUID | None]
    name: Mapped[str]
    description: Mapped[str | None]
    quantity: Mapped[Decimal]
    unit_price: Mapped[Decimal]
    discount_percent: Mapped[Decimal] = mapped_column(server_default="0")
    deposit_percent: Mapped[Decimal | None]
    payment_status: Mapped[str] = mapped_column(server_default="unpaid")
    position: Mapped[int] = mapped_column(server_default="0")
