"""Whose API key it is. Source: Cal.com API v2 reference, "Get my profile"."""

from domain.actions.outcome import Deferred, Rejected, Unknown
from infra.connecting import Connectable, Connecting, Field
from infra.platform import Call
from infra.platforms.calcom.client import send
from infra.platforms.calcom.errors import read
from infra.session import Session


def check(session: Session) -> Connectable | Rejected | Deferred:
    """Return the user of the session's key, or Cal.com's words against it.

    The tenant is the user: limits are counted per key, bookings are listed per user.

    Raises:
        TooLate, Broken: see `infra.exchange`.
    """
    answer = read(send(session, Call("GET", "/v2/me")))
    if isinstance(answer, Unknown):
        return Rejected(answer.code, answer.message)
    if not isinstance(answer, dict):
        return answer
    user = answer["data"]
    number = user.get("id") if isinstance(user, dict) else None
    if not isinstance(number, int) or isinstance(number, bool):
        return Rejected("unreadable_answer", "Cal.com: no user in the answer to GET /v2/me")
    names = [user.get(name) for name in ("name", "username", "email")]
    name = next((one for one in names if isinstance(one, str) and one), str(number))
    return Connectable(str(number), name)


CONNECTING = Connecting((Field("api_key", "CALCOM_API_KEY", "API key (cal_…)"),), check)
