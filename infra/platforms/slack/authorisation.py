"""Which workspace a token belongs to. Source: Slack API docs, `auth.test`."""

import json
from dataclasses import dataclass

from domain.actions.outcome import Rejected
from infra.session import Session


@dataclass(frozen=True, slots=True)
class Team:
    """A Slack workspace."""

    tenant: str
    name: str


def team_of(session: Session) -> Team | Rejected:
    """Return the workspace of the session's token, or Slack's words against it.

    Raises:
        TooLate, Broken: see `infra.exchange`.
    """
    headers = {"Authorization": f"Bearer {session.credentials['token']}"}
    exchange = session.send("POST", "/auth.test", headers=headers, body=b"")
    try:
        answer = json.loads(exchange.answer)
        if answer["ok"] is True:
            return Team(str(answer["team_id"]), str(answer.get("team") or answer["team_id"]))
        return Rejected(str(answer["error"]), f"Slack: {answer['error']}")
    except (ValueError, TypeError, KeyError):
        return Rejected("unreadable_answer", f"Slack: HTTP {exchange.status} to auth.test")
