"""What people look at: actions and their stories, dead letters, deals. Nothing here writes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from infra.database.engine import Transaction

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which actions to list; None and empty mean any. Times bound `created_at`."""

    workspace: UUID | None = None
    integration: UUID | None = None
    platform: str | None = None
    deal: UUID | None = None
    action_type: str | None = None
    statuses: Sequence[str] = ()
    created_before: datetime | None = None
    created_after: datetime | None = None
    ids: Sequence[UUID] | None = None
    after: tuple[datetime, UUID] | None = None  # of the last one of the page before
    limit: int = 50


_CONDITIONS: Mapping[str, str] = {
    "workspace": "a.workspace_id = :workspace",
    "integration": "a.integration_id = :integration",
    "platform": "a.platform = :platform",
    "deal": "a.deal_id = :deal",
    "action_type": "a.action_type = :action_type",
    "statuses": "a.status = ANY(:statuses)",
    "created_before": "a.created_at < :created_before",
    "created_after": "a.created_at > :created_after",
    "ids": "a.id = ANY(:ids)",
}

_ACTIONS = """
    SELECT a.id, a.workspace_id, a.key, a.action_type, a.platform, a.queue, a.integration_id,
           a.deal_id, a.params, a.data, a.requested_by, a.source, a.priority, a.status,
           a.status_by, a.status_reason, a.due_at, a.lease_until, a.cancel_requested_by, a.result,
           a.error, a.partial, a.created_at, a.finished_at, a.request_id, d.name AS deal,
           i.name AS integration,
           i.status AS integration_status, i.status_reason AS integration_reason, i.tenant_key,
           (SELECT max(t.id) FROM action_transitions t WHERE t.action_id = a.id) AS transition,
           e.name AS effect, e.state AS effect_state, e.next_step, e.attempt, e.lookups
    FROM actions a
    LEFT JOIN integrations i ON i.id = a.integration_id
    LEFT JOIN crm_deals d ON d.id = a.deal_id AND d.workspace_id = a.workspace_id
    LEFT JOIN LATERAL (SELECT name, state, next_step, attempt, lookups FROM effects
        WHERE action_id = a.id ORDER BY ordinal DESC LIMIT 1) e ON true
"""


def actions(tx: Transaction, wanted: Wanted) -> list[Row]:
    """Return the newest actions that fit, each with its integration, deal and latest effect."""
    values = {
        name: list(value) if name in {"statuses", "ids"} else value
        for name in _CONDITIONS
        if (value := getattr(wanted, name)) is not None and (value or name == "ids")
    }
    conditions = [*(_CONDITIONS[name] for name in values), *_unasked(wanted)]
    if wanted.after is not None:
        conditions.append("(a.created_at, a.id) < (:after_at, :after_id)")
        values["after_at"], values["after_id"] = wanted.after
    where = " AND ".join(conditions) or "true"
    query = f"{_ACTIONS} WHERE {where} ORDER BY a.created_at DESC, a.id DESC LIMIT :limit"
    return _rows(tx, query, **values, limit=wanted.limit)


def at_rest(tx: Transaction, ids: Sequence[UUID]) -> set[UUID]:
    """Return which of these actions nothing more happens to by itself: ended, or parked."""
    query = """
        SELECT id FROM actions
        WHERE id = ANY(:ids) AND (finished_at IS NOT NULL OR status = 'parked')
    """
    return {row["id"] for row in _rows(tx, query, ids=list(ids))} if ids else set()


def _unasked(wanted: Wanted) -> tuple[str, ...]:
    """Leave out deliveries of events, many for each action, where they are not asked for."""
    asked = (wanted.platform, wanted.integration, wanted.action_type, wanted.ids)
    return () if any(one is not None for one in asked) else ("a.platform <> 'webhook'",)


def action_ids(tx: Transaction, said: str) -> list[UUID]:
    """Return the actions a person may mean: by the beginning of the id, or by the request's id."""
    bounds = bounds_of(said)
    query = "SELECT id FROM actions WHERE key = :said OR key LIKE :starts"
    if bounds is not None:
        query += " OR id BETWEEN :low AND :high"
    starts = said.replace("\\", "").replace("%", "").replace("_", r"\_") + "%"
    low, high = bounds or (None, None)
    values = {"said": said, "starts": starts, "low": low, "high": high}
    if bounds is None:
        del values["low"], values["high"]
    return [row["id"] for row in _rows(tx, f"{query} LIMIT 6", **values)]


def bounds_of(said: str) -> tuple[UUID, UUID] | None:
    """Return the lowest and highest UUID that begin with these digits."""
    digits = said.replace("-", "").lower()
    if not digits or len(digits) > 32 or any(d not in "0123456789abcdef" for d in digits):
        return None
    return UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))


@dataclass(frozen=True, slots=True)
class Story:
    """An action with everything that is kept about it, each part in the order it happened."""

    action: Row
    effects: list[Row]
    attempts: list[Row]
    transitions: list[Row]
    invoices: list[Row]
    blocked: list[Row]


_EFFECTS = """
    SELECT e.id, e.ordinal, e.name, e.platform, e.state, e.generation, e.attempt, e.lookups,
           e.next_step, e.outcome, e.external_id, e.budget_key, e.created_at, e.finished_at,
           c.key, c.first_sent_at
    FROM effects e LEFT JOIN calls c ON c.id = e.call_id
    WHERE e.action_id = :id ORDER BY e.ordinal
"""
_ATTEMPTS = """
    SELECT id, effect_id, attempt, step, method, url, status, outcome, words, external_id,
           seconds, at
    FROM integration_log WHERE action_id = :id ORDER BY at, id
"""
_TRANSITIONS = """
    SELECT before, after, by, reason, at FROM action_transitions
    WHERE action_id = :id ORDER BY at, id
"""
_INVOICES = """
    SELECT v.id, v.number, v.status, v.portion, v.total, v.amount_due, v.currency, v.due_date,
           v.online_url, v.platform_invoice_id
    FROM invoices v JOIN effects e ON e.id = v.effect_id
    WHERE e.action_id = :id ORDER BY v.created_at
"""
_BLOCKED = """
    SELECT b.key, b.blocked_until FROM budgets b WHERE b.tenant = :tenant ORDER BY b.key
"""


def action(tx: Transaction, action_id: UUID, workspace: UUID | None = None) -> Row | None:
    """Return one action, or None when there is no such action (of the workspace)."""
    found = actions(tx, Wanted(workspace=workspace, ids=[action_id], limit=1))
    return found[0] if found else None


def story(tx: Transaction, action_id: UUID, workspace: UUID | None = None) -> Story | None:
    """Return an action's story, or None when there is no such action (of the workspace)."""
    found = action(tx, action_id, workspace)
    if found is None:
        return None
    tenant = f"{found['platform']}:{found['tenant_key']}"
    return Story(
        action=found,
        effects=_rows(tx, _EFFECTS, id=action_id),
        attempts=_rows(tx, _ATTEMPTS, id=action_id),
        transitions=_rows(tx, _TRANSITIONS, id=action_id),
        invoices=_rows(tx, _INVOICES, id=action_id),
        blocked=_rows(tx, _BLOCKED, tenant=tenant),
    )


def attempts(tx: Transaction, ids: Sequence[UUID]) -> list[Row]:
    """Return every attempt of these actions, in order."""
    query = """
        SELECT action_id, step, outcome, status, words, seconds, at FROM integration_log
        WHERE action_id = ANY(:ids) ORDER BY at, id
    """
    return _rows(tx, query, ids=list(ids))


def exchanges(tx: Transaction, action_id: UUID, limit: int = 100) -> list[Row]:
    """Return what was sent and answered for an action, redacted: the latest exchanges, in order."""
    query = """
        SELECT id, method, url, request, response, external_id FROM (
            SELECT * FROM integration_log WHERE action_id = :id ORDER BY at DESC, id DESC
            LIMIT :limit) l
        ORDER BY at, id
    """
    return _rows(tx, query, id=action_id, limit=limit)


def statuses(tx: Transaction, ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    """Return the statuses each of these actions has gone through."""
    query = """
        SELECT action_id, array_agg(after ORDER BY at, id) AS path FROM action_transitions
        WHERE action_id = ANY(:ids) GROUP BY action_id
    """
    return {row["action_id"]: row["path"] for row in _rows(tx, query, ids=list(ids))}


def dead_letters(tx: Transaction, *, settled: bool = False, limit: int = 50) -> list[Row]:
    """Return the newest dead letters: the open ones, or with `settled` all."""
    where = "true" if settled else "settled_at IS NULL"
    query = f"""
        SELECT id, source, reason, problems, headers, body, size, times, at, settled_at,
               settled_by, settled_how
        FROM dead_letters WHERE {where} ORDER BY at DESC LIMIT :limit
    """  # noqa: S608 - one of two constants
    return _rows(tx, query, limit=limit)


def dead_letter(tx: Transaction, said: str) -> list[Row]:
    """Return the dead letters whose id begins so."""
    bounds = bounds_of(said)
    if bounds is None:
        return []
    query = "SELECT * FROM dead_letters WHERE id BETWEEN :low AND :high LIMIT 6"
    return _rows(tx, query, low=bounds[0], high=bounds[1])


def deals(tx: Transaction, said: str) -> list[Row]:
    """Return the deals a person may mean: by the beginning of the id, or words of the name."""
    bounds = bounds_of(said)
    low, high = bounds or (UUID(int=0), UUID(int=0))
    query = """
        SELECT d.id, d.workspace_id, d.name, d.currency, c.name AS customer,
               concat_ws(' ', p.first_name, p.last_name) AS contact, p.email AS contact_email
        FROM crm_deals d
        LEFT JOIN crm_customers c ON c.id = d.customer_id
        LEFT JOIN crm_contacts p ON p.id = d.contact_id
        WHERE d.id BETWEEN :low AND :high OR position(lower(:said) IN lower(d.name)) > 0
        ORDER BY d.name LIMIT 6
    """
    return _rows(tx, query, low=low, high=high, said=said)


def deal_invoices(tx: Transaction, deal_id: UUID) -> list[Row]:
    """Return a deal's invoices, oldest first."""
    query = """
        SELECT id, number, status, portion, raised_as, origin, currency, total, amount_due,
               amount_paid, due_date, online_url, platform_invoice_id, integration_id
        FROM invoices WHERE deal_id = :id ORDER BY created_at, number
    """
    return _rows(tx, query, id=deal_id)


def deal_products(tx: Transaction, deal_id: UUID) -> list[Row]:
    """Return a deal's products as the CRM has them."""
    return _rows(tx, f"{_PRODUCTS} WHERE p.deal_id = :id {_IN_ORDER}", id=deal_id)


def workspace_products(tx: Transaction, workspace_id: UUID) -> list[Row]:
    """Return the products of every deal of a workspace."""
    return _rows(tx, f"{_PRODUCTS} WHERE p.workspace_id = :id {_IN_ORDER}", id=workspace_id)


_PRODUCTS = """
    SELECT p.id, p.name, p.quantity, p.unit_price, p.discount_percent, p.deposit_percent,
           p.payment_status, d.name AS deal
    FROM crm_deal_products p JOIN crm_deals d ON d.id = p.deal_id
"""
_IN_ORDER = "ORDER BY d.id, p.position, p.name"


def deal_history(tx: Transaction, deal_id: UUID) -> list[Row]:
    """Return every change of a payment status of the deal, oldest first."""
    query = """
        SELECT h.at, p.name AS product, h.before, h.after, h.by, h.reason, v.number AS invoice
        FROM payment_status_history h
        LEFT JOIN crm_deal_products p ON p.id = h.deal_product_id
        LEFT JOIN invoices v ON v.id = h.invoice_id
        WHERE h.deal_id = :id ORDER BY h.at, h.id
    """
    return _rows(tx, query, id=deal_id)


def _rows(tx: Transaction, query: str, **values: Any) -> list[Row]:
    return [dict(row) for row in tx.execute(text(query), values).mappings()]
