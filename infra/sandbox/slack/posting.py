"""chat.postMessage: its checks, in Slack's words, and the message it makes."""

from collections.abc import Mapping
from typing import Final

from infra.sandbox.effects import Cause
from infra.sandbox.seed import SLACK_APP, SLACK_BOT, SLACK_BOT_USER, SLACK_TEAM
from infra.sandbox.slack.arguments import is_true, structure
from infra.sandbox.slack.conversations import Conversations, SlackError
from infra.sandbox.wire import Document, encode

TEXT_LIMIT: Final = 40_000  # characters; longer text is cut off
MARKDOWN_LIMIT: Final = 12_000  # characters
BLOCKS_LIMIT: Final = 50
ATTACHMENTS_LIMIT: Final = 100
METADATA_LIMIT: Final = 16_384  # bytes of JSON; the real limit is not published
BLOCK_TYPES: Final = frozenset(
    {
        "actions",
        "alert",
        "call",
        "context",
        "context_actions",
        "data_table",
        "divider",
        "file",
        "header",
        "image",
        "input",
        "markdown",
        "plan",
        "rich_text",
        "section",
        "table",
        "task_card",
        "video",
    }
)


def post_message(conversations: Conversations, arguments: Document, cause: Cause) -> Document:
    """Post a message and return `channel`, `ts` and the message.

    Raises:
        SlackError: Slack would refuse.
    """
    channel = conversations.channel(arguments.get("channel"))
    if channel["is_archived"]:
        raise SlackError("is_archived")
    content = _content(arguments)
    thread = arguments.get("thread_ts")
    if thread is not None and conversations.message(channel["id"], str(thread)) is None:
        raise SlackError("cannot_reply_to_message")
    message: Document = {
        "user": SLACK_BOT_USER,
        "type": "message",
        "ts": conversations.next_ts(),
        "bot_id": SLACK_BOT,
        "app_id": SLACK_APP,
        "team": SLACK_TEAM,
        **content,
    }
    if thread is not None:
        message["thread_ts"] = str(thread)
        if is_true(arguments.get("reply_broadcast")):
            message["subtype"] = "thread_broadcast"
    conversations.add(channel["id"], message, cause)
    return {
        "channel": channel["id"],
        "ts": message["ts"],
        "message": message,
        **_warnings(arguments),
    }


def _content(arguments: Document) -> Document:
    """Return text, blocks, attachments and metadata, checked."""
    text, markdown = arguments.get("text"), arguments.get("markdown_text")
    if text is not None and not isinstance(text, str):
        raise SlackError("invalid_arguments", "text must be a string")
    blocks, attachments = _blocks(arguments), _attachments(arguments)
    if markdown:
        if text or blocks:
            raise SlackError("markdown_text_conflict")
        if len(str(markdown)) > MARKDOWN_LIMIT:
            raise SlackError("msg_too_long")
    if not (text or markdown or blocks or attachments):
        raise SlackError("no_text")
    content: Document = {"text": (text or str(markdown or ""))[:TEXT_LIMIT]}
    parts = {"blocks": blocks, "attachments": attachments, "metadata": _metadata(arguments)}
    content.update({name: part for name, part in parts.items() if part})
    return content


def _blocks(arguments: Document) -> list[Document] | None:
    blocks = structure(arguments, "blocks")
    if blocks is None:
        return None
    if not isinstance(blocks, list):
        raise SlackError("invalid_blocks_format")
    if len(blocks) > BLOCKS_LIMIT:
        raise SlackError(
            "invalid_blocks", f"no more than {BLOCKS_LIMIT} items allowed [json-pointer:/blocks]"
        )
    for number, block in enumerate(blocks):
        if not isinstance(block, dict) or block.get("type") not in BLOCK_TYPES:
            raise SlackError(
                "invalid_blocks", f"unsupported type [json-pointer:/blocks/{number}/type]"
            )
        if block["type"] == "section" and not (block.get("text") or block.get("fields")):
            raise SlackError(
                "invalid_blocks", f"missing required field: text [json-pointer:/blocks/{number}]"
            )
    return blocks


def _attachments(arguments: Document) -> list[Document] | None:
    attachments = structure(arguments, "attachments")
    if attachments is None:
        return None
    if not isinstance(attachments, list):
        raise SlackError("invalid_attachments")
    if len(attachments) > ATTACHMENTS_LIMIT:
        raise SlackError("too_many_attachments")
    return attachments


def _metadata(arguments: Document) -> Mapping[str, object] | None:
    metadata = structure(arguments, "metadata")
    if metadata is None:
        return None
    if (
        not isinstance(metadata, dict)
        or not isinstance(metadata.get("event_type"), str)
        or not isinstance(metadata.get("event_payload"), dict)
    ):
        raise SlackError("invalid_metadata_format")
    if len(encode(metadata)) > METADATA_LIMIT:
        raise SlackError("metadata_too_large")
    return {name: metadata[name] for name in ("event_type", "event_payload")}


def _warnings(arguments: Document) -> Document:
    if len(str(arguments.get("text") or "")) <= TEXT_LIMIT:
        return {}
    return {
        "warning": "message_truncated",
        "response_metadata": {"warnings": ["message_truncated"]},
    }
