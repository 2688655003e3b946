"""What platforms told becomes syncs: one at a time for each integration, of what is stale.

Called by the endpoint's process right after it has stored something, and by beat for what was left
when that process died. The marks go away in the transaction that adds the sync, so that two who
come at once submit one.
"""

from datetime import datetime
from uuid import UUID

from infra.database import integrations, webhooks
from infra.database.engine import Transaction
from infra.logging import logger
from workers.fleet import Fleet
from workers.submit import add_own

IDS_MAX = 200
"""Five calls. Of more, reading whatever has changed, a thousand a page, is cheaper."""


def submit_syncs(fleet: Fleet, noted_before: datetime) -> int:
    """Submit the syncs that are worth it; return how many integrations were looked at."""
    with fleet.database.transaction() as tx:
        found = webhooks.ready(tx, noted_before)
        for integration_id in found:
            _submit(fleet, tx, integration_id)
    return len(found)


def _submit(fleet: Fleet, tx: Transaction, integration_id: UUID) -> None:
    integration = integrations.find(tx, integration_id)
    ids = webhooks.take_stale(tx, integration_id)
    if integration is None or not ids:
        return
    params = {"invoice_ids": ids} if len(ids) <= IDS_MAX else {}
    at = fleet.now()
    # The integration's row is locked: no other sync of it has this time in its key.
    key = f"webhook:{integration_id}:{at.isoformat()}"
    add_own(fleet, tx, "xero_sync_invoices", integration, key=key, by="webhook", params=params)
    logger().info("sync submitted", integration=str(integration_id), invoices=len(ids))
