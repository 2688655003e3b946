"""Channels and the messages in them. Messages are kept as JSON text: a load test posts many."""

from bisect import bisect_left, bisect_right

from infra.sandbox.clock import Clock
from infra.sandbox.effects import Cause, Effects
from infra.sandbox.seed import SLACK_CHANNELS
from infra.sandbox.store import Shelf, Store
from infra.sandbox.wire import Document, decode_object, encode


class SlackError(Exception):
    """A refusal; the text is Slack's error code, `messages` say more."""

    def __init__(self, error: str, *messages: str) -> None:
        super().__init__(error)
        self.messages = messages


class Conversations:
    """One workspace's channels and messages."""

    def __init__(self, store: Store, clock: Clock, effects: Effects) -> None:
        self._clock = clock
        self._effects = effects
        self._store = store
        self._channels = Shelf(store, "slack.channels")
        if not len(self._channels):
            for channel in SLACK_CHANNELS:
                self._channels.put(channel["id"], channel)
        self._stamps: dict[str, list[int]] = {}  # microseconds per channel, ascending
        self._texts: dict[str, list[bytes]] = {}  # the messages, in the same order
        for key, message in store.load("slack.messages"):
            self._remember(key.partition(" ")[0], message)
        self._last = max((stamps[-1] for stamps in self._stamps.values()), default=0)

    def channel(self, name: object) -> Document:
        """Return a channel the bot may use, by id or name.

        Raises:
            SlackError: channel_not_found, not_in_channel, is_archived.
        """
        wanted = str(name or "").removeprefix("#")
        found = self._channels.get(wanted) or next(
            (channel for channel in self._channels.records() if channel["name"] == wanted), None
        )
        if found is None:
            raise SlackError("channel_not_found")
        if not found["is_member"]:
            raise SlackError("not_in_channel")
        return found

    def next_ts(self) -> str:
        """Return a timestamp later than every one before: seconds with six decimals."""
        self._last = max(int(self._clock.now() * 1_000_000), self._last + 1)
        return f"{self._last // 1_000_000}.{self._last % 1_000_000:06d}"

    def add(self, channel: str, message: Document, cause: Cause) -> None:
        """Put a message into a channel and count the effect."""
        self._remember(channel, message)
        self._store.put("slack.messages", f"{channel} {message['ts']}", message)
        payload = (message.get("metadata") or {}).get("event_payload") or {}
        mark = payload.get("effect_id") or payload.get("action_id")
        self._effects.record(
            cause, "slack", "message.posted", f"{channel}:{message['ts']}", mark and str(mark)
        )

    def message(self, channel: str, ts: str) -> Document | None:
        """Return one message, or None."""
        found = self.between(channel, ts, ts, inclusive=True)
        return found[0] if found else None

    def between(self, channel: str, oldest: str, latest: str, *, inclusive: bool) -> list[Document]:
        """Return a channel's messages between two timestamps, oldest first."""
        stamps = self._stamps.get(channel, [])
        begin, end = (bisect_left, bisect_right) if inclusive else (bisect_right, bisect_left)
        first = begin(stamps, micros(oldest)) if oldest else 0
        last = end(stamps, micros(latest)) if latest else len(stamps)
        return [decode_object(text) for text in self._texts.get(channel, [])[first:last]]

    def seed_channel(self, wish: Document) -> Document:
        """Add or change a channel (`id`, `name`, `is_archived`, `is_member`)."""
        identity = wish.get("id")
        if not isinstance(identity, str) or not identity:
            raise ValueError("`id` is missing")
        channel = {"name": identity.lower(), "is_archived": False, "is_member": True}
        channel.update(self._channels.get(identity) or {})
        channel.update({name: wish[name] for name in wish if name in {"id", *channel}})
        self._channels.put(identity, channel)
        return channel

    def channels(self) -> list[Document]:
        """Return all channels."""
        return self._channels.records()

    def all_messages(self, channel: str | None) -> list[Document]:
        """Return the messages of one channel or of all, oldest first, each with its `channel`."""
        wanted = [channel] if channel else list(self._stamps)
        return [
            {"channel": name, **message}
            for name in wanted
            for message in self.between(name, "", "", inclusive=True)
        ]

    def _remember(self, channel: str, message: Document) -> None:
        self._stamps.setdefault(channel, []).append(micros(message["ts"]))
        self._texts.setdefault(channel, []).append(encode(message))


def micros(ts: str) -> int:
    """Read a Slack timestamp as microseconds.

    Raises:
        SlackError: it is none.
    """
    seconds, _, fraction = ts.partition(".")
    try:
        return int(seconds or 0) * 1_000_000 + int(fraction[:6].ljust(6, "0"))
    except ValueError:
        raise SlackError("invalid_arguments", f"not a timestamp: {ts}") from None
