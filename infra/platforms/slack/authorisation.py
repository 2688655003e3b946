"""Which workspace a bot token belongs to. Source: Slack API docs, `auth.test`."""

from domain.actions.outcome import Rejected
from infra.connecting import Connectable, Connecting, Field
from infra.exchange import json_of
from infra.session import Session


def check(session: Session) -> Connectable | Rejected:
    """Return the workspace of the session's token, or Slack's words against it.

    Raises:
        TooLate, Broken: see `infra.exchange`.
    """
    headers = {"Authorization": f"Bearer {session.credentials['token']}"}
    exchange = session.send("POST", "/auth.test", headers=headers, body=b"")
    answer = json_of(exchange.answer)
    try:
        if answer["ok"] is True:
            team = str(answer["team_id"])
            return Connectable(team, str(answer.get("team") or team))
        return Rejected(str(answer["error"]), f"Slack: {answer['error']}")
    except (TypeError, KeyError):
        return Rejected("unreadable_answer", f"Slack: HTTP {exchange.status} to auth.test")


CONNECTING = Connecting((Field("token", "SLACK_BOT_TOKEN", "Bot token (xoxb-…)"),), check)
