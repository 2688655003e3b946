"""The sandbox's control API, as the demo needs it."""

import json
from typing import Any

import urllib3

from workers.cli.say import Failed


class Control:
    """Orders faults, asks what was done, and acts as a person with a browser would."""

    def __init__(self, url: str) -> None:
        self._url = f"{url}/_sandbox"
        self._http = urllib3.PoolManager(retries=False, timeout=10)

    def fault(self, order: Any) -> None:
        """Order a fault."""
        self._ask("POST", "faults", order)

    def effects(self) -> dict[str, Any]:
        """Return every change the platforms have committed, and how many of each kind."""
        return self._ask("GET", "effects")

    def pay(self, invoice_id: str) -> None:
        """Pay an invoice in full, in Xero itself."""
        self._ask("POST", f"xero/invoices/{invoice_id}/pay", {})

    def invoices(self, tenant: str) -> list[dict[str, Any]]:
        """Return an organisation's invoices."""
        found: list[dict[str, Any]] = self._ask("GET", f"xero/invoices?tenant={tenant}")["invoices"]
        return found

    def _ask(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        sent = None if body is None else json.dumps(body).encode()
        try:
            answer = self._http.request(method, f"{self._url}/{path}", body=sent)
        except urllib3.exceptions.HTTPError as error:
            raise Failed(f"the sandbox does not answer: {type(error).__name__}") from error
        if answer.status >= 300:
            words = answer.data[:300].decode("utf-8", "replace")
            raise Failed(f"the sandbox refused {method} {path}: {words}")
        found: dict[str, Any] = json.loads(answer.data)
        return found
