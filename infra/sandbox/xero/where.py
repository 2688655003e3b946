r"""Xero's `where`: comparisons joined by AND or OR, over a table of properties.

`Status=="AUTHORISED" AND Date>=DateTime(2026,1,1)`, `Contact.ContactID=guid("…")`,
`Name=="A \"B\""`. Text compares without regard to case, as in Xero. Methods (`StartsWith` …) are
not simulated: they are refused like an unknown property.
"""

import operator
import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from infra.sandbox.wire import Document
from infra.sandbox.xero.errors import QueryInvalid

Properties = Mapping[str, Callable[[Document], Any]]
Test = Callable[[Document], bool]

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<join>AND\b|&&|OR\b|\|\|)
    |(?P<compare>==|!=|>=|<=|=|>|<)
    |(?P<text>"(?:\\.|[^"\\])*")
    |guid\s*\(\s*"(?P<guid>[^"]*)"\s*\)
    |datetime\s*\(\s*(?P<day>\d+\s*,\s*\d+\s*,\s*\d+)[\d\s,]*\)
    |(?P<number>-?\d+(?:\.\d+)?)
    |(?P<word>true\b|false\b|null\b)
    |(?P<name>[A-Za-z_][\w.]*)
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_COMPARE: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "==": operator.eq,
    "=": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
_WORDS: Final[Mapping[str, Any]] = {"true": True, "false": False, "null": None}


def parse_where(text: str, properties: Properties) -> Test:
    """Return the test a `where` stands for.

    Raises:
        QueryInvalid: it cannot be read, or names an unknown property.
    """
    tokens = _tokens(text)
    any_of: list[list[Test]] = [[]]
    for position in range(0, len(tokens), 4):
        any_of[-1].append(_comparison(tokens[position : position + 3], properties, text))
        joining = tokens[position + 3 : position + 4]
        if joining and joining[0][0] != "join":
            raise QueryInvalid(f"Syntax error in '{text}'")
        if joining and joining[0][1].upper() in {"OR", "||"}:
            any_of.append([])
    if tokens and len(tokens) % 4 != 3:
        raise QueryInvalid(f"Expression expected at the end of '{text}'")
    return lambda record: any(all(test(record) for test in tests) for tests in any_of)


def _tokens(text: str) -> list[tuple[str, str]]:
    found, position = [], 0
    stripped = text.rstrip()
    while position < len(stripped):
        match = _TOKEN.match(stripped, position)
        if match is None or match.lastgroup is None:
            raise QueryInvalid(f"Syntax error at position {position} in '{text}'")
        found.append((match.lastgroup, match[match.lastgroup]))
        position = match.end()
    return found


def _comparison(tokens: list[tuple[str, str]], properties: Properties, text: str) -> Test:
    kinds = [kind for kind, _value in tokens]
    if (
        kinds[:2] != ["name", "compare"]
        or len(kinds) < 3
        or kinds[2] in {"join", "compare", "name"}
    ):
        raise QueryInvalid(f"Syntax error in '{text}'")
    name, sign = tokens[0][1], tokens[1][1]
    read = next((of for known, of in properties.items() if known.lower() == name.lower()), None)
    if read is None:
        raise QueryInvalid(f"No property or field '{name}' exists")
    wanted = _comparable(_literal(*tokens[2]))
    compare = _COMPARE[sign]

    def test(record: Document) -> bool:
        value = _comparable(read(record))
        if value is None or wanted is None:
            return compare(value, wanted) if compare in (operator.eq, operator.ne) else False
        if type(value) is not type(wanted):
            return compare is operator.ne
        return bool(compare(value, wanted))

    return test


def _literal(kind: str, value: str) -> Any:
    try:
        if kind == "text":
            return re.sub(r"\\(.)", r"\1", value[1:-1])
        if kind == "guid":
            return str(UUID(value))
        if kind == "day":
            year, month, day = (int(part) for part in value.split(","))
            return date(year, month, day).isoformat()
    except ValueError as error:
        raise QueryInvalid(str(error)) from None
    return _WORDS[value.lower()] if kind == "word" else Decimal(value)


def _comparable(value: Any) -> Any:
    if isinstance(value, str):
        return value.casefold()
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    return value
