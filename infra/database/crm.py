"""Statements over the CRM's tables: read, and written only in `payment_status`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import or_, select, update

from domain.contacts import Entity, Party
from domain.email.recipients import Person
from domain.invoices.portions import DealProduct
from domain.invoices.recurring import CatalogueProduct
from domain.payments.status import PaymentStatus
from infra.database.engine import Transaction
from infra.database.tables import CrmContact, CrmCustomer, CrmDeal, CrmDealProduct, CrmProduct


@dataclass(frozen=True, slots=True)
class DealFacts:
    """A deal, without its products."""

    id: UUID
    workspace_id: UUID
    name: str
    currency: str | None
    customer_id: UUID | None
    contact_id: UUID | None


def find_deal(tx: Transaction, workspace_id: UUID, deal_id: UUID) -> DealFacts | None:
    """Return a deal of the workspace, or None when the workspace has no such deal."""
    row = tx.execute(
        select(
            CrmDeal.id,
            CrmDeal.workspace_id,
            CrmDeal.name,
            CrmDeal.currency,
            CrmDeal.customer_id,
            CrmDeal.contact_id,
        ).where(CrmDeal.id == deal_id, CrmDeal.workspace_id == workspace_id)
    ).one_or_none()
    return None if row is None else DealFacts(*row)


def is_anothers(tx: Transaction, workspace_id: UUID, deal_id: UUID) -> bool:
    """Is the deal there, and of another workspace?"""
    wanted = select(CrmDeal.id).where(CrmDeal.id == deal_id, CrmDeal.workspace_id != workspace_id)
    return tx.execute(wanted).first() is not None


def find_customer(tx: Transaction, workspace_id: UUID, customer_id: UUID) -> Party | None:
    """Return a company of the workspace, or None."""
    row = tx.execute(
        select(CrmCustomer.name, CrmCustomer.email).where(
            CrmCustomer.id == customer_id, CrmCustomer.workspace_id == workspace_id
        )
    ).one_or_none()
    if row is None:
        return None
    return Party(Entity.CUSTOMER, customer_id, _plain(row.name) or "", _plain(row.email))


def find_contact(tx: Transaction, workspace_id: UUID, contact_id: UUID) -> Party | None:
    """Return a person of the workspace, named by first and last name, else by email; or None."""
    row = tx.execute(
        select(CrmContact.first_name, CrmContact.last_name, CrmContact.email).where(
            CrmContact.id == contact_id, CrmContact.workspace_id == workspace_id
        )
    ).one_or_none()
    if row is None:
        return None
    names = filter(None, (_plain(row.first_name), _plain(row.last_name)))
    email = _plain(row.email)
    return Party(Entity.CONTACT, contact_id, " ".join(names) or email or "", email)


def find_person(tx: Transaction, workspace_id: UUID, contact_id: UUID) -> Person | None:
    """Return how a contact of the workspace is written to, or None."""
    row = tx.execute(
        select(CrmContact.email, CrmContact.first_name).where(
            CrmContact.id == contact_id, CrmContact.workspace_id == workspace_id
        )
    ).one_or_none()
    return None if row is None else Person(_plain(row.email), _plain(row.first_name))


def party_of(tx: Transaction, deal: DealFacts) -> Party | None:
    """Return whom the deal is invoiced to: its customer, else its primary contact, else None."""
    customer = deal.customer_id and find_customer(tx, deal.workspace_id, deal.customer_id)
    contact = deal.contact_id and find_contact(tx, deal.workspace_id, deal.contact_id)
    return customer or contact or None


def deals_of_parties(tx: Transaction, workspace_id: UUID, ids: Iterable[UUID]) -> set[UUID]:
    """Return the deals whose customer or primary contact is one of `ids`."""
    wanted = list(ids)
    rows = tx.execute(
        select(CrmDeal.id).where(
            CrmDeal.workspace_id == workspace_id,
            or_(CrmDeal.customer_id.in_(wanted), CrmDeal.contact_id.in_(wanted)),
        )
    )
    return set(rows.scalars())


def deal_products(tx: Transaction, deal_id: UUID) -> tuple[DealProduct, ...]:
    """Return a deal's product lines in their order, completed from the catalogue products."""
    line, product = CrmDealProduct, CrmProduct
    rows = tx.execute(
        select(
            *(line.id, line.deal_id, line.name, line.description, line.quantity, line.unit_price),
            *(line.discount_percent, line.payment_status, line.product_id),
            line.deposit_percent.label("own_deposit"),
            *(product.deposit_percent, product.category),
            *(product.account_code, product.tax_type),
        )
        .join(product, product.id == line.product_id, isouter=True)
        .where(line.deal_id == deal_id)
        .order_by(line.position, line.id)
    )
    return tuple(
        DealProduct(
            id=row.id,
            deal_id=row.deal_id,
            name=row.name,
            quantity=row.quantity,
            unit_price=row.unit_price,
            discount_percent=row.discount_percent,
            deposit_percent=(row.deposit_percent if row.own_deposit is None else row.own_deposit),
            payment_status=PaymentStatus(row.payment_status),
            category=row.category or "One-Off",
            description=row.description,
            product_id=row.product_id,
            account_code=row.account_code,
            tax_type=row.tax_type,
        )
        for row in rows
    )


def catalogue_products(
    tx: Transaction, workspace_id: UUID, ids: Sequence[UUID]
) -> tuple[CatalogueProduct, ...]:
    """Return those of the catalogue's products that the workspace has, in the order of `ids`."""
    product = CrmProduct
    rows = tx.execute(
        select(
            product.id, product.name, product.unit_price, product.category, product.description
        ).where(product.id.in_(list(ids)), product.workspace_id == workspace_id)
    )
    found = {row.id: row for row in rows}
    return tuple(
        CatalogueProduct(
            id=row.id,
            name=row.name,
            unit_price=row.unit_price,
            category=row.category or "One-Off",
            description=row.description,
        )
        for row in (found[one] for one in dict.fromkeys(ids) if one in found)
    )


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a deal product stands."""

    id: UUID
    workspace_id: UUID
    deal_id: UUID
    status: PaymentStatus


def find_standing(tx: Transaction, deal_product_id: UUID, *, lock: bool = False) -> Standing | None:
    """Return where a deal product stands, or None; `lock` holds its row until the commit."""
    statement = select(
        CrmDealProduct.id,
        CrmDealProduct.workspace_id,
        CrmDealProduct.deal_id,
        CrmDealProduct.payment_status,
    ).where(CrmDealProduct.id == deal_product_id)
    row = tx.execute(statement.with_for_update() if lock else statement).one_or_none()
    if row is None:
        return None
    return Standing(row.id, row.workspace_id, row.deal_id, PaymentStatus(row.payment_status))


def set_payment_status(tx: Transaction, deal_product_id: UUID, status: PaymentStatus) -> None:
    """Write the one column of the CRM's that is ours to write."""
    tx.execute(
        update(CrmDealProduct)
        .where(CrmDealProduct.id == deal_product_id)
        .values(payment_status=status.value)
    )


def _plain(text: str | None) -> str | None:
    return (text or "").strip() or None
