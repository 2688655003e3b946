"""What a repeating invoice bills: a deal's products, or the catalogue's where there is no deal.

Products are named either as lines of the deal or as products of the catalogue. The latter are
found on the deal when there is one, since what they cost was agreed there.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from uuid import UUID

from domain.invoices.choices import LineState
from domain.invoices.draft import InvoiceDraft
from domain.invoices.portions import DealProduct, Portion
from domain.invoices.precedence import InvoiceParams, InvoiceSources
from domain.invoices.refusal import InvoiceRefused, Problem
from domain.invoices.selection import Deal, Proposal, propose

NO_DEAL = UUID(int=0)
_PLACE = re.compile(r"params\.deal_product_ids\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class CatalogueProduct:
    """A product as the catalogue has it; without a price it can only be billed from a deal."""

    id: UUID
    name: str
    unit_price: Decimal | None
    category: str = "One-Off"
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a request names: lines of the deal, or products of the catalogue; never both.

    `terms` holds the rest of the request (portion ongoing); its `deal_product_ids` are not read.
    """

    terms: InvoiceParams
    deal_product_ids: tuple[UUID, ...] | None = None
    product_ids: tuple[UUID, ...] | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """A product that was named and contributes no line, and why."""

    name: str
    reason: str
    deal_product_id: UUID | None = None
    product_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class RecurringDraft:
    """A template to set up: its lines with the product of each, and what was left out."""

    draft: InvoiceDraft
    products: Mapping[UUID, DealProduct] = field(default_factory=dict)
    skipped: tuple[Skipped, ...] = ()
    problems: tuple[Problem, ...] = ()


def propose_recurring(
    wanted: Wanted,
    deal: Deal | None,
    catalogue: Sequence[CatalogueProduct],
    sources: InvoiceSources,
) -> RecurringDraft:
    """Work out the template a request asks for, with every problem, without refusing it."""
    known, ids, missing = _resolved(wanted, deal, catalogue)
    params = replace(wanted.terms, portion=Portion.ONGOING, deal_product_ids=ids)
    proposal = propose(params, known, sources)
    problems = [_renamed(one, wanted, known, ids) for one in proposal.problems]
    if missing and not ids:
        # None of them is on the deal: that is the reason, not that nothing was named.
        words = ", ".join(one.name for one in missing)
        problems = [p for p in problems if not p.path.startswith("params.product_ids")]
        problems.append(Problem("params.product_ids", f"the deal has none of: {words}"))
    problems += [*_named_twice(wanted.product_ids or ()), *_priceless(wanted, deal, catalogue)]
    on_deal = deal is not None
    return RecurringDraft(
        proposal.draft,
        {product.id: product for product in known.products},
        (*_left_out(proposal, ids, on_deal=on_deal), *missing),
        tuple(problems),
    )


def draft_recurring(
    wanted: Wanted,
    deal: Deal | None,
    catalogue: Sequence[CatalogueProduct],
    sources: InvoiceSources,
) -> RecurringDraft:
    """Return the template a request asks for.

    Raises:
        InvoiceRefused: anything is wrong with it; it holds every problem.
    """
    found = propose_recurring(wanted, deal, catalogue, sources)
    if found.problems:
        raise InvoiceRefused(found.problems)
    return found


def _resolved(
    wanted: Wanted, deal: Deal | None, catalogue: Sequence[CatalogueProduct]
) -> tuple[Deal, tuple[UUID, ...] | None, tuple[Skipped, ...]]:
    """Return the products to choose from, the ids chosen of them, and what is not on the deal."""
    if wanted.product_ids is None:
        return deal or Deal(NO_DEAL, ()), wanted.deal_product_ids, ()
    named = tuple(dict.fromkeys(wanted.product_ids))
    if deal is None:
        return Deal(NO_DEAL, tuple(map(_as_line, catalogue))), named, ()
    ids = tuple(
        line.id for product_id in named for line in deal.products if line.product_id == product_id
    )
    there = {line.product_id for line in deal.products}
    names = {product.id: product.name for product in catalogue}
    missing = tuple(
        Skipped(names.get(one, str(one)), "it is not on the deal", product_id=one)
        for one in named
        if one not in there
    )
    return deal, ids, missing


def _as_line(product: CatalogueProduct) -> DealProduct:
    return DealProduct(
        id=product.id,
        deal_id=NO_DEAL,
        name=product.name,
        quantity=Decimal(1),
        unit_price=product.unit_price or Decimal(0),
        category=product.category,
        description=product.description,
        product_id=product.id,
    )


def _left_out(
    proposal: Proposal, ids: tuple[UUID, ...] | None, *, on_deal: bool
) -> tuple[Skipped, ...]:
    return tuple(
        Skipped(
            row.product.name,
            row.reason,
            row.product.id if on_deal else None,
            row.product.product_id,
        )
        for row in proposal.rows
        if row.state is LineState.SKIPPED and (ids is None or row.product.id in ids)
    )


def _named_twice(ids: Sequence[UUID]) -> Iterator[Problem]:
    for place, one in enumerate(ids):
        if one in ids[:place]:
            yield Problem(f"params.product_ids[{place}]", f"{one} is named twice; name it once")


def _priceless(
    wanted: Wanted, deal: Deal | None, catalogue: Sequence[CatalogueProduct]
) -> list[Problem]:
    if deal is not None or wanted.product_ids is None:
        return []
    without = {one.id: one.name for one in catalogue if one.unit_price is None}
    words = "has no price in the catalogue; give it one, or bill it from a deal"
    return [
        Problem(f"params.product_ids[{place}]", f"{without[one]} {words}")
        for place, one in enumerate(wanted.product_ids)
        if one in without
    ]


def _renamed(
    problem: Problem, wanted: Wanted, known: Deal, ids: tuple[UUID, ...] | None
) -> Problem:
    """Let a problem name the field that the request really has."""
    if wanted.product_ids is None:
        return problem
    found = _PLACE.match(problem.path)
    if found is None or ids is None:
        path = problem.path.replace("params.deal_product_ids", "params.product_ids")
        return Problem(path, problem.message)
    line = ids[int(found.group(1))]
    product = next((one.product_id for one in known.products if one.id == line), line)
    place = wanted.product_ids.index(product or line)
    return Problem(f"params.product_ids[{place}]", problem.message)
