"""`slack_send_message`: one effect, found again by the effect id in the message's metadata."""

import json
from datetime import timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from domain.actions.outcome import (
    Absent,
    Blocks,
    Deferred,
    JsonObject,
    LookedUp,
    Outcome,
    Succeeded,
    Unknown,
)
from domain.actions.plan import Request, single
from domain.actions.retry import Guarantee, RetryPolicy
from infra.clock import utc_now
from infra.platform import ActionType, Call, EffectType, Limits, Platform, Preparation, Sent, Window
from infra.platforms.slack.authorisation import CONNECTING
from infra.platforms.slack.errors import OF_THE_TOKEN, answer_of, classify_status, refusal
from infra.session import Session
from infra.settings import Settings

EVENT_TYPE = "actionfleet_effect"
OVERLAP = timedelta(minutes=5)  # before the first send: clocks differ
PAGE = 100  # messages read per look-up; a busy channel needs more than one look
PAGES_MAX = 5
SETTLING = timedelta(seconds=5)
CUSTOMISING = frozenset({"username", "icon_emoji", "icon_url"})
NOT_THE_THREAD = Unknown(
    "not_the_thread",
    "Slack: thread_ts is that of a reply, whose thread cannot be looked through by it; state the "
    "message's ts, or that there is none",
)
CHANNEL = Window("channel", calls=10, seconds=10)
"""Slack: one message a second for each channel, short bursts tolerated."""
HISTORY = Window("history", calls=50, seconds=60)
"""Slack: tier 3. An app that others install may get one call a minute; see README.md."""


def prepare(preparation: Preparation) -> Call:
    """Freeze the message, with our mark in its metadata (visible to apps: ids only)."""
    message = dict(preparation.request.params)
    mark = str(preparation.effect_id)
    message["metadata"] = {"event_type": EVENT_TYPE, "event_payload": {"effect_id": mark}}
    # Undocumented for apps and never relied on: where Slack honours it, it refuses a second one.
    message["client_msg_id"] = str(uuid5(NAMESPACE_URL, mark))
    return Call("POST", "/chat.postMessage", body=json.dumps(message).encode())


def perform(session: Session, sent: Sent) -> Outcome:
    """Post it. Slack answers most refusals with HTTP 200 and `ok: false`."""
    exchange = session.send("POST", sent.call.path, headers=_headers(session), body=sent.call.body)
    early = classify_status(exchange, utc_now())
    if early is not None:
        return early
    answer = answer_of(exchange)
    if not isinstance(answer, dict):
        return answer
    if not answer["ok"]:
        customised = not CUSTOMISING.isdisjoint(sent.request.params)
        return refusal(exchange, answer, utc_now(), customised=customised)
    return _posted(answer.get("channel"), answer.get("ts"))


def find(session: Session, sent: Sent) -> LookedUp:
    """Look through the channel (or the thread) since the first send for our effect id.

    "Absent" is said only when every message since then was seen: an answer that lists none, or does
    not say whether there are more, is no absence.
    """
    message = json.loads(sent.call.body or b"{}")
    if sent.stated_id is not None:
        return _posted(message["channel"], sent.stated_id)
    whole, cursor = True, None
    for _ in range(PAGES_MAX):
        answer = _page(session, sent, message, cursor)
        if not isinstance(answer, dict):
            return answer
        for found in answer["messages"]:
            if _mark_of(found) == str(sent.effect_id):
                return _posted(message["channel"], found.get("ts"))
            whole = whole and not _is_a_reply(found, message.get("thread_ts"))
        if not answer["has_more"]:
            return Absent() if whole else NOT_THE_THREAD
        cursor = _inside(answer, "response_metadata", "next_cursor")
        if not cursor:
            return Unknown("unreadable_answer", "Slack: more messages, but no cursor to them")
    return Unknown("too_many_messages", "Slack: too many messages since the send to look through")


def _page(
    session: Session, sent: Sent, message: dict[str, Any], cursor: str | None
) -> dict[str, Any] | Deferred | Unknown:
    oldest = (sent.first_sent_at - OVERLAP).timestamp()
    query = {
        "channel": message["channel"],
        "oldest": f"{oldest:.6f}",
        "include_all_metadata": "true",
        "limit": str(PAGE),
    }
    path = "/conversations.history"
    if "thread_ts" in message:
        path, query["ts"] = "/conversations.replies", message["thread_ts"]
    if cursor:
        query["cursor"] = cursor
    exchange = session.send("GET", path, query=query, headers=_headers(session))
    early = classify_status(exchange, utc_now())
    if early is not None:
        return early
    answer = answer_of(exchange)
    if not isinstance(answer, dict):
        return answer
    if answer["ok"]:
        return _a_list(answer)
    refused = refusal(exchange, answer, utc_now())
    if isinstance(refused, Deferred) and (
        refused.blocks is Blocks.KIND or refused.code in OF_THE_TOKEN
    ):
        return refused
    # What refuses the look-up (a missing history scope, say) tells nothing of the message.
    return Unknown("look_up_refused", f"the look-up was refused: {refused.message}")


def _a_list(answer: dict[str, Any]) -> dict[str, Any] | Unknown:
    whole = isinstance(answer.get("messages"), list) and isinstance(answer.get("has_more"), bool)
    return answer if whole else Unknown("unreadable_answer", "Slack: ok, but no list of messages")


def _mark_of(found: Any) -> Any:
    return _inside(found, "metadata", "event_payload", "effect_id")


def _is_a_reply(found: Any, thread_ts: str | None) -> bool:
    """Is what the message was to answer itself a reply? Then this is not the whole thread."""
    if thread_ts is None or _inside(found, "ts") != thread_ts:
        return False
    return _inside(found, "thread_ts") not in {None, thread_ts}


def _inside(thing: Any, *names: str) -> Any:
    """Return what stands in an object under one name after the other; None where it does not."""
    for name in names:
        thing = thing.get(name) if isinstance(thing, dict) else None
    return thing


def _posted(channel: Any, ts: Any) -> Succeeded | Unknown:
    """Return which message it is; channel and ts together name it, an answer without them none."""
    if not all(isinstance(one, str) and one for one in (channel, ts)):
        return Unknown("unreadable_answer", "Slack: ok, but no message is named")
    return Succeeded({"channel": channel, "ts": ts}, external_id=ts)


def _headers(session: Session) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {session.credentials['token']}",
        "Content-Type": "application/json; charset=utf-8",
    }


def _channel(request: Request, _inputs: JsonObject) -> str:
    return str(request.params["channel"])


def _base_url(settings: Settings) -> str:
    return settings.slack_api_url


POST_MESSAGE = EffectType(
    name="slack.post_message",
    prepare=prepare,
    perform=perform,
    find=find,
    guarantee=Guarantee(can_find=True, settling=SETTLING),
    retry=RetryPolicy(attempts_max=8),
    limits=(CHANNEL,),
    scope=_channel,
    look_up_limits=(HISTORY,),
)

PLATFORM = Platform(
    name="slack",
    queues=("slack",),
    base_url=_base_url,
    connecting=CONNECTING,
    # Slack: "several hundred messages per minute" per workspace, bursts tolerated.
    limits=Limits(in_flight=5, windows=(Window("minute", calls=300, seconds=60, reserve=30),)),
    effects=(POST_MESSAGE,),
    actions=(
        ActionType(
            name="slack_send_message",
            params="infra.platforms.slack.params:SendMessage",
            next_effect=single(POST_MESSAGE.name),
            summary="Post a message to a Slack channel, DM or thread",
            guarantee="found by look-up",
            effects=(POST_MESSAGE.name,),
        ),
    ),
)
