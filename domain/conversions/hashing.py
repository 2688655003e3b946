"""What identifies a person, normalised and hashed as Meta hashes it, so that the hashes can meet.

Source: Meta, "Customer Information Parameters" (Conversions API). What is said of a value that
cannot be used never quotes it.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Mapping
from datetime import date
from hashlib import sha256

from domain.conversions.places import COUNTRIES, US_STATES

_BLANKS = "".join(filter(str.isspace, map(chr, range(0x3001))))
_UNSEEN = (
    _BLANKS + "\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
)
"""What comes along unseen where a value is copied from a page or a phone, blanks among it. Inside a
value nothing of it is dropped: the like of it joins letters in some scripts."""
_HASH = re.compile(r"[0-9a-fA-F]{64}")
_PHONE_DIGITS = range(7, 16)  # E.164: 15 at most, the country code among them
_OF_NORTH_AMERICA = re.compile(
    r"1(?:[ .-]+|(?=\())\(?[2-9][0-9]{2}\)?[ .-]*[2-9][0-9]{2}[ .-]*[0-9]{4}(?![0-9])"
)
"""A country code of 1 that stands by itself before an area and a number."""
_BEFORE_AN_EXTENSION = re.compile(r"[^\W\d_]|[#;,]")
_YEAR_FIRST = 1900
_ZIP_PLUS_4 = re.compile(r"\d{5}\s?-\s?\d{4}")
_UK_POSTCODE = re.compile(r"[a-z]{1,2}\d[a-z\d]?\d[a-z]{2}")
_GENDERS = {"f": "f", "female": "f", "m": "m", "male": "m"}

Countries = Collection[str]
"""The hashes of the countries a person is in, as far as they are known."""


class Unusable(ValueError):  # noqa: N818 - named for what the value is
    """A value that identifies nobody; the message says what would, without the value."""


def hashed(key: str, given: str, countries: Countries = ()) -> str:
    """Return the SHA-256 of a normalised value, in lower case; a hash already is one.

    Raises:
        Unusable: nothing can be made of the value.
        KeyError: values of this key are not hashed.
    """
    normalise, value = _NORMALISE[key], given.strip(_UNSEEN)
    if _HASH.fullmatch(value):
        return value.lower()
    return _sha256(normalise(value, countries))


def _sha256(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _email(value: str, _countries: Countries) -> str:
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", value):
        raise Unusable("must be one email address")
    return value.lower()


def _phone(value: str, _countries: Countries) -> str:
    """Drop all but digits, and leading zeros: a country code must be seen to be there.

    Grouped digits without a + show none (they may be a whole number of some country), but for 1.
    """
    between = re.split(r"[0-9]+", value)[1:-1]
    if any(_BEFORE_AN_EXTENSION.search(one) for one in between):
        raise Unusable("must be a telephone number without an extension: Meta knows the line alone")
    international = (
        value.startswith(("+", "00"))
        or re.fullmatch(r"[1-9][0-9]*", value)
        or _OF_NORTH_AMERICA.match(value)
    )
    digits = re.sub(r"[^0-9]", "", value.replace("(0)", "")).lstrip("0")
    if not international or len(digits) not in _PHONE_DIGITS:
        raise Unusable(
            "must be a telephone number with its country code: after a + or 00, or digits alone"
        )
    return digits


def _name(value: str, _countries: Countries) -> str:
    return " ".join(_letters(value).split())


def _letters(value: str) -> str:
    """Drop punctuation and symbols; accents stay, each letter written in one way."""
    small = unicodedata.normalize("NFC", value.lower())
    letters = "".join(one for one in small if unicodedata.category(one)[0] not in "PS")
    if not letters.strip():
        raise Unusable("has no letter or digit in it")
    return letters


def _place(value: str, _countries: Countries) -> str:
    return "".join(_letters(value).split())


def _state(value: str, countries: Countries) -> str:
    state = _place(value, countries)
    return US_STATES.get(state, state) if _may_be_in("us", countries) else state


def _postcode(value: str, countries: Countries) -> str:
    """Of the US the first five digits; of the UK area, district and sector, not the unit."""
    code = re.sub(r"[\s-]", "", value.lower())
    if not code.isalnum():
        raise Unusable("must be a postal code: letters and digits")
    plus_4 = _ZIP_PLUS_4.fullmatch(value) and _may_be_in("us", countries)
    if plus_4 or _is_in("us", countries):
        return code[:5]
    if _UK_POSTCODE.fullmatch(code) and _may_be_in("gb", countries):
        return code[:-2]
    return code


def _is_in(country: str, countries: Countries) -> bool:
    return _sha256(country) in countries


def _may_be_in(country: str, countries: Countries) -> bool:
    return not countries or _is_in(country, countries)


def _country(value: str, _countries: Countries) -> str:
    code = value.lower()
    if code not in COUNTRIES:
        raise Unusable("must be a country's two-letter code (ISO 3166-1), such as au or gb")
    return code


def _birthday(value: str, _countries: Countries) -> str:
    found = re.fullmatch(r"(\d{4})[-./ ]?(\d{2})[-./ ]?(\d{2})", value, re.ASCII)
    try:
        day = date(*map(int, found.groups())) if found else None
    except ValueError:
        day = None
    if day is None or day.year < _YEAR_FIRST:
        raise Unusable(f"must be a date from {_YEAR_FIRST} on, the year first: YYYYMMDD")
    return f"{day:%Y%m%d}"


def _gender(value: str, _countries: Countries) -> str:
    initial = _GENDERS.get(value.lower())
    if initial is None:
        raise Unusable("must be f or m")
    return initial


_NORMALISE: Mapping[str, Callable[[str, Countries], str]] = {
    "em": _email,
    "ph": _phone,
    "fn": _name,
    "ln": _name,
    "db": _birthday,
    "ge": _gender,
    "ct": _place,
    "st": _state,
    "zp": _postcode,
    "country": _country,
}

HASHED = frozenset(_NORMALISE)
"""The keys whose values go out hashed, and in no other way."""
