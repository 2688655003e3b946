"""An open transaction with an integration, a deal and a line."""

from uuid import uuid4

import pytest
from sqlalchemy import insert

from infra.database.tables import CrmDeal, CrmDealProduct, IntegrationRow
from tests.database.books import INTEGRATION, WORKSPACE


@pytest.fixture
def tx(database):
    with database.transaction() as open_:
        open_.execute(
            insert(IntegrationRow).values(
                id=INTEGRATION, workspace_id=WORKSPACE, platform="xero", name="x", tenant_key="t"
            )
        )
        yield open_


@pytest.fixture
def deal(tx):
    deal_id = uuid4()
    tx.execute(insert(CrmDeal).values(id=deal_id, workspace_id=WORKSPACE, name="d"))
    return deal_id


@pytest.fixture
def line(tx, deal):
    line_id = uuid4()
    tx.execute(
        insert(CrmDealProduct).values(
            id=line_id, workspace_id=WORKSPACE, deal_id=deal, name="p",
            quantity=1, unit_price=100, deposit_percent=30,
        )
    )  # fmt: skip
    return line_id
