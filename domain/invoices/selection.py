"""From a request and a deal to the invoice that would be raised, and to the preview of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from domain.invoices.asking import Wish
from domain.invoices.choices import LineChoice, LineState, choose, open_balance_in_words
from domain.invoices.draft import BalanceOpen, InvoiceDraft, InvoiceLine
from domain.invoices.ledger import Ledger
from domain.invoices.lines import (
    TEMPLATE_UNIT_DECIMALS,
    UNIT_DECIMALS,
    LineContent,
    balance_in_words,
    deposit_in_words,
    itemised_line,
    lump_line,
)
from domain.invoices.portions import DealProduct, Portion
from domain.invoices.precedence import (
    InvoiceParams,
    InvoiceSources,
    InvoiceTerms,
    code_problems,
    line_codes,
    resolve_terms,
)
from domain.invoices.refusal import InvoiceRefused, Problem
from domain.money import exact_sum, worded

_NAMES = "params.deal_product_ids"


@dataclass(frozen=True, slots=True)
class Deal:
    """A deal as far as invoices go: its products, and what was and is being billed of them."""

    id: UUID
    products: tuple[DealProduct, ...]
    ledger: Ledger = field(default_factory=Ledger)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A preview: the draft as it stands, a row for every deal product, and every problem."""

    draft: InvoiceDraft
    rows: tuple[LineChoice, ...]
    problems: tuple[Problem, ...]


def propose(params: InvoiceParams, deal: Deal, sources: InvoiceSources) -> Proposal:
    """Work out the invoice a request asks for, without refusing it: what a preview shows."""
    terms, terms_problems = resolve_terms(params, sources)
    wish = Wish(
        params.portion,
        terms.currency,
        terms.line_amount_types,
        deal.ledger,
        _places(params.deal_product_ids),
        params.include_usage_based,
    )
    rows = tuple(choose(wish, product) for product in deal.products)
    chosen = [row for row in rows if row.state is LineState.CHOSEN]
    draft = _draft(params, sources, terms, rows)
    problems = [
        *terms_problems,
        *_name_problems(params.deal_product_ids, deal),
        *(problem for row in rows for problem in row.problems),
        *code_problems([row.product for row in chosen], params, sources.settings),
    ]
    problems += _nothing_to_invoice(wish, rows, problems)
    return Proposal(draft, rows, tuple(problems))


def draft_invoice(params: InvoiceParams, deal: Deal, sources: InvoiceSources) -> InvoiceDraft:
    """Return the invoice a request asks for.

    Raises:
        InvoiceRefused: anything is wrong with the request or the deal; it holds every problem.
    """
    proposal = propose(params, deal, sources)
    if proposal.problems:
        raise InvoiceRefused(proposal.problems)
    return proposal.draft


def _places(ids: Sequence[UUID] | None) -> dict[UUID, int] | None:
    return None if ids is None else {given: place for place, given in enumerate(ids)}


def _draft(
    params: InvoiceParams,
    sources: InvoiceSources,
    terms: InvoiceTerms,
    rows: tuple[LineChoice, ...],
) -> InvoiceDraft:
    lines = tuple(
        _line(row, params, sources, terms.currency) for row in rows if row.state is LineState.CHOSEN
    )
    return InvoiceDraft(
        params.portion,
        terms,
        lines,
        subtotal=exact_sum(line.amount for line in lines),
        warnings=tuple(row.warning for row in rows if row.warning),
        skipped=tuple(row for row in rows if row.state is LineState.SKIPPED),
        balance_open=tuple(
            BalanceOpen(row.product.id, row.balance_open)
            for row in rows
            if row.balance_open is not None
        ),
    )


def _line(
    row: LineChoice, params: InvoiceParams, sources: InvoiceSources, currency: str
) -> InvoiceLine:
    content = _content(row, params.portion, currency)
    codes = line_codes(row.product, params, sources.settings)
    return InvoiceLine(
        row.product.id,
        content.description,
        content.quantity,
        content.unit_amount,
        content.discount_rate,
        content.amount,
        codes.account_code,
        codes.tax_type,
        row.warning,
        row.over_invoiced_by,
    )


def _content(row: LineChoice, portion: Portion, currency: str) -> LineContent:
    product = row.product
    if portion is Portion.DEPOSIT:
        return lump_line(product, row.amount, deposit_in_words(product, currency))
    if portion is Portion.BALANCE:
        return lump_line(product, row.amount, balance_in_words(product, row.amount, currency))
    decimals = TEMPLATE_UNIT_DECIMALS if portion is Portion.ONGOING else UNIT_DECIMALS
    return itemised_line(product, currency, decimals)


def _name_problems(ids: Sequence[UUID] | None, deal: Deal) -> Iterator[Problem]:
    if ids is None:
        return
    if not ids:
        yield Problem(_NAMES, "names no product; name some, or leave it out for the defaults")
    known = {product.id for product in deal.products}
    for place, given in enumerate(ids):
        if given not in known:
            yield Problem(f"{_NAMES}[{place}]", f"{given} is no product of deal {deal.id}")
        elif given in ids[:place]:
            yield Problem(f"{_NAMES}[{place}]", f"{given} is named twice; name it once")


def _nothing_to_invoice(
    wish: Wish, rows: Sequence[LineChoice], found: Sequence[Problem]
) -> list[Problem]:
    """Say so when no money is chosen, unless another problem already explains it."""
    chosen = [row for row in rows if row.state is LineState.CHOSEN]
    if any(row.amount for row in chosen) or any(_explains(problem) for problem in found):
        return []
    nothing = f"nothing to invoice as {wish.portion.value}"
    if not rows:
        return [Problem(_NAMES, f"{nothing}: the deal has no products")]
    if chosen:
        zero = worded(Decimal(0), wish.currency)
        return [Problem(_NAMES, f"{nothing}: every chosen line comes to {zero}")]
    reasons = "; ".join(f"{row.product.name}: {row.reason}{_cure(row, wish)}" for row in rows)
    return [Problem(_NAMES, f"{nothing} ({reasons})")]


def _explains(problem: Problem) -> bool:
    return problem.path.startswith((_NAMES, "deal_products["))


def _cure(row: LineChoice, wish: Wish) -> str:
    if row.balance_open is None:
        return ""
    owed = (
        ""
        if wish.portion is Portion.BALANCE
        else (f"; {open_balance_in_words(row.balance_open, wish.currency)}")
    )
    return f"{owed}; name {row.product.id} with portion balance to bill it"
