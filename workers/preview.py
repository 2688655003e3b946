"""What an invoice would be, without raising it: lines with reasons, money, and what stays open.

Nothing is written and nothing changes anywhere. What has to be known of the organisation (its date,
its tax rates) comes from `workers/reading.py`; where it cannot be had, the preview says so.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from domain.actions.outcome import JsonObject
from domain.invoices.choices import LineChoice, LineState
from domain.invoices.draft import InvoiceLine, preview_tax
from domain.invoices.portions import LineAmountTypes, Portion
from domain.invoices.precedence import InvoiceParams, InvoiceSources
from domain.invoices.refusal import Problem
from domain.invoices.selection import Proposal, propose
from domain.payments.status import PaymentStatus
from infra.database import billing, crm, integrations
from infra.envelope import Problem as Refusal
from infra.envelope import Refused
from infra.platform import Integration
from infra.platforms.xero import organisation
from infra.platforms.xero.invoices import settings_of
from infra.platforms.xero.wishes import invoice_wish
from workers import reading
from workers.fleet import Fleet

PARAMS = "infra.platforms.xero.read_params:PreviewInvoice"
DUE_DATE = "params.due_date"


@dataclass(frozen=True, slots=True)
class PreviewLine:
    """One deal product. `amount` and `tax` are what this invoice would bill of it, if chosen.

    `tax` is None where its rate is not known. `remaining_to_invoice` is what is not invoiced yet,
    `remaining_after` what will not be once this invoice is raised; both 0 when over-invoiced, and
    None for a repeating invoice, which bills anew each time.
    """

    deal_product_id: UUID
    name: str
    quantity: Decimal
    unit_price: Decimal
    discount_percent: Decimal
    payment_status: PaymentStatus
    state: LineState
    reason: str
    amount: Decimal
    tax: Decimal | None
    account_code: str | None
    tax_type: str | None
    remaining_to_invoice: Decimal | None
    remaining_after: Decimal | None
    over_invoiced_by: Decimal
    balance_open: Decimal | None
    warning: str | None

    @property
    def is_chosen(self) -> bool:
        """It would be on the invoice."""
        return self.state is LineState.CHOSEN


@dataclass(frozen=True, slots=True)
class Preview:
    """An invoice as it would be raised now. Amounts are in `currency`.

    `due_date` None: by the contact's terms, or none. `tax` and `total` leave out what
    `unknown_tax_types` names. `problems` would refuse the invoice; `notes` say what could not be
    found out, or may still differ.
    """

    deal_id: UUID
    portion: Portion
    currency: str
    line_amount_types: LineAmountTypes
    date: dt.date
    due_date: dt.date | None
    lines: tuple[PreviewLine, ...]
    subtotal: Decimal
    tax: Decimal
    total: Decimal
    unknown_tax_types: tuple[str, ...]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]
    problems: tuple[Problem, ...]


def preview(  # noqa: PLR0913 - whom, for what, and who asks
    fleet: Fleet,
    integration_id: UUID,
    deal_id: UUID,
    params: Mapping[str, Any],
    *,
    asked_by: str,
    workspace_id: UUID | None = None,
) -> Preview:
    """Work out the invoice that these params would raise for a deal, and raise nothing.

    Raises:
        Refused: the integration, the deal or the params are wrong; every problem is named.
    """
    from infra.wire import checked_params  # noqa: PLC0415 - loads pydantic

    given = checked_params(PARAMS, params)
    wish = replace(invoice_wish(given), include_usage_based=given["include_usage_based"])
    with fleet.database.reading() as tx:
        integration = integrations.find(tx, integration_id)
        if integration is None or workspace_id not in {None, integration.workspace_id}:
            words = "no integration with this id in the workspace"
            raise Refused([Refusal("integration_id", words)])
        deal = crm.find_deal(tx, integration.workspace_id, deal_id)
        if deal is None:
            raise Refused([Refusal("data.deal.id", f"no deal {deal_id} in this workspace")])
        billed = billing.billing_of(tx, deal_id)
    known = _ask(fleet, integration, asked_by)
    sources = InvoiceSources(
        today=known.today,
        base_currency=known.base_currency or deal.currency or "",
        deal_currency=deal.currency,
        settings=settings_of(integration.settings),
    )
    return _preview(deal_id, wish, propose(wish, billed, sources), known)


@dataclass(frozen=True, slots=True)
class _Known:
    """What could be found out of the organisation."""

    today: dt.date
    base_currency: str | None
    rates: Mapping[str, Decimal]
    notes: tuple[str, ...]


def _ask(fleet: Fleet, integration: Integration, asked_by: str) -> _Known:
    notes: list[str] = []

    def ask(name: str, without: str) -> tuple[JsonObject, ...]:
        try:
            found = reading.ask(fleet, integration.id, name, {}, asked_by=asked_by)
        except reading.NotReadable as error:
            notes.append(f"{without}: {error}")
            return ()
        if found.stale is not None:
            notes.append(f"{name} is as of {found.read_at:%Y-%m-%d %H:%M} UTC: {found.stale}")
        return found.items

    told = ask("xero_organisation", "the organisation's date and currency are not known")
    rates = ask("xero_tax_rates", "the tax rates are not known, so no tax is shown")
    now = fleet.now()
    return _Known(
        today=_today(told, integration, now),
        base_currency=told[0]["base_currency"] if told else None,
        rates={rate["tax_type"]: Decimal(rate["rate"]) for rate in rates},
        notes=tuple(notes),
    )


def _today(told: tuple[JsonObject, ...], integration: Integration, now: datetime) -> dt.date:
    there = organisation.today(told[0], integration.settings, now) if told else None
    return there or now.date()


def _preview(deal_id: UUID, wish: InvoiceParams, found: Proposal, known: _Known) -> Preview:
    draft = found.draft
    estimate = preview_tax(draft, known.rates)
    recurs = wish.portion is Portion.ONGOING
    raised = {
        line.deal_product_id: (line, tax)
        for line, tax in zip(draft.lines, estimate.per_line, strict=True)
    }
    # The contact's own terms are only known once it is: whether it has any is found out then.
    problems = tuple(problem for problem in found.problems if problem.path != DUE_DATE)
    notes = [*known.notes, *([estimate.note] if estimate.note else [])]
    if estimate.unknown_tax_types:
        names = ", ".join(estimate.unknown_tax_types)
        notes.append(f"no tax is counted for tax type {names}: its rate is not known")
    if not recurs and wish.due_date is None:
        notes.append("the due date follows the Xero contact's payment terms, if it has any")
    return Preview(
        deal_id=deal_id,
        portion=wish.portion,
        currency=draft.terms.currency,
        line_amount_types=draft.terms.line_amount_types,
        date=known.today,
        due_date=draft.terms.due_date,
        lines=tuple(_line(row, *raised.get(row.product.id, (None, None)), recurs=recurs)
                    for row in found.rows),
        subtotal=draft.subtotal,
        tax=estimate.tax,
        total=estimate.total,
        unknown_tax_types=estimate.unknown_tax_types,
        warnings=draft.warnings,
        notes=tuple(notes),
        problems=problems,
    )  # fmt: skip


def _line(
    row: LineChoice, line: InvoiceLine | None, tax: Decimal | None, *, recurs: bool
) -> PreviewLine:
    product, zero = row.product, Decimal(0)
    left = max(zero, row.remaining)
    billed = zero if line is None else line.amount
    return PreviewLine(
        deal_product_id=product.id,
        name=product.name,
        quantity=product.quantity,
        unit_price=product.unit_price,
        discount_percent=product.discount_percent,
        payment_status=product.payment_status,
        state=row.state,
        reason=row.reason,
        amount=row.amount,
        tax=tax,
        account_code=None if line is None else line.account_code,
        tax_type=None if line is None else line.tax_type,
        remaining_to_invoice=None if recurs else left,
        remaining_after=None if recurs else max(zero, left - billed),
        over_invoiced_by=row.over_invoiced_by if line is not None else zero,
        balance_open=row.balance_open,
        warning=row.warning,
    )
