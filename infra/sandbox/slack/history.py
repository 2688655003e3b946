"""conversations.history and conversations.replies. Metadata is shown only when asked for."""

from infra.sandbox.slack.arguments import is_true, whole_number
from infra.sandbox.slack.conversations import Conversations, SlackError, micros
from infra.sandbox.wire import Document

_DEFAULT_LIMIT = 100
_HIGHEST_LIMIT = 999


def history(conversations: Conversations, arguments: Document) -> Document:
    """Return a channel's messages, newest first; replies stay in their threads."""
    channel = conversations.channel(arguments.get("channel"))
    found = [
        message
        for message in _asked_for(conversations, channel["id"], arguments)
        if message.get("thread_ts", message["ts"]) == message["ts"]
        or message.get("subtype") == "thread_broadcast"
    ]
    return _page(list(reversed(found)), arguments)


def replies(conversations: Conversations, arguments: Document) -> Document:
    """Return a thread: the parent, then its replies, oldest first."""
    channel = conversations.channel(arguments.get("channel"))
    ts = str(arguments.get("ts") or "")
    asked = conversations.message(channel["id"], ts)
    if asked is None:
        raise SlackError("thread_not_found")
    parent_ts = asked.get("thread_ts", ts)
    parent = conversations.message(channel["id"], parent_ts) or asked
    found = [
        message
        for message in _asked_for(conversations, channel["id"], arguments)
        if message.get("thread_ts") == parent_ts
    ]
    return _page([parent, *found], arguments)


def _asked_for(conversations: Conversations, channel: str, arguments: Document) -> list[Document]:
    return conversations.between(
        channel,
        str(arguments.get("oldest") or ""),
        str(arguments.get("latest") or ""),
        inclusive=is_true(arguments.get("inclusive")),
    )


def _page(messages: list[Document], arguments: Document) -> Document:
    limit = whole_number(arguments.get("limit"), _DEFAULT_LIMIT)
    limit = min(max(limit, 1), _HIGHEST_LIMIT)
    start = _start(messages, arguments.get("cursor"))
    shown = messages[start : start + limit]
    if not is_true(arguments.get("include_all_metadata")):
        shown = [
            {name: value for name, value in message.items() if name != "metadata"}
            for message in shown
        ]
    more = start + limit < len(messages)
    page: Document = {"messages": shown, "has_more": more, "pin_count": 0}
    if more:
        cursor = micros(messages[start + limit]["ts"])
        page["response_metadata"] = {"next_cursor": f"next_ts:{cursor}"}
    return page


def _start(messages: list[Document], cursor: object) -> int:
    """Find where a page begins: at the message the cursor names, whatever came since."""
    if not cursor:
        return 0
    name, _, number = str(cursor).partition(":")
    if name == "next_ts" and number.isdigit():
        for position, message in enumerate(messages):
            if micros(message["ts"]) == int(number):
                return position
    raise SlackError("invalid_cursor")
