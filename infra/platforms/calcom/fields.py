"""What one field of Cal.com's params may hold, and what to do where it does not."""

import re
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, StringConstraints

from domain.email.recipients import is_address

_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.0{1,9})?)?(Z|[+-][0-9]{2}:[0-9]{2})"
)
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
_YEARS = range(2000, 2200)
_NOT_PLACES = frozenset({"localtime", "Factory"})


def _in_utc(given: str) -> str:
    problem = "give date, time and offset, such as 2030-01-31T09:00:00+11:00; whole seconds"
    if not _MOMENT.fullmatch(given):
        raise ValueError(problem)
    try:
        moment = datetime.fromisoformat(given).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(problem) from error
    if moment.year not in _YEARS:
        raise ValueError("nothing is booked in that year")
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _email(given: str) -> str:
    if not is_address(given):
        raise ValueError("give one email address, without a name")
    return given


def _time_zone(given: str) -> str:
    if given not in _zones():
        raise ValueError("give an IANA time zone, such as Australia/Sydney")
    return given


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones() - _NOT_PLACES)


def _phone(given: str) -> str:
    if not _PHONE.fullmatch(given):
        raise ValueError("give it in international format without spaces, such as +61255501200")
    return given


Start = Annotated[str, AfterValidator(_in_utc), Field(examples=["2026-12-01T09:00:00Z"])]
Email = Annotated[str, AfterValidator(_email)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
Phone = Annotated[str, AfterValidator(_phone)]
Words = Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)]
Slug = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\s/?#]+$")]
Uid = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9_-]+$")]
Key = Annotated[str, StringConstraints(min_length=1, max_length=40)]
Value = Annotated[str, StringConstraints(max_length=500)]

# The lists below are those of Cal.com's OpenAPI document.
Language = Literal[
    "ar", "ca", "de", "es", "eu", "he", "id", "ja", "lv", "pl", "ro", "sr", "th", "vi", "az", "cs",
    "el", "es-419", "fi", "hr", "it", "km", "nl", "pt", "ru", "sv", "tr", "zh-CN", "bg", "da",
    "en", "et", "fr", "hu", "iw", "ko", "no", "pt-BR", "sk", "ta", "uk", "zh-TW", "bn",
]  # fmt: skip
LocationType = Literal[
    "address", "attendeeAddress", "attendeeDefined", "attendeePhone", "integration", "link",
    "organizersDefaultApp", "phone",
]  # fmt: skip
Conferencing = Literal[
    "cal-video", "google-meet", "zoom", "whereby-video", "whatsapp-video", "webex-video",
    "telegram-video", "tandem", "sylaps-video", "skype-video", "sirius-video", "signal-video",
    "shimmer-video", "salesroom-video", "roam-video", "riverside-video", "ping-video",
    "office365-video", "mirotalk-video", "jitsi", "jelly-video", "jelly-conferencing", "huddle",
    "facetime-video", "element-call-video", "eightxeight-video", "discord-video", "demodesk-video",
    "campfire-video",
]  # fmt: skip
