"""ActiveCampaign: its action, its effects, and the one limit that all keys of an account share.

Source: developers.activecampaign.com, "Rate Limits".
"""

from infra.platform import ActionType, Limits, Platform, Window
from infra.platforms.activecampaign import automations, entries
from infra.platforms.activecampaign.adding import ADD
from infra.platforms.activecampaign.authorisation import CONNECTING
from infra.platforms.activecampaign.contacts import SYNC
from infra.platforms.activecampaign.plan import next_effect

PLATFORM = Platform(
    name="activecampaign",
    queues=("activecampaign",),
    base_url=lambda _settings: "",  # each account has its own: see `client.send`
    # `RateLimit-Remaining` is not listened to: its second is over when the answer is here.
    limits=Limits(in_flight=5, windows=(Window("second", calls=5, seconds=1),)),
    effects=(SYNC, automations.READ, entries.READ, entries.COUNT, ADD),
    connecting=CONNECTING,
    actions=(
        ActionType(
            name="activecampaign_add_to_automation",
            params="infra.platforms.activecampaign.params:AddToAutomation",
            next_effect=next_effect,
            summary="Add a contact to an ActiveCampaign automation",
            guarantee="one at a time for a contact and an automation, found as a new entry",
            effects=(SYNC.name, ADD.name),
        ),
    ),
)
