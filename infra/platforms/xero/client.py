"""The one place that touches xero-python: it writes the requests, the session carries them.

The generated `AccountingApi` knows every path, query name and header, so it writes the call, with
a recorder where its HTTP client would be. It reads none of the answers: one value it does not know
would lose a whole page. What it does by itself is taken away: silent repeats of PUT, sleeping on
429, missing timeouts, a token store shared by the whole process. What goes out is what was frozen,
whatever version of the SDK wrote it.

Source: xero-python 15.2.0, `rest.py` and `api_client/`; its issues 49, 75, 94, 99, 199, 203.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from xero_python.accounting.api.accounting_api import AccountingApi
from xero_python.api_client import ApiClient
from xero_python.api_client.configuration import Configuration
from xero_python.rest import RESTClientObject

from domain.actions.outcome import JsonObject
from domain.money import crosses_exactly
from infra.exchange import Exchange
from infra.platform import Call
from infra.session import Session

API = "/api.xro/2.0"
CONDITION = "If-Modified-Since"

TENANT = "-"
"""Where an SDK method wants the organisation's id: the session adds the real one."""

Build = Callable[[AccountingApi], Any]


class _Sdk(ApiClient):  # type: ignore[misc]
    """The SDK's client over another wire. It holds no token: the session has the credentials."""

    def __init__(self, wire: RESTClientObject) -> None:
        super().__init__(Configuration())
        self.rest_client = wire

    def update_params_for_auth(self, headers: Any, querys: Any, auth_settings: Any) -> None:
        """Leave the authorisation to the wire."""

    def deserialize(self, response: Any, response_type: Any, response_model_finder: Any) -> Any:
        """Leave answers as they are: `parsed` reads them."""
        return response


@dataclass(slots=True)
class _Recorder(RESTClientObject):  # type: ignore[misc]
    """Stands where the SDK's HTTP client would be and keeps what it was asked to send."""

    call: Call | None = None

    def request(  # noqa: PLR0913 - the SDK's signature
        self,
        method: str,
        url: str,
        query_params: Any = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        **_ignored: Any,
    ) -> None:
        condition = (headers or {}).get(CONDITION)
        self.call = Call(
            method,
            url,
            {name: _text(value) for name, value in query_params or ()},
            body,
            {"headers": {CONDITION: condition}} if condition else {},
        )


@dataclass(slots=True)
class _Wire(RESTClientObject):  # type: ignore[misc]
    """Carries one request of the SDK through the session: guarded, recorded, sent once."""

    session: Session
    exchange: Exchange | None = field(default=None, init=False)

    def request(  # noqa: PLR0913 - the SDK's signature
        self,
        method: str,
        url: str,
        query_params: Any = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        **_ignored: Any,
    ) -> Exchange:
        bearer = {"Authorization": f"Bearer {self.session.credentials['access_token']}"}
        self.exchange = self.session.send_url(
            method, _whole(url, query_params), headers={**(headers or {}), **bearer}, body=body
        )
        return self.exchange


def frozen(build: Build, **context: Any) -> Call:
    """Return the call that one SDK method would make, ready to be stored; nothing is sent.

    Pass bodies as bytes (`body_of`): they go through the SDK untouched. `context` is plain JSON
    kept with the call; a condition on the time of change is kept there too, under `headers`.
    """
    recorder = _Recorder()
    build(AccountingApi(_Sdk(recorder), base_url=API))
    if recorder.call is None:
        raise AssertionError("the SDK made no request")
    call = recorder.call
    return Call(call.method, call.path, call.query, call.body, {**call.context, **context})


def send(session: Session, call: Call, key: str | None = None) -> Exchange:
    """Send a frozen call (once) under its idempotency key and return the exchange, whatever came.

    Raises:
        TooLate, Broken: see `infra.exchange`.
    """
    headers = {
        "xero-tenant-id": session.tenant_key,
        "Accept": "application/json",
        "Accept-Encoding": "gzip",
        "Content-Type": "application/json",
        **call.context.get("headers", {}),
    }
    if key is not None:
        headers["Idempotency-Key"] = key
    sent: Exchange = _Sdk(_Wire(session)).call_api(
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


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _whole(url: str, query: Any) -> str:
    return f"{url}?{urlencode(query)}" if query else url


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")
