"""The Cal.com a sandbox starts with: two users, one team, event types of every kind."""

from typing import Final

from infra.sandbox.wire import Document

CALCOM_API_KEY: Final = "cal_live_5a1dba0c5a1dba0c5a1dba0c5a1dba01"
"""Jo's key: the one to connect with."""
CALCOM_OTHER_API_KEY: Final = "cal_live_5a1dba0c5a1dba0c5a1dba0c5a1dba02"
"""Sam's key: Jo's bookings are none of Sam's business."""

CALCOM_USER: Final = 101
CALCOM_OTHER_USER: Final = 102

CALCOM_INTRO: Final = 1001
CALCOM_REVIEW: Final = 1002
CALCOM_WEEKLY: Final = 1003
CALCOM_WORKSHOP: Final = 1004
CALCOM_COURSE: Final = 1005
CALCOM_KICK_OFF: Final = 2001
CALCOM_PRIVATE: Final = 3001

KEYS: Final = {CALCOM_API_KEY: CALCOM_USER, CALCOM_OTHER_API_KEY: CALCOM_OTHER_USER}


def users() -> list[Document]:
    """Return the users: id, name, username, email, time zone."""
    rows = (
        (CALCOM_USER, "Jo Marsh", "jo", "jo@tidewater.test"),
        (CALCOM_OTHER_USER, "Sam Birch", "sam", "sam@tidewater.test"),
    )
    return [
        {
            "id": number,
            "name": name,
            "username": username,
            "email": email,
            "timeZone": "Australia/Sydney",
        }
        for number, name, username, email in rows
    ]


def event_types() -> list[Document]:
    """Return the event types; `lengths` in minutes, the first is the default."""
    video = {"type": "integration", "integration": "cal-video"}
    zoom = {"type": "integration", "integration": "zoom"}
    return [
        event_type(
            CALCOM_INTRO, "intro", "Introduction", locations=[video, zoom, *BY_THE_ATTENDEE]
        ),
        event_type(CALCOM_REVIEW, "review", "Design review", requires_confirmation=True),
        event_type(CALCOM_WEEKLY, "weekly", "Weekly check-in", recurrences=4),
        event_type(
            CALCOM_WORKSHOP,
            "workshop",
            "Team workshop",
            lengths=[60, 90, 120],
            locations=[
                {"type": "address", "address": "12 Wharf Road, Sydney"},
                {"type": "link", "link": "https://meet.tidewater.test/workshop"},
                {"type": "phone", "phone": "+61255501200"},
            ],
        ),
        event_type(CALCOM_COURSE, "course", "Evening course", seats=3),
        event_type(
            CALCOM_KICK_OFF,
            "kick-off",
            "Project kick-off",
            team="studio",
            hosts=[CALCOM_USER, CALCOM_OTHER_USER],
            locations=[{"type": "organizersDefaultApp"}],
        ),
        event_type(
            CALCOM_PRIVATE,
            "private",
            "Private session",
            hosts=[CALCOM_OTHER_USER],
            requires_authentication=True,
        ),
    ]


BY_THE_ATTENDEE: Final[tuple[Document, ...]] = (
    {"type": "attendeePhone"},
    {"type": "attendeeAddress"},
    {"type": "attendeeDefined"},
)


def event_type(number: int, slug: str, title: str, **more: object) -> Document:
    """Return an event type of Jo's, but for what `more` says."""
    known: Document = {
        "id": number,
        "slug": slug,
        "title": title,
        "lengths": [30],
        "hosts": [CALCOM_USER],
        "team": None,
        "locations": [{"type": "integration", "integration": "cal-video"}],
        "requires_confirmation": False,
        "requires_authentication": False,
        "recurrences": None,  # weekly, so many
        "seats": None,
        "guests_disabled": False,
    }
    if unknown := set(more) - set(known):
        raise ValueError(f"an event type has no {', '.join(sorted(unknown))}")
    return {**known, **more}
