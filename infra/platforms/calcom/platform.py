"""What the fleet knows of Cal.com: `calcom_create_booking` and `calcom_add_guests`."""

from domain.actions.plan import single
from infra.platform import ActionType, Limits, Platform, Window
from infra.platforms.calcom.authorisation import CONNECTING
from infra.platforms.calcom.creating import CREATE
from infra.platforms.calcom.guests import ADD_GUESTS, READ_BOOKING
from infra.platforms.calcom.people import add_guests
from infra.settings import Settings


def _base_url(settings: Settings) -> str:
    return settings.calcom_api_url


PLATFORM = Platform(
    name="calcom",
    queues=("calcom",),
    base_url=_base_url,
    # Cal.com: 120 calls in 60 s for each API key; one more, and none for 60 s.
    limits=Limits(in_flight=5, windows=(Window("minute", calls=120, seconds=60, reserve=12),)),
    effects=(CREATE, READ_BOOKING, ADD_GUESTS),
    connecting=CONNECTING,
    actions=(
        ActionType(
            name="calcom_create_booking",
            params="infra.platforms.calcom.params:CreateBooking",
            next_effect=single(CREATE.name),
            summary="Book a Cal.com event type for an attendee",
            guarantee="found by look-up; not found, it is absent only of an event type of the "
            "key's own user, and of any other a person decides",
            effects=(CREATE.name,),
        ),
        ActionType(
            name="calcom_add_guests",
            params="infra.platforms.calcom.params:AddGuests",
            next_effect=add_guests,
            summary="Add guests to a Cal.com booking",
            guarantee="found by look-up",
            effects=(ADD_GUESTS.name,),
        ),
    ),
)
