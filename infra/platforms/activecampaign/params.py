"""Params of ActiveCampaign's action, as a request gives them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>]+")
_OF_A_NEW_CONTACT = ("first_name", "last_name", "phone", "fields")


def _number(value: Any) -> Any:
    """Read an id written as text, as ActiveCampaign writes it."""
    return int(value) if isinstance(value, str) and re.fullmatch(r"[0-9]{1,10}", value) else value


def _address(value: str) -> str:
    if _EMAIL.fullmatch(value) is None:
        raise ValueError("must be one email address, as sam@example.com")
    return value


Id = Annotated[
    int, Field(ge=1, le=2**31 - 1), BeforeValidator(_number, json_schema_input_type=int | str)
]
Email = Annotated[
    str, StringConstraints(max_length=254, strip_whitespace=True), AfterValidator(_address)
]
Words = Annotated[str, StringConstraints(max_length=255)]
FieldId = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,9}$")]
FieldValue = Annotated[str, StringConstraints(max_length=10_000)] | int


@dataclass(frozen=True)
class AddToAutomation:
    """`activecampaign_add_to_automation`: a contact by id or email, an automation by id or name.

    `fields` are custom fields by their id; an empty value clears one.
    """

    contact_id: Id | None = None
    email: Email | None = None
    first_name: Words | None = None
    last_name: Words | None = None
    phone: Words | None = None
    fields: Annotated[dict[FieldId, FieldValue], Field(max_length=100)] | None = None
    automation_id: Id | None = None
    automation: (
        Annotated[str, StringConstraints(min_length=1, max_length=255, strip_whitespace=True)]
        | None
    ) = None

    @staticmethod
    def between(given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Tell what is wrong between fields, as (field, words), with what is wrong within them."""
        yield from _exactly_one(given, "contact_id", "email")
        yield from _exactly_one(given, "automation_id", "automation")
        if given.get("email") is None:
            for name in _OF_A_NEW_CONTACT:
                if given.get(name) is not None:
                    yield name, "goes with email only: a contact given by its id is not changed"


def _exactly_one(given: Mapping[str, Any], one: str, other: str) -> Iterator[tuple[str, str]]:
    named = [name for name in (one, other) if given.get(name) is not None]
    if not named:
        yield one, f"give exactly one of {one} and {other}"
    if len(named) > 1:
        yield other, f"give exactly one of {one} and {other}, not both"
