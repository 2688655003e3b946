"""What the fleet knows of Postmark: it carries effects out for actions of other platforms.

Postmark publishes no rate, only "429: reduce the rate"; the budget is ours.
"""

from infra.platform import Limits, Platform, Window
from infra.platforms.postmark.sending import SEND, SEND_ALONE
from infra.settings import Settings


def _base_url(settings: Settings) -> str:
    return settings.postmark_api_url


PLATFORM = Platform(
    name="postmark",
    queues=("postmark",),
    base_url=_base_url,
    limits=Limits(in_flight=5, windows=(Window("minute", calls=300, seconds=60, reserve=30),)),
    effects=(SEND, SEND_ALONE),
    actions=(),
)
