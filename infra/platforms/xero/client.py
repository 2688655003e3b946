"""The one place that touches xero-python: it writes the requests, the session carries them.

The generated `AccountingApi` knows every path, query name and header, so it writes the call, with
a recorder where its HTTP client would be. It reads none of the answers: one value it does not know
would lose a whole page. What it does by itself is taken away: silent repeats of PUT, sleeping on
429, missing timeouts, a token store shared by the whole process. What goes out is what was frozen,
whatever version of the SDK wrote it. See `sdk.py`.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from domain.actions.outcome import JsonObject
from domain.money import crosses_exactly
from infra.exchange import Exchange
from infra.platform import Call
from infra.session import Session

API = "/api.xro/2.0"

TENANT = "-"
"""Where an SDK method wants the organisation's id: the session adds the real one."""

Build = Callable[[Any], Any]
"""Makes one call of the SDK's `AccountingApi`."""


def frozen(build: Build, **context: Any) -> Call:
    """Return the call that one SDK method would make, ready to be stored; nothing is sent.

    Pass bodies as bytes (`body_of`): they go through the SDK untouched. `context` is plain JSON
    kept with the call; a condition on the time of change is kept there too, under `headers`.
    """
    from infra.platforms.xero import sdk  # noqa: PLC0415 - large, and not needed by every process

    recorder = sdk.Recorder()
    build(sdk.AccountingApi(sdk.Sdk(recorder), base_url=API))
    if recorder.call is None:
        raise AssertionError("the SDK made no request")
    call = recorder.call
    return Call(call.method, call.path, call.query, call.body, {**call.context, **context})


def send(session: Session, call: Call, key: str | None = None) -> Exchange:
    """Send a frozen call (once) under its idempotency key and return the exchange, whatever came.

    Raises:
        TooLate, Broken: see `infra.exchange`.
    """
    from infra.platforms.xero import sdk  # noqa: PLC0415 - large, and not needed by every process

    headers = {
        "xero-tenant-id": session.tenant_key,
        "Accept": "application/json",
        "Accept-Encoding": "gzip",
        "Content-Type": "application/json",
        **call.context.get("headers", {}),
    }
    if key is not None:
        headers["Idempotency-Key"] = key
    sent: Exchange = sdk.Sdk(sdk.Wire(session)).call_api(
        session.base_url + call.path,
        call.method,
        {},
        # Sorted: JSON in the database keeps no order, and Xero calls another URL another request.
        sorted(call.query.items()),
        headers,
        body=call.body,
        response_type="raw",
        _return_http_data_only=True,
    )
    return sent


def body_of(document: JsonObject) -> bytes:
    """Write a request body; amounts must survive a binary double, as Xero reads JSON.

    Raises:
        ValueError: an amount has more digits than that.
    """
    return json.dumps(document, default=_number, ensure_ascii=False).encode()


def parsed(body: bytes) -> dict[str, Any] | None:
    """Read an answer with exact amounts (`Decimal`); None when it is no JSON object."""
    try:
        document = json.loads(body, parse_float=Decimal, parse_constant=_refused)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def since(moment: datetime) -> datetime:
    """Write a moment as `If-Modified-Since` wants it: UTC, whole seconds, no offset."""
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None)


def quoted(value: str) -> str:
    """Write text as a literal of a `where` filter."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _number(value: Any) -> float:
    if not isinstance(value, Decimal):
        raise TypeError(f"{type(value).__name__} has no place in a request body")
    if not crosses_exactly(value):
        raise ValueError(f"{value} does not survive JSON numbers; round it to 15 digits")
    return float(value)


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")
