"""Params of Slack's actions, as a request gives them."""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, StringConstraints

Text = Annotated[str, StringConstraints(min_length=1, max_length=40_000)]


@dataclass(frozen=True)
class SendMessage:
    """`slack_send_message` (Slack: chat.postMessage). One of text and blocks is needed."""

    channel: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    text: Text | None = None
    blocks: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=50)] | None = None
    thread_ts: Annotated[str, StringConstraints(pattern=r"^\d+\.\d+$")] | None = None
    reply_broadcast: bool | None = None
    unfurl_links: bool | None = None
    unfurl_media: bool | None = None
    username: Annotated[str, StringConstraints(min_length=1, max_length=80)] | None = None
    icon_emoji: Annotated[str, StringConstraints(pattern=r"^:[^:\s]+:$")] | None = None
    icon_url: Annotated[str, StringConstraints(pattern=r"^https?://")] | None = None

    def __post_init__(self) -> None:
        if self.text is None and self.blocks is None:
            raise ValueError("one of `text` and `blocks` is required")
        if self.reply_broadcast and self.thread_ts is None:
            raise ValueError("`reply_broadcast` needs `thread_ts`")
