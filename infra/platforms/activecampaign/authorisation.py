"""Connecting an account: its API URL and a key, tried with a call that changes nothing.

Source: developers.activecampaign.com, "Base URL", "Authentication", "Retrieve Logged-in User".
"""

from dataclasses import replace
from urllib.parse import urlsplit

from domain.actions.outcome import Deferred, Rejected, Unknown
from infra.connecting import Connectable, Connecting, Field
from infra.platform import Call
from infra.platforms.activecampaign.client import API, id_of, send
from infra.platforms.activecampaign.errors import read
from infra.session import Session

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def base_of(given: str) -> str:
    """Return an API URL in one form: without `/api/3` or a slash at its end.

    Raises:
        ValueError: it is none; the message says what to give.
    """
    wanted = "give the API URL of the Developer tab, as https://account.api-us1.com"
    try:
        parts = urlsplit(given.strip())
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError(wanted) from None
    if not host or parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError(wanted)
    if parts.scheme != "https" and not (parts.scheme == "http" and host in _LOOPBACK):
        raise ValueError(f"the key must not travel in the clear: {wanted}")
    path = parts.path.rstrip("/").removesuffix(API).rstrip("/")
    return f"{parts.scheme}://{parts.netloc.lower()}{path}"


def check(session: Session) -> Connectable | Rejected | Deferred:
    """Ask whose key it is. The account's host is the tenant: all its keys share one limit.

    Raises:
        TooLate, Broken: see `infra.exchange`.
    """
    try:
        base = base_of(str(session.credentials["api_url"]))
    except ValueError as error:
        return Rejected("bad_api_url", f"ActiveCampaign: {error}")
    at = replace(session, credentials={**session.credentials, "api_url": base})
    answer = read(send(at, Call("GET", "/users/me")))
    if isinstance(answer, Unknown):
        return Rejected(answer.code, answer.message)
    if not isinstance(answer, dict):
        return answer
    if id_of(answer.get("user")) is None:
        words = "the answer names no user; is it the API URL of the Developer tab?"
        return Rejected("unreadable_answer", f"ActiveCampaign: {words}")
    host = urlsplit(base).netloc
    return Connectable(host, host, credentials={"api_url": base})


CONNECTING = Connecting(
    (
        Field("api_url", "ACTIVECAMPAIGN_API_URL", "API URL (https://…)", hidden=False),
        Field("api_key", "ACTIVECAMPAIGN_API_KEY", "API key"),
    ),
    check,
)
