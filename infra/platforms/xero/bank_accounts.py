"""The organisation's active bank accounts as a payment needs them, and the last one used.

They are what people are shown to choose from (`xero_bank_accounts` in `reads.py`), in one cache.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from domain.actions.outcome import JsonObject, Outcome, Succeeded
from domain.actions.retry import Guarantee
from domain.invoices.paying import BankAccount
from infra.database import facts
from infra.database.engine import Transaction
from infra.platform import Call, EffectType, Preparation, Sent, Settlement
from infra.platforms.xero.reads import READS, SETTINGS_KEPT_FOR, bank_accounts_call
from infra.session import Session

FACT, LAST_USED = "read xero_bank_accounts", "last_bank_account"
KEPT_FOR = SETTINGS_KEPT_FOR
REMEMBERED_FOR = timedelta(days=36_500)  # until another one is used


def accounts_in(told: JsonObject) -> tuple[BankAccount, ...]:
    """Read back what the effect or the fact holds."""
    return tuple(BankAccount(one["account_id"], one["code"], one["name"]) for one in told["items"])


def last_used(tx: Transaction, integration_id: UUID, now: datetime) -> str | None:
    """Return the AccountID of the last payment recorded through the integration, if any."""
    fact = facts.fresh(tx, integration_id, LAST_USED, REMEMBERED_FOR, now)
    return None if fact is None else str(fact["account_id"])


def remember(tx: Transaction, integration_id: UUID, account_id: str, now: datetime) -> None:
    """Keep the account as the default of the next payment."""
    facts.keep(tx, integration_id, LAST_USED, {"account_id": account_id}, now)


def named(accounts: Sequence[BankAccount]) -> str:
    """Name the accounts there are, for a refusal."""
    return ", ".join(one.label for one in accounts) or "none"


def _prepare(_prep: Preparation) -> Call:
    return bank_accounts_call({})


def _perform(session: Session, _sent: Sent) -> Outcome:
    return READS["xero_bank_accounts"].perform(session, {})


def _settle(done: Settlement) -> None:
    if isinstance(done.outcome, Succeeded):
        facts.keep(done.tx, done.integration.id, FACT, done.outcome.result, done.now)


READ = EffectType(
    name="xero.read_bank_accounts",
    prepare=_prepare,
    perform=_perform,
    settle=_settle,
    guarantee=Guarantee(changes=False),
)
