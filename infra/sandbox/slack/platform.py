"""Slack: authorisation, its errors (ok:false at HTTP 200), and which method does what."""

from collections.abc import Callable, Mapping
from typing import Any

from infra.sandbox.clock import Clock
from infra.sandbox.effects import Cause, Effects
from infra.sandbox.faults import Fault
from infra.sandbox.idempotency import Idempotency
from infra.sandbox.platform import NoSuchCall
from infra.sandbox.seed import (
    SLACK_BOT,
    SLACK_BOT_USER,
    SLACK_TEAM,
    SLACK_TEAM_NAME,
    SLACK_TOKEN,
)
from infra.sandbox.slack.arguments import BadArguments, read_arguments
from infra.sandbox.slack.conversations import Conversations, SlackError
from infra.sandbox.slack.history import history, replies
from infra.sandbox.slack.posting import post_message
from infra.sandbox.store import Shelf, Store
from infra.sandbox.wire import Answer, Document, Request, json_answer

Method = Callable[[Conversations, Document, Cause], Document]
_IDENTITY: Mapping[str, object] = {
    "url": "https://sandbox.slack.com/",
    "team": SLACK_TEAM_NAME,
    "user": "fleet",
    "team_id": SLACK_TEAM,
    "user_id": SLACK_BOT_USER,
    "bot_id": SLACK_BOT,
    "is_enterprise_install": False,
}
_METHODS: Mapping[str, Method] = {
    "chat.postMessage": post_message,
    "conversations.history": lambda conversations, arguments, _cause: history(
        conversations, arguments
    ),
    "conversations.replies": lambda conversations, arguments, _cause: replies(
        conversations, arguments
    ),
    "auth.test": lambda _conversations, _arguments, _cause: dict(_IDENTITY),
}
_POSTS = "/api/chat.postMessage"
_CUSTOMISED = ("username", "icon_emoji", "icon_url")


class Slack:
    """The workspace behind the API."""

    name = "slack"
    idempotency: Idempotency | None = None

    def __init__(self, store: Store, clock: Clock, effects: Effects) -> None:
        self._clock = clock
        self._settings = Shelf(store, "slack.settings")
        self._conversations = Conversations(store, clock, effects)
        self._last_post: dict[str, float] = {}

    def tenant_of(self, _request: Request) -> str:
        """There is one workspace."""
        return SLACK_TEAM

    def admit(self, request: Request, in_flight: int) -> Answer | None:  # noqa: ARG002 - Slack does not limit concurrency
        """Check the token, then the per-channel limit when it is switched on."""
        token = request.bearer
        if token is None:
            return _refused("not_authed")
        if token != SLACK_TOKEN:
            return _refused("invalid_auth")
        if self._setting("revoked"):
            return _refused("token_revoked")
        per_second = self._setting("channel_per_second")
        if per_second and request.path == _POSTS:
            return self._spaced(request, 1 / float(per_second))
        return None

    def perform(self, request: Request, cause: Cause) -> Answer:
        """Carry out a method; a refusal is HTTP 200 with `ok: false`."""
        method = _METHODS.get(request.path.removeprefix("/api/"))
        if method is None:
            return _refused("unknown_method")
        try:
            arguments = read_arguments(request)
            missing = self._missing(request, arguments)
            if missing is not None:
                return json_answer(200, {"ok": False, "error": "missing_scope", "needed": missing})
            return json_answer(200, {"ok": True, **method(self._conversations, arguments, cause)})
        except (SlackError, BadArguments) as refusal:
            return _refused(str(refusal), getattr(refusal, "messages", ()))

    def finish(self, request: Request, answer: Answer) -> Answer:  # noqa: ARG002 - part of the protocol
        """Slack tells no remaining quota."""
        return answer

    def refuse(self, status: int) -> Answer:
        """Slack's 5xx bodies are not JSON; a 200 is an internal error in its own style."""
        if status == 200:
            return _refused("internal_error")
        return Answer(status, b"upstream connect error", "text/plain")

    def refuse_key(self, key: str) -> Answer:
        """Never asked: Slack has no idempotency keys."""
        return _refused(f"unexpected_key_{key}")

    def rate_limited(self, fault: Fault) -> Answer:
        """429 with Retry-After in seconds."""
        return _rate_limited(30 if fault.retry_after is None else fault.retry_after)

    def revoke(self, request: Request, *, only_access: bool) -> None:  # noqa: ARG002 - one token
        """The bot token is dead from here on."""
        self._settings.put("revoked", {"value": True})

    def restore_tokens(self) -> Document:
        """Make the seeded token valid again."""
        self._settings.put("revoked", {"value": False})
        return {"token": SLACK_TOKEN}

    def set_limits(self, limits: Document) -> Document:
        """`channel_per_second`: messages per second and channel; None switches it off."""
        if unknown := set(limits) - {"channel_per_second"}:
            raise ValueError(f"no such limit: {', '.join(sorted(unknown))}")
        for name, value in limits.items():
            self._settings.put(name, {"value": value})
        return {"channel_per_second": self._setting("channel_per_second")}

    def control(self, method: str, path: str, wish: Document) -> Document:
        """`POST channels` seeds one, `GET channels`, `GET messages[?channel=]`, `POST scopes`."""
        calls: Mapping[tuple[str, str], Callable[[], Document]] = {
            ("POST", "channels"): lambda: self._conversations.seed_channel(wish),
            ("GET", "channels"): lambda: {"channels": self._conversations.channels()},
            ("POST", "scopes"): lambda: self._lose(wish),
            ("GET", "messages"): lambda: {
                "messages": self._conversations.all_messages(wish.get("channel"))
            },
        }
        call = calls.get((method, path))
        if call is None:
            raise NoSuchCall(f"{method} slack/{path}")
        return call()

    def _lose(self, wish: Document) -> Document:
        """Take scopes from the token: `missing` are those it has not."""
        self._settings.put("missing", {"value": list(wish["missing"])})
        return {"missing": self._setting("missing")}

    def _missing(self, request: Request, arguments: Document) -> str | None:
        """Return the scope that a message needs and the token has not."""
        if request.path != _POSTS:
            return None
        customised = any(name in arguments for name in _CUSTOMISED)
        needed = ["chat:write", *(["chat:write.customize"] if customised else [])]
        return next((one for one in needed if one in (self._setting("missing") or ())), None)

    def _setting(self, name: str) -> Any:
        kept = self._settings.get(name)
        return kept["value"] if kept else None

    def _spaced(self, request: Request, apart_s: float) -> Answer | None:
        try:
            channel = str(read_arguments(request).get("channel", ""))
        except BadArguments:
            return None
        now = self._clock.now()
        last = self._last_post.get(channel)
        if last is not None and 0 <= now - last < apart_s:
            return _rate_limited(max(1, round(apart_s)))
        self._last_post[channel] = now
        return None


def _refused(error: str, messages: tuple[str, ...] = ()) -> Answer:
    body: Document = {"ok": False, "error": error}
    if messages:
        body["errors"] = list(messages)
        body["response_metadata"] = {"messages": [f"[ERROR] {message}" for message in messages]}
    return json_answer(200, body)


def _rate_limited(retry_after_s: int) -> Answer:
    return json_answer(
        429, {"ok": False, "error": "ratelimited"}, {"Retry-After": str(retry_after_s)}
    )
