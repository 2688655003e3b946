"""xero-python's client with everything taken out but the writing of requests.

Loaded on first use: its models are 17 MB that only a process talking to Xero needs.

Source: xero-python 15.2.0, `rest.py` and `api_client/`; its issues 49, 75, 94, 99, 199, 203.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from xero_python.accounting.api.accounting_api import AccountingApi
from xero_python.api_client import ApiClient
from xero_python.api_client.configuration import Configuration
from xero_python.rest import RESTClientObject

from infra.exchange import Exchange
from infra.platform import Call
from infra.session import Session

__all__ = ["CONDITION", "AccountingApi", "Recorder", "Sdk", "Wire"]

CONDITION = "If-Modified-Since"


class Sdk(ApiClient):  # type: ignore[misc]
    """The SDK's client over another wire. It holds no token: the session has the credentials."""

    def __init__(self, wire: RESTClientObject) -> None:
        super().__init__(Configuration())
        self.rest_client = wire

    def update_params_for_auth(self, headers: Any, querys: Any, auth_settings: Any) -> None:
        """Leave the authorisation to the wire."""

    def deserialize(self, response: Any, *_models: Any) -> Any:
        """Leave answers as they are: `parsed` reads them."""
        return response


@dataclass(slots=True)
class Recorder(RESTClientObject):  # type: ignore[misc]
    """Stands where the SDK's HTTP client would be and keeps what it was asked to send."""

    call: Call | None = None

    def request(
        self,
        method: str,
        url: str,
        query_params: Any = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        **_ignored: Any,
    ) -> None:
        """Keep the request."""
        condition = (headers or {}).get(CONDITION)
        self.call = Call(
            method,
            url,
            {name: _text(value) for name, value in query_params or ()},
            body,
            {"headers": {CONDITION: condition}} if condition else {},
        )


@dataclass(slots=True)
class Wire(RESTClientObject):  # type: ignore[misc]
    """Carries one request of the SDK through the session: guarded, recorded, sent once."""

    session: Session
    exchange: Exchange | None = field(default=None, init=False)

    def request(
        self,
        method: str,
        url: str,
        query_params: Any = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        **_ignored: Any,
    ) -> Exchange:
        """Send the request and return its exchange, whatever came back."""
        bearer = {"Authorization": f"Bearer {self.session.credentials['access_token']}"}
        self.exchange = self.session.send_url(
            method, _whole(url, query_params), headers={**(headers or {}), **bearer}, body=body
        )
        return self.exchange


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _whole(url: str, query: Any) -> str:
    return f"{url}?{urlencode(query)}" if query else url
