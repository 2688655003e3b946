"""One effect: post an event to a subscription's URL, signed, until it is taken.

A delivery changes nothing that a second one would change again: receivers know an event by its
`webhook-id`. So it is declared as a read is, and whatever is in doubt is simply sent again.
"Delivered" means answered with 2xx; an answer that did not come is no delivery. Giving up is an
end, never a matter for a person (`optional`): the delivery is `rejected` and can be replayed.
"""

import json
from datetime import timedelta
from urllib.parse import urlsplit

from domain.actions.outcome import Deferred, Outcome, Rejected
from domain.actions.plan import single
from domain.actions.retry import Guarantee, RetryPolicy
from infra.clock import utc_now
from infra.database import subscriptions
from infra.exchange import Broken, Caution
from infra.platform import (
    ActionType,
    Call,
    EffectType,
    Limits,
    Platform,
    Preparation,
    Sent,
    Settlement,
    Window,
)
from infra.platforms.webhook.answers import GONE, classify
from infra.platforms.webhook.signing import current_secrets, signature
from infra.session import Session
from infra.settings import Settings

CAUTION = Caution(seconds_max=10.0, answer_bytes_max=16 * 1024)
GIVE_UP_AFTER = timedelta(days=3)
RETRY = RetryPolicy(
    attempts_max=100,  # some 25 fit into the time: that decides
    delay_first=timedelta(seconds=5),
    delay_max=timedelta(hours=6),
    age_max=GIVE_UP_AFTER,
)


def prepare(preparation: Preparation) -> Call:
    """Say where the event goes: to the URL the subscription has now."""
    url = str(preparation.integration.settings.get("url"))
    body = json.dumps(preparation.request.params["event"], separators=(",", ":")).encode()
    return Call("POST", urlsplit(url).path, body=body, context={"url": url})


def perform(session: Session, sent: Sent) -> Outcome:
    """Post it, signed as of now; the receiver refuses old timestamps."""
    now, body = utc_now(), sent.call.body or b""
    event_id, timestamp = str(sent.request.params["event"]["id"]), int(now.timestamp())
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "Actionfleet",
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(
            current_secrets(session.credentials, now), event_id, timestamp, body
        ),
    }
    url = sent.call.context["url"]
    try:
        exchange = session.send_url("POST", url, headers=headers, body=body, caution=CAUTION)
    except Broken as broken:
        exchange = session.exchanges[-1]
        if exchange.status is None:  # with one, it has been answered: the rest is of no interest
            code = "no_answer" if exchange.sent else "not_sent"
            why = str(broken).partition(": ")[2] or str(broken)
            return Deferred(code, f"the receiver gave no answer: {why}")
    return classify(exchange, utc_now())


def give_up(given_up: Settlement) -> None:
    """Disable a subscription that wants no more, or has taken nothing for as long as we try."""
    outcome, subscription_id = given_up.outcome, given_up.integration.id
    if not isinstance(outcome, Rejected):
        return
    if outcome.code == GONE:
        subscriptions.disable(given_up.tx, subscription_id, outcome.message, given_up.now)
    elif not subscriptions.delivered_since(
        given_up.tx, subscription_id, given_up.now - GIVE_UP_AFTER
    ):
        reason = f"nothing was taken for {GIVE_UP_AFTER.days} days; the last: {outcome.message}"
        subscriptions.disable(given_up.tx, subscription_id, reason, given_up.now)


def _no_address(_settings: Settings) -> str:
    return ""  # each subscription has its own


DELIVER = EffectType(
    name="webhook.deliver",
    prepare=prepare,
    perform=perform,
    abandon=give_up,
    guarantee=Guarantee(changes=False),
    retry=RETRY,
    optional=True,
)

PLATFORM = Platform(
    name="webhook",
    queues=("webhook",),
    base_url=_no_address,
    # Of each subscription. One that hangs holds so many threads for `CAUTION.seconds_max`.
    limits=Limits(in_flight=4, windows=(Window("minute", calls=600, seconds=60),)),
    effects=(DELIVER,),
    actions=(
        ActionType(
            name="webhook_deliver",
            params="infra.platforms.webhook.params:Deliver",
            next_effect=single(DELIVER.name),
            summary="Deliver an event to a subscription",
            guarantee="repeated under the same webhook-id until it is taken",
            own=True,
        ),
    ),
)
