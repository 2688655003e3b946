"""Params of `facebook_conversion`, as a request gives them.

Source: Meta, "Server Event Parameters" (Conversions API).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints

from domain.conversions.telling import EVENTS_MAX, SECONDS_MAX, identity_problem
from infra.clock import utc_now
from infra.platforms.facebook.custom_data import CustomData, Name, Number
from infra.platforms.facebook.user_data import Text, UserData

Url = Annotated[str, StringConstraints(pattern=r"^https?://\S+$", max_length=4_000)]


def _seconds(given: int) -> int:
    if given > SECONDS_MAX:
        raise ValueError("must be in seconds since 1970, not in milliseconds")
    return given


def _now() -> int:
    return int(utc_now().timestamp())


Seconds = Annotated[int, Field(gt=0), AfterValidator(_seconds)]
Source = Literal[
    "email",
    "website",
    "app",
    "phone_call",
    "chat",
    "physical_store",
    "system_generated",
    "business_messaging",
    "other",
]


@dataclass(frozen=True)
class ConversionEvent:
    """One event. `event_time` is in seconds since 1970, UTC; without it the event is of now."""

    event_name: Name
    action_source: Source
    user_data: UserData
    event_time: Seconds = field(default_factory=_now)
    event_id: Name | None = None
    event_source_url: Url | None = None
    referrer_url: Url | None = None
    custom_data: CustomData | None = None
    opt_out: bool | None = None
    data_processing_options: list[Literal["LDU"]] | None = None
    data_processing_options_country: Number | None = None
    data_processing_options_state: Number | None = None
    messaging_channel: Text | None = None
    app_data: dict[str, Any] | None = None
    original_event_data: dict[str, Any] | None = None
    attribution_data: dict[str, Any] | None = None


@dataclass(frozen=True)
class Conversion:
    """`facebook_conversion` (Meta: POST /{dataset id}/events): one event or many, all or none."""

    events: Annotated[list[ConversionEvent], Field(min_length=1, max_length=EVENTS_MAX)]
    test_event_code: Name | None = None

    @staticmethod
    def between(given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Say what is wrong between the fields of each event."""
        events = [_object(event) for event in _list(given.get("events"))]
        seen: dict[tuple[str, str], int] = {}
        for number, event in enumerate(events):
            problems = list(_problems(event))
            if event.get("event_id") is not None:
                identity = str(event.get("event_name")), str(event["event_id"])
                first = seen.setdefault(identity, number)
                if first != number:
                    words = f"is that of events[{first}] too: Meta would discard the second"
                    problems.append(("event_id", words))
            for where, words in problems:
                yield f"events[{number}].{where}", words


def _problems(event: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    person, custom = _object(event.get("user_data")), _object(event.get("custom_data"))
    if event.get("action_source") == "website":
        for where, known in (
            ("event_source_url", event.get("event_source_url")),
            ("user_data.client_user_agent", person.get("client_user_agent")),
        ):
            if not known:
                yield where, "is required where action_source is website"
    identity = identity_problem({key for key, value in person.items() if value})
    if identity is not None and isinstance(event.get("user_data"), dict):
        yield "user_data", identity
    purchase = event.get("event_name") == "Purchase"
    wanted = {"value": purchase, "currency": purchase or custom.get("value") is not None}
    for name in (name for name, needed in wanted.items() if needed and custom.get(name) is None):
        why = "a Purchase" if purchase else "a value"
        yield f"custom_data.{name}", f"is required for {why}"


def _object(given: Any) -> Mapping[str, Any]:
    return given if isinstance(given, dict) else {}


def _list(given: Any) -> list[Any]:
    return given if isinstance(given, list) else []
