"""Merge tags: `{{xero.total}}` in a subject or body stands for a value of the invoice.

Filled in one pass: a value that looks like a tag stays the text it is.
"""

import re
from collections.abc import Callable, Iterator, Mapping

TAGS = (
    "xero.invoice_number",
    "xero.due_date",
    "xero.total",
    "company.name",
    "contact.first_name",
)

Values = Mapping[str, str]
"""What each tag stands for, as plain text."""

_TAG = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
_OPENED = re.compile(r"\{\{")


def tag_problems(text: str) -> Iterator[str]:
    """Say what is wrong with the tags of a text; nothing when each of them exists."""
    known = ", ".join("{{" + tag + "}}" for tag in TAGS)
    unknown = dict.fromkeys(name for name in _TAG.findall(text) if name not in TAGS)
    for name in unknown:
        yield f"no such merge tag: {{{{{name[:80]}}}}}; there are {known}"
    if _OPENED.search(_TAG.sub("", text)):
        yield f"a merge tag is opened with {{{{ and not closed; there are {known}"


def fill(text: str, values: Values, write: Callable[[str], str] = str) -> str:
    """Put values in the place of tags; `write` says how a value is written there (escaped, say).

    Raises:
        KeyError: a tag that does not exist.
    """
    return _TAG.sub(lambda found: write(values[found[1]]), text)
