"""Whose server token it is. Source: Postmark, "Server API"."""

from dataclasses import dataclass

from domain.actions.outcome import Deferred, Rejected
from infra.platform import Call
from infra.platforms.postmark.client import send
from infra.platforms.postmark.errors import read
from infra.session import Session


@dataclass(frozen=True, slots=True)
class Server:
    """A Postmark server: its id is the tenant whose budget its emails use."""

    tenant: str
    name: str


def server_of(session: Session) -> Server | Rejected | Deferred:
    """Ask Postmark which server the token opens.

    Raises:
        TooLate, Broken: see `infra.exchange`.
    """
    answer = read(send(session, Call("GET", "/server")))
    if isinstance(answer, Rejected | Deferred):
        return answer
    number = answer.get("ID") if isinstance(answer, dict) else None
    if not isinstance(answer, dict) or not isinstance(number, int):
        return Rejected("unreadable_answer", "Postmark: the answer names no server")
    return Server(str(number), str(answer.get("Name") or number))
