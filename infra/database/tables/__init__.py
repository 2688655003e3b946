"""Every table, typed. Only `infra.database` reads or writes them."""

from infra.database.tables.actions import (
    ActionRow,
    CallRow,
    EffectRow,
    EffectSecretRow,
    IntegrationLogRow,
    TransitionRow,
)
from infra.database.tables.audit import AuditRow
from infra.database.tables.base import CrmTable, FleetTable
from infra.database.tables.console import ConsoleSessionRow
from infra.database.tables.crm import CrmContact, CrmCustomer, CrmDeal, CrmDealProduct, CrmProduct
from infra.database.tables.integrations import (
    ApiKeyRow,
    AttachmentRow,
    BudgetHoldRow,
    BudgetRow,
    ConnectionRow,
    ContactLinkRow,
    EmailConfigRow,
    FactRow,
    IntegrationRow,
    TenantTurnRow,
)
from infra.database.tables.invoices import (
    InvoiceLineRow,
    InvoiceRow,
    PaymentStatusHistoryRow,
    PromotionRow,
    ReservationRow,
    SyncCursorRow,
)
from infra.database.tables.messages import (
    DeadLetterRow,
    DealStreamRow,
    InboxRow,
    IncarnationRow,
    OutboxRow,
    PeriodicTickRow,
    TallyRow,
)
from infra.database.tables.repeating import RepeatingClaimRow, RepeatingInvoiceRow
from infra.database.tables.webhooks import CallbackRow, StaleInvoiceRow, WebhookEventRow

__all__ = [
    "ActionRow",
    "ApiKeyRow",
    "AttachmentRow",
    "AuditRow",
    "BudgetHoldRow",
    "BudgetRow",
    "CallRow",
    "CallbackRow",
    "ConnectionRow",
    "ConsoleSessionRow",
    "ContactLinkRow",
    "CrmContact",
    "CrmCustomer",
    "CrmDeal",
    "CrmDealProduct",
    "CrmProduct",
    "CrmTable",
    "DeadLetterRow",
    "DealStreamRow",
    "EffectRow",
    "EffectSecretRow",
    "EmailConfigRow",
    "FactRow",
    "FleetTable",
    "InboxRow",
    "IncarnationRow",
    "IntegrationLogRow",
    "IntegrationRow",
    "InvoiceLineRow",
    "InvoiceRow",
    "OutboxRow",
    "PaymentStatusHistoryRow",
    "PeriodicTickRow",
    "PromotionRow",
    "RepeatingClaimRow",
    "RepeatingInvoiceRow",
    "ReservationRow",
    "StaleInvoiceRow",
    "SyncCursorRow",
    "TallyRow",
    "TenantTurnRow",
    "TransitionRow",
    "WebhookEventRow",
]
