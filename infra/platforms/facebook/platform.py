"""`facebook_conversion`: one effect, told again under its event ids while Meta discards repeats."""

from domain.actions.plan import single
from domain.actions.retry import Guarantee, RetryPolicy
from infra.platform import ActionType, EffectType, Limits, Platform, Window
from infra.platforms.facebook.arriving import check, kept
from infra.platforms.facebook.authorisation import CONNECTING
from infra.platforms.facebook.sending import BATCH, REPEATED_FOR, prepare
from infra.settings import Settings


def _base_url(settings: Settings) -> str:
    return settings.facebook_api_url


SEND_EVENTS = EffectType(
    name="facebook.send_events",
    prepare=prepare,
    perform=BATCH.perform_alone,
    batch=BATCH,
    guarantee=Guarantee(deduplicates_for=REPEATED_FOR, on_unknown="park", each_by_itself=True),
    retry=RetryPolicy(attempts_max=20, age_max=REPEATED_FOR),
)

PLATFORM = Platform(
    name="facebook",
    queues=("facebook",),
    base_url=_base_url,
    connecting=CONNECTING,
    # Meta: "no specific rate limit for the Conversions API"; what is due goes out together.
    limits=Limits(in_flight=5, windows=(Window("minute", calls=300, seconds=60, reserve=30),)),
    effects=(SEND_EVENTS,),
    actions=(
        ActionType(
            name="facebook_conversion",
            params="infra.platforms.facebook.params:Conversion",
            next_effect=single(SEND_EVENTS.name),
            check=check,
            kept=kept,
            summary="Tell Meta of conversion events (Conversions API)",
            guarantee="told again under the same event ids within 40 hours",
            effects=(SEND_EVENTS.name,),
            batched=frozenset({SEND_EVENTS.name}),
        ),
    ),
)
