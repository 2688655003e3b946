"""Customer information in a request: what is hashed is hashed while it is read.

What is stored of a request is what comes out of here, so nothing that must be hashed is ever
stored as it was given. Source: Meta, "Customer Information Parameters" (Conversions API).
"""

import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, StringConstraints, ValidationInfo

from domain.conversions.hashing import hashed

VALUES_MAX = 50  # of one key


def _listed(given: Any) -> list[str]:
    values = [given] if isinstance(given, str) else given
    if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
        raise ValueError("must be a string or a list of strings")
    if not 1 <= len(values) <= VALUES_MAX:
        raise ValueError(f"must hold 1 to {VALUES_MAX} values; leave it out if there are none")
    return values


def _hash_all(given: Any, info: ValidationInfo) -> tuple[str, ...]:
    """Hash one value or a list; `country` is read first, since codes depend on it."""
    countries = info.data.get("country") or ()
    hashes = (hashed(str(info.field_name), one, countries) for one in _listed(given))
    return tuple(dict.fromkeys(hashes))


def _ip(given: str) -> str:
    try:
        return str(ip_address(given))
    except ValueError:
        raise ValueError("must be an IPv4 or IPv6 address") from None


def _cookie(given: str) -> str:
    if not re.fullmatch(r"fb\.\d+\.\d+\.\S+", given):
        raise ValueError("must be the cookie's value as it is: fb.1.<milliseconds>.<id>")
    return given


def _number_or_text(given: Any) -> int | str:
    if isinstance(given, bool) or not isinstance(given, int | str) or given in {"", 0}:
        raise ValueError("must be an id: a string or a whole number")
    return given


Hashed = Annotated[
    tuple[str, ...], BeforeValidator(_hash_all, json_schema_input_type=str | list[str])
]
Text = Annotated[str, StringConstraints(min_length=1, max_length=1_000, strip_whitespace=True)]
Texts = Annotated[list[Text], BeforeValidator(_listed, json_schema_input_type=str | list[str])]
Cookie = Annotated[Text, AfterValidator(_cookie)]
Id = Annotated[int | str, BeforeValidator(_number_or_text)]


@dataclass(frozen=True)
class UserData:
    """Who it was. Hashed: `country` to `zp`; never hashed: the rest.

    `external_id` goes as it is given: in whatever form it has on the other channels.
    """

    country: Hashed | None = None
    em: Hashed | None = None
    ph: Hashed | None = None
    fn: Hashed | None = None
    ln: Hashed | None = None
    db: Hashed | None = None
    ge: Hashed | None = None
    ct: Hashed | None = None
    st: Hashed | None = None
    zp: Hashed | None = None
    external_id: Texts | None = None
    client_ip_address: Annotated[Text, AfterValidator(_ip)] | None = None
    client_user_agent: Text | None = None
    fbc: Cookie | None = None
    fbp: Cookie | None = None
    subscription_id: Text | None = None
    fb_login_id: Id | None = None
    lead_id: Id | None = None
    anon_id: Text | None = None
    madid: Text | None = None
    page_id: Text | None = None
    page_scoped_user_id: Text | None = None
    ctwa_clid: Text | None = None
    ig_account_id: Text | None = None
    ig_sid: Text | None = None
