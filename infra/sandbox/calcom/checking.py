"""What a request to book may say, and Cal.com's words where it may not."""

import re
from collections.abc import Iterator
from typing import Any, Final
from zoneinfo import available_timezones

from infra.sandbox.calcom.bookings import read_time
from infra.sandbox.calcom.refusals import CalError
from infra.sandbox.wire import Document

METADATA_WORDS: Final = (
    "Metadata must have at most 50 keys, each key up to 40 characters, and string values up to 500 "
    "characters."
)
LANGUAGES: Final = frozenset({
    "ar", "ca", "de", "es", "eu", "he", "id", "ja", "lv", "pl", "ro", "sr", "th", "vi", "az", "cs",
    "el", "es-419", "fi", "hr", "it", "km", "nl", "pt", "ru", "sv", "tr", "zh-CN", "bg", "da",
    "en", "et", "fr", "hu", "iw", "ko", "no", "pt-BR", "sk", "ta", "uk", "zh-TW", "bn",
})  # fmt: skip
_FIELDS: Final = frozenset({
    "start", "attendee", "bookingFieldsResponses", "eventTypeId", "eventTypeSlug", "username",
    "teamSlug", "organizationSlug", "guests", "meetingUrl", "location", "metadata",
    "lengthInMinutes", "routing", "emailVerificationCode", "recurrenceCount",
})  # fmt: skip
_EMAIL: Final = re.compile(r"[^\s@,;<>\"]+@[^\s@,;<>\"]+\.[^\s@,;<>\"]+")
_PHONE: Final = re.compile(r"\+[1-9][0-9]{6,14}")


def check_booking(wish: Document) -> None:
    """Check the body of a request to book.

    Raises:
        CalError: with every problem, as the API's validation joins them.
    """
    problems = list(_problems(wish))
    if problems:
        raise CalError(400, ",".join(problems))


def check_guests(wish: Document) -> list[Document]:
    """Return the guests of a request to add some.

    Raises:
        CalError: none or too many of them, or one without an address.
    """
    guests = wish.get("guests")
    if not isinstance(guests, list):
        raise CalError(400, "guests must be an array")
    if not guests:
        raise CalError(400, "guests must contain at least 1 elements")
    if len(guests) > 10:
        raise CalError(400, "guests must contain no more than 10 elements")
    problems = [words for one in guests for words in _person(one, "guests", {"email"})]
    if problems:
        raise CalError(400, ",".join(problems))
    return guests


def _problems(wish: Document) -> Iterator[str]:
    for name in sorted(set(wish) - _FIELDS):
        yield f"property {name} should not exist"
    start = wish.get("start")
    if not isinstance(start, str) or read_time(start) is None:
        yield "start must be a valid ISO 8601 date string"
    yield from _person(wish.get("attendee"), "attendee", {"name", "timeZone"})
    attendee = wish.get("attendee")
    if isinstance(attendee, dict) and not attendee.get("email") and not attendee.get("phoneNumber"):
        yield "attendee At least one contact method (email or phone) must be provided"
    if not isinstance(wish.get("eventTypeId"), int) and "eventTypeSlug" not in wish:
        yield "Either eventTypeId or eventTypeSlug with username or teamSlug must be provided"
    guests = wish.get("guests", [])
    if not isinstance(guests, list) or not all(_is_email(one) for one in guests):
        yield "each value in guests must be an email"
    yield from _metadata(wish.get("metadata", {}))
    if not isinstance(wish.get("location", {}), dict):
        yield "location must be an object"
    for name in ("lengthInMinutes", "recurrenceCount"):
        if name in wish and not isinstance(wish[name], int):
            yield f"{name} must be a number"


def _person(given: Any, where: str, required: set[str]) -> Iterator[str]:
    if not isinstance(given, dict):
        yield f"{where} must be an object"
        return
    for name in sorted(required):
        if not isinstance(given.get(name), str) or not given[name]:
            yield f"{where}.{name} must be a string"
    if "email" in given and not _is_email(given["email"]):
        yield f"{where}.email must be an email"
    if "timeZone" in given and given["timeZone"] not in available_timezones():
        yield f"{where}.timeZone must be a valid IANA time-zone"
    if "phoneNumber" in given and not _PHONE.fullmatch(str(given["phoneNumber"])):
        yield f"{where}.phoneNumber must be a valid phone number in international format"
    if "language" in given and given["language"] not in LANGUAGES:
        yield f"{where}.language must be one of the supported languages"


def _metadata(metadata: Any) -> Iterator[str]:
    if not isinstance(metadata, dict):
        yield "metadata must be an object"
    elif len(metadata) > 50 or any(
        len(key) > 40 or (isinstance(value, str) and len(value) > 500)
        for key, value in metadata.items()
    ):
        yield f"metadata property is wrong,{METADATA_WORDS}"


def _is_email(value: Any) -> bool:
    return isinstance(value, str) and _EMAIL.fullmatch(value) is not None
