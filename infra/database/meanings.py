"""What somebody means by a word: a deal, an invoice, an action, an integration, a workspace.

Each statement is within one workspace or, with None, everywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from infra.database.engine import Transaction
from infra.database.views import Row, bounds_of

MEANT_MAX = 50
"""So many things may be meant by what somebody writes."""
NO_ID = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Meant:
    """What somebody means by a word: deals, and actions by themselves or by their invoice."""

    deals: Sequence[UUID]
    ids: Sequence[UUID]


_WORKSPACES = """
    SELECT DISTINCT workspace_id AS id FROM integrations WHERE workspace_id BETWEEN :low AND :high
    LIMIT :most
"""
_INTEGRATIONS = """
    SELECT id FROM integrations
    WHERE (id BETWEEN :low AND :high OR position(lower(:said) IN lower(name)) > 0
           OR platform = lower(:said))
      AND (CAST(:workspace AS uuid) IS NULL OR workspace_id = :workspace)
    ORDER BY name, id LIMIT :most
"""


def workspaces_meant(tx: Transaction, said: str) -> list[UUID]:
    """Return the workspaces somebody may mean by an id or its beginning."""
    between = bounds_of(said)
    if between is None:
        return []
    given = {"low": between[0], "high": between[1], "most": MEANT_MAX}
    return list(tx.execute(text(_WORKSPACES), given).scalars())


def integrations_meant(tx: Transaction, workspace: UUID | None, said: str) -> list[UUID]:
    """Return the integrations somebody may mean: by id or its beginning, by name, by platform."""
    low, high = bounds_of(said) or (NO_ID, NO_ID)
    given = {"workspace": workspace, "low": low, "high": high, "said": said, "most": MEANT_MAX}
    return list(tx.execute(text(_INTEGRATIONS), given).scalars())


def meant(tx: Transaction, workspace: UUID | None, said: str) -> Meant:
    """Return what somebody may mean: a deal, an invoice, an action, a request."""
    ids = actions_meant(tx, workspace, said)
    ids += [one for one in actions_of_invoice(tx, workspace, said) if one not in ids]
    return Meant(deals_meant(tx, workspace, said), ids)


_DEALS = """
    SELECT d.id FROM crm_deals d
    WHERE (CAST(:workspace AS uuid) IS NULL OR d.workspace_id = :workspace)
      AND (d.id BETWEEN :low AND :high OR position(lower(:said) IN lower(d.name)) > 0)
    ORDER BY d.name, d.id LIMIT :most
"""


def deals_meant(tx: Transaction, workspace: UUID | None, said: str) -> list[UUID]:
    """Return the deals somebody may mean by an id, its beginning, or words of a name."""
    low, high = bounds_of(said) or (NO_ID, NO_ID)
    if low == high and low.int:
        return [low]  # a whole id: the CRM need not know it any more
    given = {"workspace": workspace, "low": low, "high": high, "said": said, "most": MEANT_MAX}
    return list(tx.execute(text(_DEALS), given).scalars())


# By number, by our id or by the platform's: who raised it, and who was asked to do something to it.
_OF_INVOICE = """
    WITH invoice AS (
        SELECT id, effect_id, platform_invoice_id FROM invoices
        WHERE number IN (:said, upper(:said))
          AND (CAST(:workspace AS uuid) IS NULL OR workspace_id = :workspace)
        UNION
        SELECT id, effect_id, platform_invoice_id FROM invoices
        WHERE id = CAST(:id AS uuid)
          AND (CAST(:workspace AS uuid) IS NULL OR workspace_id = :workspace)
        UNION
        SELECT v.id, v.effect_id, v.platform_invoice_id FROM integrations i
        JOIN invoices v ON v.integration_id = i.id AND v.platform_invoice_id = :said
        WHERE i.platform = 'xero' AND (CAST(:workspace AS uuid) IS NULL
                                       OR i.workspace_id = :workspace)
    )
    SELECT e.action_id FROM invoice v JOIN effects e ON e.id = v.effect_id
    UNION
    SELECT a.id FROM actions a
    WHERE (a.params ->> 'invoice_id') IN (
        SELECT id::text FROM invoice UNION SELECT platform_invoice_id FROM invoice)
      AND (CAST(:workspace AS uuid) IS NULL OR a.workspace_id = :workspace)
    LIMIT :most
"""


def actions_of_invoice(tx: Transaction, workspace: UUID | None, said: str) -> list[UUID]:
    """Return the actions that raised an invoice or were asked for it: by number or either id."""
    low, high = bounds_of(said) or (None, None)
    known = str(low) if low is not None and low == high else said
    given = {
        "workspace": workspace,
        "said": known,
        "id": low if low == high else None,
        "most": MEANT_MAX,
    }
    return list(tx.execute(text(_OF_INVOICE), given).scalars())


_BY_ID = """
    SELECT id FROM actions
    WHERE id BETWEEN :low AND :high
      AND (CAST(:workspace AS uuid) IS NULL OR workspace_id = :workspace)
    LIMIT :most
"""
_BY_KEY = """
    SELECT a.id FROM (SELECT DISTINCT workspace_id FROM integrations) w
    JOIN actions a ON a.workspace_id = w.workspace_id AND a.key = :said
    WHERE CAST(:workspace AS uuid) IS NULL OR w.workspace_id = :workspace
    LIMIT :most
"""


def actions_meant(tx: Transaction, workspace: UUID | None, said: str) -> list[UUID]:
    """Return the actions somebody may mean: by the beginning of the id, or by the request's id."""
    given = {"workspace": workspace, "said": said, "most": MEANT_MAX}
    found = list(tx.execute(text(_BY_KEY), given).scalars())
    between = bounds_of(said)
    if between is not None:
        given = {"workspace": workspace, "low": between[0], "high": between[1], "most": MEANT_MAX}
        found += [one for one in tx.execute(text(_BY_ID), given).scalars() if one not in found]
    return found


_NAMED = """
    SELECT d.id, d.workspace_id, d.name, d.currency, c.name AS customer,
           concat_ws(' ', p.first_name, p.last_name) AS contact
    FROM crm_deals d
    LEFT JOIN crm_customers c ON c.id = d.customer_id
    LEFT JOIN crm_contacts p ON p.id = d.contact_id
    WHERE d.id = ANY(:ids) AND (CAST(:workspace AS uuid) IS NULL OR d.workspace_id = :workspace)
    ORDER BY d.name, d.id
"""


def deals(tx: Transaction, workspace: UUID | None, ids: Sequence[UUID]) -> list[Row]:
    """Return these deals by name, as the CRM has them."""
    given = {"workspace": workspace, "ids": list(ids)}
    return [dict(row) for row in tx.execute(text(_NAMED), given).mappings()]
