"""Where an invoice's settings come from: the request first, then what is known of the rest."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TypeVar
from uuid import UUID

from domain.invoices.due_dates import TERM_DAYS_MAX, PaymentTerms, due_date
from domain.invoices.portions import DealProduct, LineAmountTypes, Portion
from domain.invoices.refusal import Problem
from domain.invoices.xero_status import InvoiceStatus
from domain.money import is_currency

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class InvoiceParams:
    """What the request says. `deal_product_ids` None leaves the choice to the smart defaults."""

    portion: Portion = Portion.FULL
    deal_product_ids: tuple[UUID, ...] | None = None
    status: InvoiceStatus = InvoiceStatus.AUTHORISED
    due_date: date | None = None
    account_code: str | None = None
    tax_type: str | None = None
    currency: str | None = None
    line_amount_types: LineAmountTypes | None = None
    include_usage_based: bool = False


@dataclass(frozen=True, slots=True)
class InvoiceSettings:
    """What the integration is set to. `due_days` counts days after the invoice date."""

    account_code: str | None = None
    tax_type: str | None = None
    due_days: int | None = None
    line_amount_types: LineAmountTypes | None = None


@dataclass(frozen=True, slots=True)
class InvoiceSources:
    """What else is known: `today` and `base_currency` are the organisation's."""

    today: date
    base_currency: str
    deal_currency: str | None = None
    contact_terms: PaymentTerms | None = None
    settings: InvoiceSettings = field(default_factory=InvoiceSettings)


@dataclass(frozen=True, slots=True)
class InvoiceTerms:
    """The settings of one invoice, all sources weighed. `due_date` None is left to Xero."""

    status: InvoiceStatus
    currency: str
    line_amount_types: LineAmountTypes
    due_date: date | None


def first_given(*candidates: T | None) -> T | None:
    """Return the first candidate that is neither None nor empty text, else None."""
    return next((given for given in candidates if given not in {None, ""}), None)


def resolve_terms(
    params: InvoiceParams, sources: InvoiceSources
) -> tuple[InvoiceTerms, tuple[Problem, ...]]:
    """Weigh the sources of every setting that holds for the whole invoice.

    currency: request, deal, organisation's base currency. line_amount_types: request, integration
    setting, Exclusive (Xero's own default). due_date: request, contact's payment terms, days set
    on the integration; required unless the invoice is a DRAFT or ongoing (a repeating template
    has terms of its own). Returns the terms and every problem with them.
    """
    settings = sources.settings
    terms = InvoiceTerms(
        status=params.status,
        currency=first_given(params.currency, sources.deal_currency) or sources.base_currency,
        line_amount_types=first_given(params.line_amount_types, settings.line_amount_types)
        or LineAmountTypes.EXCLUSIVE,
        due_date=None if params.portion is Portion.ONGOING else _due_date(params, sources),
    )
    return terms, tuple(_terms_problems(params, sources, terms))


def _due_date(params: InvoiceParams, sources: InvoiceSources) -> date | None:
    if params.due_date is not None:
        return params.due_date
    if sources.contact_terms is not None:
        return due_date(sources.today, sources.contact_terms)
    days = sources.settings.due_days
    if days is None or not _is_term(days):
        return None
    return sources.today + timedelta(days=days)


def _is_term(days: int) -> bool:
    return 0 <= days <= TERM_DAYS_MAX


def _terms_problems(
    params: InvoiceParams, sources: InvoiceSources, terms: InvoiceTerms
) -> Iterator[Problem]:
    if not params.status.is_creatable:
        yield Problem(
            "params.status",
            f"an invoice cannot be created as {params.status.value}; "
            "use DRAFT, SUBMITTED or AUTHORISED",
        )
    if not is_currency(terms.currency):
        yield Problem(
            "params.currency",
            f"{terms.currency!r} is no ISO 4217 code such as AUD; correct it here or on the deal",
        )
    if params.portion is Portion.ONGOING:
        return
    days = sources.settings.due_days
    if days is not None and not _is_term(days):
        yield Problem("settings.due_days", f"{days} is not between 0 and {TERM_DAYS_MAX} days")
    elif terms.due_date is None and params.status is not InvoiceStatus.DRAFT:
        yield Problem(
            "params.due_date",
            "is missing: give it, set payment terms on the Xero contact, or set due_days on the "
            "integration",
        )


@dataclass(frozen=True, slots=True)
class LineCodes:
    """What a line is booked to and taxed as; None only on a DRAFT."""

    account_code: str | None
    tax_type: str | None


def line_codes(product: DealProduct, params: InvoiceParams, settings: InvoiceSettings) -> LineCodes:
    """Return a line's codes, each from the request, else the product, else the integration."""
    return LineCodes(
        first_given(params.account_code, product.account_code, settings.account_code),
        first_given(params.tax_type, product.tax_type, settings.tax_type),
    )


def code_problems(
    products: Sequence[DealProduct], params: InvoiceParams, settings: InvoiceSettings
) -> tuple[Problem, ...]:
    """Return a problem for each code that some product lacks, naming the products.

    A DRAFT may lack both.
    """
    if params.status is InvoiceStatus.DRAFT:
        return ()
    problems = []
    for code in ("account_code", "tax_type"):
        lacking = [p.name for p in products if not getattr(line_codes(p, params, settings), code)]
        if lacking:
            message = (
                f"is missing for {', '.join(lacking)}: give it, set it on the product, set it on "
                "the integration, or raise the invoice as DRAFT"
            )
            problems.append(Problem(f"params.{code}", message))
    return tuple(problems)
