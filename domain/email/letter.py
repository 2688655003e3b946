"""An invoice's email as it goes out: subject, HTML and plain text, from one set of facts.

Everything anybody wrote is escaped, and only http(s) addresses become links or pictures.
"""

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from html import escape

from domain.email import page
from domain.email.colour import contrast, normal, text_on
from domain.email.merge_tags import Values, fill
from domain.email.wording import DEFAULT_BODY, DEFAULT_SUBJECT, day, money, one_line

HTML_BYTES_MAX = 100_000
"""Gmail cuts off what is longer than 102 KB: the rest of the email would be hidden."""
BODY_BYTES_MAX = 75_000
"""Of the sender's own words as HTML; leaves room for everything around them."""

BRAND_COLOUR = "#1d4ed8"
TOGETHER = 20  # characters; "30 September 2027" and "$1,234,567.89 AUD" are shorter
VISIBLE = 3.0  # contrast of a button with what it lies on (WCAG 2.2, 1.4.11)
_WEB = re.compile(r"https?://[^\s<>\"'\\`{}|^\x00-\x1f\x7f]+", re.IGNORECASE)


class TooLarge(ValueError):  # noqa: N818 - named for what it is
    """The HTML is larger than mail programs show."""


@dataclass(frozen=True, slots=True)
class Brand:
    """How a sender looks. `colour` is `#rrggbb`; what is unusable is left out."""

    company: str
    colour: str = BRAND_COLOUR
    logo_url: str | None = None
    footer: str | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What the email shows of the invoice. `due` None is "on receipt"."""

    number: str
    amount_due: Decimal
    currency: str
    due: dt.date | None
    pay_url: str | None
    has_pdf: bool


@dataclass(frozen=True, slots=True)
class Letter:
    """An email's three texts."""

    subject: str
    html: str
    text: str


def write(
    brand: Brand, facts: Facts, values: Values, subject: str | None, body: str | None
) -> Letter:
    """Write the email; a subject or body not given is the default one.

    Raises:
        TooLarge: the HTML is larger than `HTML_BYTES_MAX`.
        KeyError: a merge tag that does not exist.
    """
    line = one_line(fill(subject or DEFAULT_SUBJECT, values)) or one_line(
        fill(DEFAULT_SUBJECT, values)
    )
    words = body if body and body.strip() else DEFAULT_BODY
    html = _html(brand, facts, values, line, words)
    size = len(html.encode("utf-8", "replace"))
    if size > HTML_BYTES_MAX:
        raise TooLarge(f"the email is {size} bytes of HTML; at most {HTML_BYTES_MAX} are shown")
    return Letter(line, html, _text(brand, facts, values, words))


def body_bytes(body: str) -> int:
    """Return how many bytes of HTML a body takes before its tags are filled in."""
    return len(_escaped(body).encode("utf-8", "replace"))


def web_address(url: str | None) -> str | None:
    """Return an http(s) address, or None for anything else."""
    return url if url is not None and _WEB.fullmatch(url) else None


# --- the HTML -------------------------------------------------------------------------------------


def _html(brand: Brand, facts: Facts, values: Values, subject: str, body: str) -> str:
    colour = normal(brand.colour) or BRAND_COLOUR
    due, amount = _due(facts), money(facts.amount_due, facts.currency)
    preheader = f"{amount} {due[0].lower()}{due[1:]} · invoice {facts.number}"
    return page.PAGE.substitute(
        subject=escape(subject),
        preheader=escape(preheader),
        padding=page.PREVIEW_PADDING,
        brand=colour,
        card_light=page.CARD_LIGHT,
        card_dark=page.CARD_DARK,
        border_dark=_border(colour, page.CARD_DARK),
        letterhead=_letterhead(brand),
        amount=escape(amount),
        due=escape(due),
        about=escape(_about(facts)),
        button=_button(facts, colour),
        paragraphs="\n".join(_paragraphs(body, values)),
        footer=_footer(brand),
    )


def _letterhead(brand: Brand) -> str:
    company, logo = escape(brand.company), web_address(brand.logo_url)
    if logo is None:
        return page.NAME.substitute(company=company)
    return page.LOGO.substitute(company=company, url=escape(logo))


def _button(facts: Facts, colour: str) -> str:
    url = web_address(facts.pay_url)
    if url is None:
        return ""
    return page.BUTTON.substitute(
        url=escape(url),
        label="Pay now",
        brand=colour,
        on_brand=text_on(colour),
        border=_border(colour, page.CARD_LIGHT),
    )


def _border(colour: str, card: str) -> str:
    """Return the line around the button: it shows where the button alone would not."""
    return colour if contrast(colour, card) >= VISIBLE else text_on(card)


def _paragraphs(body: str, values: Values) -> Iterator[str]:
    for words in _split(body):
        filled = fill(_escaped(words), values, _together)
        yield page.PARAGRAPH.substitute(text=filled.replace("\n", "<br>\n"))


def _escaped(words: str) -> str:
    return escape(words, quote=False)


def _together(value: str) -> str:
    """Escape a value; a short one (a day, an amount) stays on one line."""
    escaped = _escaped(value)
    return escaped.replace(" ", "&nbsp;") if len(value) <= TOGETHER else escaped


def _split(text: str) -> list[str]:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    return [part.strip("\n") for part in re.split(r"\n[ \t]*(?:\n[ \t]*)+", lines)]


def _footer(brand: Brand) -> str:
    if not brand.footer or not brand.footer.strip():
        return ""
    words = _escaped(brand.footer.strip()).replace("\n", "<br>\n")
    return page.FOOTER.substitute(text=words)


# --- the plain text -------------------------------------------------------------------------------


def _text(brand: Brand, facts: Facts, values: Values, body: str) -> str:
    url = web_address(facts.pay_url)
    parts = [
        "\n\n".join(fill(words, values) for words in _split(body)),
        f"Amount due: {money(facts.amount_due, facts.currency)}\n{_due(facts)}\n{_about(facts)}",
        f"Pay now: {url}" if url else "",
        f"-- \n{brand.footer.strip()}" if brand.footer and brand.footer.strip() else "",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _due(facts: Facts) -> str:
    return f"Due {day(facts.due)}"


def _about(facts: Facts) -> str:
    return f"Invoice {facts.number}" + (" · attached as a PDF" if facts.has_pdf else "")
