"""The sample workspace: a web studio in Sydney, its customers and deals, against the sandbox.

`python -m workers.sample` migrates, loads it and prints how to use it as JSON. Loading again
changes nothing. A second workspace, with an organisation of its own, shows that nothing crosses.
"""

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from domain.access import Scope
from infra.crypto import Vault
from infra.database.engine import Database, Transaction
from infra.database.migrate import migrate
from infra.database.tables import (
    ApiKeyRow,
    ConnectionRow,
    CrmContact,
    CrmCustomer,
    CrmDeal,
    CrmDealProduct,
    CrmProduct,
    CrmTable,
    FleetTable,
    IntegrationRow,
)
from infra.embedded.ledger import write_private
from infra.sandbox import seed
from infra.sandbox.activecampaign import seed as activecampaign
from infra.sandbox.calcom import seed as calcom
from infra.sandbox.facebook import seed as facebook
from infra.sandbox.portant import seed as portant
from infra.sandbox.zoom import seed as zoom
from infra.settings import Settings, SettingsError, settings
from workers.api_keys import SHOWN, digest_of, new_secret


def fixed(prefix: str) -> UUID:
    """Return the UUID that begins with `prefix`; the sample's are all of this form."""
    return UUID(f"{prefix:0<8}-0000-4000-8000-000000000000")


def _numbered(number: int) -> UUID:
    return UUID(f"b2000000-0000-4000-8000-{number:012d}")


STUDIO, JOINERY = fixed("a1"), fixed("a2")
XERO, SLACK, JOINERY_XERO = fixed("b1"), fixed("b2"), fixed("b3")
FACEBOOK, PORTANT, ACTIVECAMPAIGN, CALCOM, ZOOM = map(_numbered, range(3, 8))

_XERO_TOKENS = {
    "client_id": seed.CLIENT_ID,
    "client_secret": seed.CLIENT_SECRET,
    "access_token": seed.ACCESS_TOKEN,
    "refresh_token": seed.REFRESH_TOKEN,
}
_SLACK_TOKEN = {"token": seed.SLACK_TOKEN}
_INVOICING = {"account_code": seed.SALES_ACCOUNT, "tax_type": "OUTPUT", "due_days": 14}

_CALLBACK_SECRET = "callbacks-of-the-sample"  # noqa: S105 - it opens a simulation
_ZOOM_APP = {
    "kind": "s2s",
    "account_id": zoom.ACCOUNT,
    "client_id": zoom.S2S_CLIENT_ID,
    "client_secret": zoom.S2S_CLIENT_SECRET,
}

Credentials = Mapping[str, str]
Row = tuple[UUID, UUID, str, str, str, Credentials, Mapping[str, Any]]


def _integrations(sandbox_url: str) -> tuple[Row, ...]:
    """Id, workspace, platform, name, tenant, credentials, settings."""
    campaigns = {
        "api_url": f"{sandbox_url}/activecampaign",
        "api_key": activecampaign.API_KEY,
    }
    workflow = {
        "webhook_url": f"{sandbox_url}/portant/{portant.WORKFLOW}",
        "callback_secret": _CALLBACK_SECRET,
    }
    dataset = {"access_token": facebook.TOKEN, "dataset_id": facebook.DATASET}
    return (
        (XERO, STUDIO, "xero", "Tidewater Studio (Xero)", seed.TENANT_ONE, _XERO_TOKENS,
         _INVOICING),
        (SLACK, STUDIO, "slack", "Tidewater Studio (Slack)", seed.SLACK_TEAM, _SLACK_TOKEN, {}),
        (FACEBOOK, STUDIO, "facebook", "Tidewater Studio (Meta)", facebook.DATASET, dataset, {}),
        (PORTANT, STUDIO, "portant", portant.WORKFLOW_NAME, "sample", workflow, {}),
        (ACTIVECAMPAIGN, STUDIO, "activecampaign", "Tidewater Studio (ActiveCampaign)",
         activecampaign.ACCOUNT, campaigns, {}),
        (CALCOM, STUDIO, "calcom", "Jo's Cal.com", str(calcom.CALCOM_USER),
         {"api_key": calcom.CALCOM_API_KEY}, {}),
        (ZOOM, STUDIO, "zoom", "Tidewater Studio (Zoom)", zoom.ACCOUNT, _ZOOM_APP,
         {"kind": "s2s"}),
        (JOINERY_XERO, JOINERY, "xero", "Southbank Joinery (Xero)", seed.TENANT_TWO, _XERO_TOKENS,
         _INVOICING),
    )  # fmt: skip


# id, workspace, name, email, phone
_CUSTOMERS = (
    ("c1", STUDIO, "Brightside Dental Pty Ltd", "ap@brightsidedental.example", "02 5550 1200"),
    ("c2", STUDIO, "Kestrel & Lane Accountants", "office@kestrellane.example", "02 5550 1201"),
    ("c3", STUDIO, "Harbour Freight Logistics", "payables@harbourfreight.example", "02 5550 1202"),
    ("c4", JOINERY, "Yarra Terrace Cafés", "books@yarraterrace.example", "03 7010 2200"),
)  # fmt: skip

# id, workspace, first name, last name, email, customer
_CONTACTS = (
    ("e1", STUDIO, "Priya", "Raman", "priya@brightsidedental.example", "c1"),
    ("e2", STUDIO, "Tom", "Lane", "tom@kestrellane.example", "c2"),
    ("e3", STUDIO, "Aroha", "Ngata", "aroha@harbourfreight.example", "c3"),
    ("e4", STUDIO, "Mia", "Nguyen", "mia@wattlelane.example", None),
    ("e5", JOINERY, "Luca", "Ferri", "luca@yarraterrace.example", "c4"),
)

# id, workspace, name, category, unit price, deposit percent
_PRODUCTS = (
    ("f1", STUDIO, "Website design and build", "One-Off", "8400.00", "40"),
    ("f2", STUDIO, "Copywriting, per page", "One-Off", "145.00", "50"),
    ("f3", STUDIO, "Support, per hour", "One-Off", "165.00", None),
    ("f4", STUDIO, "Managed hosting, per month", "Recurring", "320.00", None),
    ("f5", STUDIO, "Data transfer, per GB", "Usage-Based", "0.0875", None),
    ("f6", STUDIO, "Online ordering set-up", "One-Off", "2200.00", "30"),
    ("f7", STUDIO, "Team workshop", "One-Off", "950.00", None),
    ("f8", JOINERY, "Oak counter, made to measure", "One-Off", "6380.00", "50"),
)

# id, workspace, name, customer, contact
_DEALS = (
    ("d1", STUDIO, "Brightside Dental: new website", "c1", "e1"),
    ("d2", STUDIO, "Kestrel & Lane: support, first quarter", "c2", "e2"),
    ("d3", STUDIO, "Harbour Freight: hosting and data", "c3", "e3"),
    ("d4", STUDIO, "Wattle Lane: online ordering", None, "e4"),
    ("d5", JOINERY, "Yarra Terrace: counter and shelves", "c4", "e5"),
)

# id (begins with its deal's), product, quantity, unit price, discount percent, deposit percent
_DEAL_PRODUCTS = (
    ("d101", "f1", "1", "8400.00", "0", "40"),
    ("d102", "f2", "12", "145.00", "10", "50"),
    ("d201", "f3", "24", "165.00", "5", None),
    ("d202", "f7", "1", "950.00", "0", None),
    ("d301", "f4", "3", "320.00", "0", None),
    ("d302", "f5", "1480", "0.0875", "0", None),
    ("d401", "f6", "1", "2200.00", "12.5", "30"),
    ("d402", "f2", "4", "145.00", "0", "33.3333"),
    ("d501", "f8", "1", "6380.00", "0", "50"),
)


def load(tx: Transaction, vault: Vault, sandbox_url: str) -> None:
    """Load both workspaces; what is there already stays as it is."""
    _load_integrations(tx, vault, sandbox_url)
    products = {row[0]: row for row in _PRODUCTS}
    workspaces = {row[0]: row[1] for row in _DEALS}
    _insert(tx, CrmCustomer, (
        {"id": fixed(i), "workspace_id": w, "name": name, "email": email, "phone": phone}
        for i, w, name, email, phone in _CUSTOMERS
    ))  # fmt: skip
    _insert(tx, CrmContact, (
        {"id": fixed(i), "workspace_id": w, "first_name": first, "last_name": last,
         "email": email, "customer_id": customer and fixed(customer)}
        for i, w, first, last, email, customer in _CONTACTS
    ))  # fmt: skip
    _insert(tx, CrmProduct, (
        {"id": fixed(i), "workspace_id": w, "name": name, "category": category,
         "unit_price": price, "deposit_percent": deposit}
        for i, w, name, category, price, deposit in _PRODUCTS
    ))  # fmt: skip
    _insert(tx, CrmDeal, (
        {"id": fixed(i), "workspace_id": w, "name": name, "currency": "AUD",
         "customer_id": customer and fixed(customer), "contact_id": fixed(contact)}
        for i, w, name, customer, contact in _DEALS
    ))  # fmt: skip
    _insert(tx, CrmDealProduct, (
        {"id": fixed(i), "workspace_id": workspaces[i[:2]], "deal_id": fixed(i[:2]),
         "product_id": fixed(product), "name": products[product][2], "quantity": quantity,
         "unit_price": price, "discount_percent": discount, "deposit_percent": deposit,
         "position": int(i[2:])}
        for i, product, quantity, price, discount, deposit in _DEAL_PRODUCTS
    ))  # fmt: skip


def _load_integrations(tx: Transaction, vault: Vault, sandbox_url: str) -> None:
    rows = _integrations(sandbox_url)
    for integration_id, workspace, platform, name, tenant, credentials, chosen in rows:
        connection = {"id": integration_id, "workspace_id": workspace, "platform": platform}
        sealed = vault.lock(credentials)
        _insert(tx, ConnectionRow, [connection | {"credentials": sealed}])
        _mend(tx, vault, integration_id, sealed)
        row = connection | {"connection_id": integration_id, "name": name, "tenant_key": tenant}
        _insert(tx, IntegrationRow, [row | {"settings": dict(chosen)}])


def _mend(tx: Transaction, vault: Vault, connection_id: UUID, sealed: bytes) -> None:
    """Replace credentials that an earlier run locked with a key that is gone."""
    mine = ConnectionRow.id == connection_id
    try:
        vault.unlock(tx.execute(select(ConnectionRow.credentials).where(mine)).scalar_one())
    except SettingsError:
        newer = {"credentials": sealed, "version": ConnectionRow.version + 1}
        tx.execute(update(ConnectionRow).where(mine).values(newer))


def _insert(
    tx: Transaction, table: type[FleetTable | CrmTable], rows: Iterable[Mapping[str, Any]]
) -> None:
    tx.execute(insert(table).on_conflict_do_nothing(), [dict(row) for row in rows])


def api_key(tx: Transaction, state: Path) -> str:
    """Return the sample workspace's API key: made once, kept in the state folder, stored hashed."""
    file = state / "api_key"
    if not file.exists():
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(file, new_secret())
    key = file.read_text(encoding="ascii")
    row = {
        "id": uuid4(),
        "workspace_id": STUDIO,
        "name": "sample",
        "hash": digest_of(key),
        "prefix": key[:SHOWN],
        "scopes": list(Scope),
    }
    _insert(tx, ApiKeyRow, [row])
    return key


def described() -> dict[str, Any]:
    """Return the ids a person needs to send requests of their own."""
    return {
        "workspace_id": str(STUDIO),
        "integrations": {
            platform: str(integration_id)
            for integration_id, workspace, platform, *_ in _integrations("")
            if workspace == STUDIO
        },
        "callbacks": {"portant": f"/callbacks/{PORTANT}/{_CALLBACK_SECRET}"},
        "deals": [
            {
                "id": str(fixed(deal)),
                "name": name,
                "deal_product_ids": [
                    str(fixed(row[0])) for row in _DEAL_PRODUCTS if row[0].startswith(deal)
                ],
            }
            for deal, workspace, name, *_ in _DEALS
            if workspace == STUDIO
        ],
    }


def prepare(chosen: Settings) -> dict[str, Any]:
    """Migrate with the CRM's tables, load the sample, and return how to use it."""
    database = Database(chosen)
    try:
        migrate(database, with_crm_tables=True)
        with database.transaction() as tx:
            load(tx, Vault(chosen), chosen.slack_api_url.removesuffix("/slack/api"))
            key = api_key(tx, Path(chosen.state_dir))
    finally:
        database.dispose()
    return {"api_key": key, **described()}


if __name__ == "__main__":
    json.dump(prepare(settings()), sys.stdout)
