"""An invoice's arithmetic as Xero does it: per line to 2 decimals, tax per line, then summed."""

from decimal import ROUND_HALF_UP, Decimal

from infra.sandbox.wire import Document
from infra.sandbox.xero.books import Books

_CENT = Decimal("0.01")
_HUNDRED = Decimal(100)


def half_up(value: Decimal, places: int = 2) -> Decimal:
    """Round half up to that many decimals."""
    return value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def line_amount(line: Document) -> Decimal:
    """Return quantity x unit amount less discount, rounded."""
    gross = Decimal(line.get("Quantity") or 0) * Decimal(line.get("UnitAmount") or 0)
    if line.get("DiscountAmount"):
        return half_up(gross - Decimal(line["DiscountAmount"]))
    discount = Decimal(line.get("DiscountRate") or 0)
    return half_up(gross * (_HUNDRED - discount) / _HUNDRED)


def tax_amount(amount: Decimal, rate: Decimal, line_amount_types: str) -> Decimal:
    """Return the tax on (or within) a line; `rate` in percent."""
    if line_amount_types == "NoTax":
        return Decimal("0.00")
    if line_amount_types == "Inclusive":
        return half_up(amount - amount * _HUNDRED / (_HUNDRED + rate))
    return half_up(amount * rate / _HUNDRED)


def compute(invoice: Document, books: Books) -> Document:
    """Return the invoice with every amount of its lines and its totals worked out."""
    kind = invoice["LineAmountTypes"]
    lines = []
    for line in invoice["LineItems"]:
        rate = books.tax_rate(line.get("TaxType") or "NONE")
        percent = Decimal(rate["EffectiveRate"]) if rate else Decimal(0)
        amount = line_amount(line)
        given = line.get("GivenTaxAmount")
        tax = half_up(Decimal(given)) if given is not None else tax_amount(amount, percent, kind)
        lines.append({**line, "LineAmount": amount, "TaxAmount": tax})
    total_tax = sum((line["TaxAmount"] for line in lines), Decimal("0.00"))
    of_lines = sum((line["LineAmount"] for line in lines), Decimal("0.00"))
    net = of_lines - total_tax if kind == "Inclusive" else of_lines
    total = net + total_tax
    paid = Decimal(invoice.get("AmountPaid") or 0)
    return {
        **invoice,
        "LineItems": lines,
        "SubTotal": net,
        "TotalTax": total_tax,
        "Total": total,
        "AmountPaid": paid,
        "AmountDue": (total - paid).quantize(_CENT),
    }
