"""The one place that touches postmarker: it writes the request, the session sends it.

Its `EmailManager` gets a recorder where its HTTP client would be. That client has no timeout,
prints its token and hides statuses (postmarker 1.0, `core.py`); none of it is loaded.
"""

import json
from typing import Any

from infra.exchange import Exchange
from infra.platform import Call
from infra.session import Session


class Recorder:
    """Stands where postmarker's client would be and keeps what it was asked to send."""

    def __init__(self) -> None:
        self.call_made: Call | None = None

    def call(self, method: str, endpoint: str, data: Any = None, **_token_type: Any) -> None:
        """Keep the request."""
        self.call_made = Call(method, endpoint, body=json.dumps(data, ensure_ascii=False).encode())


def frozen(**email: Any) -> Call:
    """Return the call that sends one email, ready to be stored; nothing is sent.

    `email` is what `EmailManager.send` takes: `From`, `To`, `HtmlBody`, `Attachments` …
    """
    # Not needed by every process.
    from postmarker.models.emails import EmailManager  # noqa: PLC0415

    recorder = Recorder()
    EmailManager(recorder).send(**email)
    if recorder.call_made is None:
        raise AssertionError("postmarker made no request")
    return recorder.call_made


def send(session: Session, call: Call) -> Exchange:
    """Send a call (once) and return the exchange, whatever came.

    Raises:
        TooLate, Broken: see `infra.exchange`.
    """
    headers = {
        "X-Postmark-Server-Token": str(session.credentials["token"]),
        "Accept": "application/json",
        "Content-Type": "application/json",
    }
    return session.send(call.method, call.path, query=call.query, headers=headers, body=call.body)
