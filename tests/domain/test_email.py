"""An invoice's email: tags filled once, everything escaped, and a page that holds together."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.email.colour import contrast, normal, text_on
from domain.email.letter import (
    HTML_BYTES_MAX,
    Brand,
    Facts,
    TooLarge,
    body_bytes,
    web_address,
    write,
)
from domain.email.merge_tags import TAGS, fill, tag_problems
from domain.email.recipients import (
    NoRecipient,
    Person,
    Recipient,
    Source,
    is_address,
    recipient,
)
from domain.email.wording import SUBJECT_CHARACTERS_MAX, day, money, one_line, tag_values

FACTS = Facts(
    number="INV-0042",
    amount_due=Decimal("12345.5"),
    currency="AUD",
    due=dt.date(2026, 12, 5),
    pay_url="https://in.xero.test/abc",
    has_pdf=True,
)
BRAND = Brand("Tidewater Studio", footer="12 Harbour Street")
VALUES = tag_values(
    number="INV-0042",
    total=Decimal("12345.5"),
    currency="AUD",
    due=dt.date(2026, 12, 5),
    company="Tidewater Studio",
    first_name="Sam",
)
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=200)
hostile = st.one_of(
    texts,
    st.sampled_from(["<script>alert(1)</script>", '"><img src=x>', "{{xero.total}}", "&amp;", "'"]),
)
VOID = {"meta", "br", "img"}


class Page(HTMLParser):
    """What an HTML parser makes of a page: tags that balance, links, pictures and text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.said = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in {"href", "src"}]
        assert not [name for name, _ in attrs if name.startswith("on")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.said += data


# --- merge tags -----------------------------------------------------------------------------------


@given(st.fixed_dictionaries(dict.fromkeys(TAGS, hostile)), st.sampled_from(TAGS), hostile)
def test_a_value_that_looks_like_a_tag_stays_text(values, tag, around):
    plain = around.replace("{", "").replace("}", "")
    assert fill(f"{plain}{{{{ {tag} }}}}{plain}", values) == plain + values[tag] + plain


@pytest.mark.parametrize("text", ["{{xero.total}}", "{{ xero.total }}", "{{\txero.total\n}}"])
def test_space_inside_the_braces_does_not_matter(text):
    assert not list(tag_problems(text))
    assert fill(text, VALUES) == "$12,345.50 AUD"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{{xero.totl}}", "no such merge tag: {{xero.totl}}; there are {{xero.invoice_number}}"),
        ("{{}}", "no such merge tag: {{}}"),
        ("{{XERO.TOTAL}}", "no such merge tag"),
        ("{{xero.total", "not closed"),
        ("{{{xero.total}}}", ""),
    ],
)
def test_tags_that_do_not_exist_are_named_with_those_that_do(text, words):
    problems = list(tag_problems(text))
    assert (words in " ".join(problems)) if words else not problems


@given(hostile)
def test_what_passes_the_check_can_always_be_filled(text):
    if not list(tag_problems(text)):
        fill(text, VALUES)


# --- the letter -----------------------------------------------------------------------------------


@given(st.tuples(*[hostile] * 6))
def test_whatever_anybody_wrote_the_page_holds_together(written):
    company, footer, number, name, subject, body = written
    if [*tag_problems(subject), *tag_problems(body)]:
        return
    brand = replace(BRAND, company=company, footer=footer)
    values = {**VALUES, "company.name": company, "contact.first_name": name}
    letter = write(brand, replace(FACTS, number=number), values, subject, body)
    page = Page(letter.html)
    plain = Page(write(BRAND, FACTS, VALUES, "s", "b").html)
    assert page.open == []
    assert set(page.tags) <= set(plain.tags) | {"br", "p"}, "nobody's text became a tag"
    assert page.addresses == [FACTS.pay_url]
    assert "\n" not in letter.subject
    assert 0 < len(letter.subject) <= SUBJECT_CHARACTERS_MAX


@given(body=hostile.filter(lambda text: text.strip() and "{{" not in text and "\r" not in text))
def test_the_sender_s_words_arrive_as_they_were_written(body):
    letter = write(BRAND, FACTS, VALUES, None, body)
    words = [line.strip() for line in body.strip().split("\n") if line.strip()]
    shown = unescape(letter.html)
    assert all(line in shown for line in words)
    assert all(line in letter.text for line in words)


def test_the_default_email_says_what_matters():
    letter = write(BRAND, FACTS, VALUES, None, None)
    assert letter.subject == "Invoice INV-0042 from Tidewater Studio"
    said = Page(letter.html).said
    for words in ("Amount due", "$12,345.50 AUD", "Due 5 December 2026", "Pay now", "Hi Sam,"):
        assert words in said
    assert "attached as a PDF" in said
    assert "https://in.xero.test/abc" in letter.text
    assert len(letter.html.encode()) < 12_000


def test_the_summary_comes_before_the_words_and_the_button_between():
    html = write(BRAND, FACTS, VALUES, None, None).html
    places = [html.index(words) for words in ("Amount due<", 'id="pay"', "Hi Sam,", "Harbour")]
    assert places == sorted(places)


def test_without_an_address_to_pay_at_there_is_no_button():
    letter = write(BRAND, replace(FACTS, pay_url=None, has_pdf=False), VALUES, None, None)
    assert 'id="pay"' not in letter.html
    assert "PDF" not in letter.html


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "//x.test/a",
        "https://",
        'https://x.test/"onx',
        "",
    ],
)
def test_only_web_addresses_become_links_or_pictures(url):
    assert web_address(url) is None
    brand = replace(BRAND, logo_url=url)
    page = Page(write(brand, replace(FACTS, pay_url=url), VALUES, None, None).html)
    assert page.addresses == []


def test_more_html_than_mail_programs_show_is_refused():
    assert body_bytes("<" * 50_000) == 200_000
    with pytest.raises(TooLarge):
        write(BRAND, FACTS, VALUES, None, "{{company.name}}" * 10_000)
    assert HTML_BYTES_MAX == 100_000


# --- colours, amounts, days -----------------------------------------------------------------------


@given(st.integers(0, 0xFFFFFF))
def test_the_button_can_be_read_in_any_colour(number):
    colour = f"#{number:06x}"
    assert contrast(colour, text_on(colour)) >= 4.5


@pytest.mark.parametrize(
    ("given_", "used"),
    [("#0F766E", "#0f766e"), ("#abc", "#aabbcc"), ("teal", None), ("#12345", None)],
)
def test_a_colour_is_six_digits_or_the_default(given_, used):
    assert normal(given_) == used
    shown = write(replace(BRAND, colour=given_), FACTS, VALUES, None, None).html
    assert (used or "#1d4ed8") in shown


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        ("1234.5", "NZD", "$1,234.50 NZD"),
        ("0.005", "GBP", "£0.01 GBP"),
        ("1234", "JPY", "¥1,234 JPY"),
        ("99.9", "CHF", "99.90 CHF"),
    ],
)
def test_money_is_written_as_on_an_invoice(amount, currency, shown):
    assert money(Decimal(amount), currency) == shown


def test_days_name_their_month_and_no_day_is_on_receipt():
    assert day(dt.date(2027, 1, 31)) == "31 January 2027"
    assert day(None) == "on receipt"


@given(hostile)
def test_a_subject_is_one_printable_line(text):
    line = one_line(text)
    assert line.isprintable()
    assert len(line) <= SUBJECT_CHARACTERS_MAX


# --- recipients -----------------------------------------------------------------------------------

PEOPLE = {
    Source.PRIMARY_CONTACT: Person("sam@deal.test", "Sam"),
    Source.SECONDARY_CONTACT: Person("kim@deal.test", "Kim"),
    Source.XERO_CONTACT: Person("ap@deal.test"),
}


@pytest.mark.parametrize(
    ("address", "source", "found"),
    [
        (None, Source.PRIMARY_CONTACT, Recipient("sam@deal.test", "Sam")),
        (None, Source.SECONDARY_CONTACT, Recipient("kim@deal.test", "Kim")),
        (None, Source.XERO_CONTACT, Recipient("ap@deal.test", "Sam")),
        ("KIM@deal.test", Source.PRIMARY_CONTACT, Recipient("KIM@deal.test", "Kim")),
    ],
)
def test_an_address_given_outranks_the_source(address, source, found):
    assert recipient(address, source, PEOPLE) == found


@pytest.mark.parametrize("source", list(Source))
@pytest.mark.parametrize(
    ("person", "words"),
    [(None, ""), (Person(None), "has no email"), (Person("a@b.test, c@d.test"), "not one email")],
)
def test_nobody_to_send_to_is_said_with_the_cure(source, person, words):
    found = recipient(None, source, {source: person})
    assert isinstance(found, NoRecipient)
    assert words in found.why
    assert "or give email_recipient" in found.why


@pytest.mark.parametrize(
    "text",
    ["a@b", "a b@c.test", "a@b.test,c@d.test", "<a@b.test>", "a@b.test\nBcc: c@d.test", "", None],
)
def test_what_is_not_one_address(text):
    assert not is_address(text)
    assert is_address("first.last+tag@sub.example.co.nz")
