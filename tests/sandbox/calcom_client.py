"""What tests say to the sandbox's Cal.com."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import urllib3
from sandbox_client import Sandbox

from infra.clock import utc_now
from infra.sandbox.calcom import seed

VERSION = "2024-08-13"
ATTENDEE = {"name": "Ada Reyes", "email": "ada@brightside.test", "timeZone": "Australia/Sydney"}


class Cal:
    """A caller with a key."""

    def __init__(self, sandbox: Sandbox, key: str | None = seed.CALCOM_API_KEY) -> None:
        self.sandbox, self.key = sandbox, key

    def answer(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        version: str | None = VERSION,
        **query: Any,
    ) -> urllib3.BaseHTTPResponse:
        headers = {"Content-Type": "application/json"}
        if self.key is not None:
            headers["Authorization"] = f"Bearer {self.key}"
        if version is not None:
            headers["cal-api-version"] = version
        return self.sandbox.http.request(
            method,
            f"{self.sandbox.base}/calcom/v2{path}" + (f"?{urlencode(query)}" if query else ""),
            body=body if body is None or isinstance(body, bytes) else json.dumps(body),
            headers=headers,
        )

    def book(self, start: str, event_type: int = seed.CALCOM_INTRO, **more: Any) -> Any:
        body = {"start": start, "eventTypeId": event_type, "attendee": ATTENDEE, **more}
        answer = self.answer("POST", "/bookings", body)
        assert answer.status == 201, answer.data
        return answer.json()["data"]

    def refused(self, status: int, method: str, path: str, body: Any = None) -> str:
        answer = self.answer(method, path, body)
        assert answer.status == status, answer.data
        document = answer.json()
        assert (document["status"], document["path"]) == ("error", f"/v2{path}")
        assert document["timestamp"]
        return str(document["error"]["message"])

    def listed(self, **query: Any) -> list[Any]:
        answer = self.answer("GET", "/bookings", **query)
        assert answer.status == 200, answer.data
        return list(answer.json()["data"])

    def add(self, uid: str, *emails: str) -> urllib3.BaseHTTPResponse:
        guests = {"guests": [{"email": one} for one in emails]}
        return self.answer("POST", f"/bookings/{uid}/guests", guests)


def at(hours: float) -> str:
    """So many hours from the next full hour, as Cal.com wants it."""
    hour = utc_now().replace(minute=0, second=0, microsecond=0)
    return (hour + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")
