"""Telling the fleet what Xero tells it: signed, forged, broken."""

import json
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import uuid4

import urllib3

from infra.platforms.xero.webhooks import SIGNATURE, sign
from infra.sandbox import seed
from infra.settings import Settings

_moments = count()
_epoch = datetime(2026, 11, 1, tzinfo=UTC)


class Teller:
    """Posts to the endpoint as Xero does."""

    def __init__(self, settings: Settings) -> None:
        self.url = f"http://127.0.0.1:{settings.webhooks_port}"
        self.keys = [key.strip() for key in settings.xero_webhook_key.split(",")]
        self.http = urllib3.PoolManager(retries=False, timeout=10)

    def tell(self, *events: dict[str, Any], **how: Any) -> urllib3.BaseHTTPResponse:
        return self.post(body_of(*events), **how)

    def post(
        self, body: bytes, *, key: str | None = None, signature: str | None = None, **headers: str
    ) -> urllib3.BaseHTTPResponse:
        signed = signature if signature is not None else sign(body, key or self.keys[0]).decode()
        given = {"Content-Type": "application/json", SIGNATURE: signed} | headers
        return self.http.request("POST", f"{self.url}/webhooks/xero", body=body, headers=given)


def body_of(*events: dict[str, Any]) -> bytes:
    sequence = (
        {"firstEventSequence": 1, "lastEventSequence": len(events)}
        if events
        else {"firstEventSequence": 0, "lastEventSequence": 0}
    )
    return json.dumps(
        {"events": list(events), **sequence, "entropy": "NSPLQMHHOJYPOZKGDEUR"}
    ).encode()


def event(invoice_id: str | None = None, **more: Any) -> dict[str, Any]:
    """An event about an invoice, later than every one before it."""
    resource = invoice_id or str(uuid4())
    at = _epoch + timedelta(seconds=next(_moments), milliseconds=902)
    return {
        "resourceUrl": f"https://api.xero.com/api.xro/2.0/Invoices/{resource}",
        "resourceId": resource,
        "eventDateUtc": at.replace(tzinfo=None).isoformat(timespec="milliseconds"),
        "eventType": "UPDATE",
        "eventCategory": "INVOICE",
        "tenantId": seed.TENANT_ONE,
        "tenantType": "ORGANISATION",
    } | more
