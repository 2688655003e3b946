"""What an invoice's email says when nobody says otherwise, and how its values are written."""

import datetime as dt
from decimal import Decimal

from domain.email.merge_tags import Values
from domain.money import round_half_up

DEFAULT_SUBJECT = "Invoice {{xero.invoice_number}} from {{company.name}}"
DEFAULT_BODY = """\
Hi {{contact.first_name}},

Here is invoice {{xero.invoice_number}} for {{xero.total}}, due {{xero.due_date}}.

If you have any questions, just reply to this email.

Thank you,
{{company.name}}"""

NOBODY = "there"
"""How somebody without a known first name is addressed: "Hi there"."""

SUBJECT_CHARACTERS_MAX = 500

_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_SYMBOLS = {
    **dict.fromkeys(("AUD", "CAD", "NZD", "SGD", "HKD", "USD"), "$"),
    "EUR": "€",
    "GBP": "£",
    "JPY": "¥",
}


def money(amount: Decimal, currency: str) -> str:
    """Write an amount as an invoice does: `$1,234.50 AUD`; without a known symbol `1,234.50 CHF`.

    The code stays beside the symbol: half a dozen currencies are dollars.
    """
    return f"{_SYMBOLS.get(currency, '')}{round_half_up(amount, currency):,f} {currency}"


def day(date: dt.date | None) -> str:
    """Write a day so that no reader takes the month for the day: `5 December 2026`."""
    return "on receipt" if date is None else f"{date.day} {_MONTHS[date.month - 1]} {date.year}"


def tag_values(  # noqa: PLR0913 - one for each tag, and the currency
    *,
    number: str,
    total: Decimal,
    currency: str,
    due: dt.date | None,
    company: str,
    first_name: str | None,
) -> Values:
    """Return what each merge tag stands for."""
    return {
        "xero.invoice_number": number,
        "xero.due_date": day(due),
        "xero.total": money(total, currency),
        "company.name": company,
        "contact.first_name": first_name or NOBODY,
    }


def one_line(text: str) -> str:
    """Write a text as a subject: printable, in one line, no longer than mail programs show."""
    printable = "".join(one if one.isprintable() else " " for one in text)
    line = " ".join(printable.split())
    cut = line[: SUBJECT_CHARACTERS_MAX - 1] + "…"
    return line if len(line) <= SUBJECT_CHARACTERS_MAX else cut
