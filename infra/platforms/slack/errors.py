"""Slack's words, sorted. Source: Slack API docs, chat.postMessage, "Errors"."""

from datetime import datetime, timedelta
from typing import Any

from domain.actions.outcome import Blocks, Deferred, Rejected, Unknown
from infra.exchange import Exchange, json_object
from infra.redaction import redact_text
from infra.retry_after import retry_after

AMBIGUOUS = frozenset(
    {
        # "some aspect of the operation succeeded before the error was raised" is possible
        "fatal_error",
        "internal_error",
        "service_unavailable",
        "request_timeout",
        # speak of our client_msg_id, whose behaviour is not documented
        "duplicate_message_not_found",
        "duplicate_channel_not_found",
    }
)
NOT_AUTHORISED = frozenset(
    {
        "not_authed",
        "invalid_auth",
        "account_inactive",
        "token_revoked",
        "token_expired",
        "missing_scope",
        "not_allowed_token_type",
        "no_permission",
        "access_denied",
        "accesslimited",
        "team_access_not_granted",
        "two_factor_setup_required",
        "ekm_access_denied",
        "messages_tab_disabled",
    }
)
OF_THE_TOKEN = frozenset(
    {"not_authed", "invalid_auth", "account_inactive", "token_revoked", "token_expired"}
)
"""Those of them that no call gets past, whatever its scope."""
WORDS_MAX, CODE_MAX = 2_000, 80
CUSTOMISE = "chat:write.customize"
"""The scope that only a message with a name or an icon of its own needs."""
TOO_MANY = frozenset({"ratelimited", "rate_limited"})
"""Slack limits each method by itself, and posting by the channel: only these wait."""
PAUSE = timedelta(seconds=30)
"""Where Slack does not say how long."""
WAIT_MAX = timedelta(days=1)
"""No header holds a channel for longer."""
LATER: dict[str, timedelta] = {
    "team_added_to_org": timedelta(minutes=10),
    "org_login_required": timedelta(minutes=10),
}


def answer_of(exchange: Exchange) -> dict[str, Any] | Unknown:
    """Return Slack's JSON answer, or Unknown when it is none."""
    answer = json_object(exchange.answer)
    if answer is None or not isinstance(answer.get("ok"), bool):
        return Unknown("unreadable_answer", f"HTTP {exchange.status} without Slack's JSON answer")
    return answer


def refusal(
    exchange: Exchange, answer: dict[str, Any], now: datetime, *, customised: bool = False
) -> Rejected | Deferred | Unknown:
    """Sort an answer that is not ok; total over every error Slack may name.

    `customised`: the message wants a name or an icon of its own.
    """
    error = str(answer.get("error", "no error named"))[:CODE_MAX]
    words = f"Slack: {redact_text(error + _more(answer))[:WORDS_MAX]}"
    if error in AMBIGUOUS:
        return Unknown(error, words)
    if error == "missing_scope" and customised and _needs(answer) == {CUSTOMISE}:
        what = "leave out username, icon_emoji and icon_url, or give the app that scope"
        return Rejected(error, f"{words}; {what}")
    if error in NOT_AUTHORISED:
        return Deferred(error, words, None, Blocks.CONNECTION)
    if error in TOO_MANY:
        wait = retry_after(exchange, now, WAIT_MAX) or PAUSE
        return Deferred(error, words, now + wait, Blocks.KIND)
    if error in LATER:
        return Deferred(error, words, now + LATER[error], Blocks.TENANT)
    return Rejected(error, words)


def classify_status(exchange: Exchange, now: datetime) -> Deferred | Unknown | None:
    """Sort what the HTTP status alone decides; None: read the body."""
    status = exchange.status or 0
    if status == 429:
        wait = retry_after(exchange, now, WAIT_MAX) or PAUSE
        words = f"Slack: rate limited for {wait.total_seconds():.0f} s"
        return Deferred("ratelimited", words, now + wait, Blocks.KIND)
    if status >= 500:
        return Unknown(f"http_{status}", f"Slack answered HTTP {status}")
    return None


def _needs(answer: dict[str, Any]) -> set[str]:
    needed = answer.get("needed")
    return {one.strip() for one in needed.split(",")} if isinstance(needed, str) else set()


def _more(answer: dict[str, Any]) -> str:
    metadata = answer.get("response_metadata")
    messages = metadata.get("messages") if isinstance(metadata, dict) else None
    found = messages or answer.get("errors")
    said = found if isinstance(found, list) else []
    needed = f" (needs {answer['needed']})" if "needed" in answer else ""
    return needed + (": " + "; ".join(str(message) for message in said) if said else "")
