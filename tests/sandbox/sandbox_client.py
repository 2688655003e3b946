"""A sandbox process, and what its tests say to it."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import urllib3

from infra.sandbox import seed

ROOT = Path(__file__).parents[2]


class Sandbox:
    """A running sandbox and ways to talk to it."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "infra.sandbox", *arguments],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.ready_line = self.process.stdout.readline()
        self.base = self.ready_line.split()[-1]
        self.http = urllib3.PoolManager(retries=False, timeout=10, maxsize=20)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.http.clear()

    def control(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        answer = self.http.request(
            method,
            f"{self.base}/_sandbox{path}",
            body=None if body is None else json.dumps(body),
        )
        assert answer.status == status, answer.data
        return answer.json()

    def fault(self, platform: str, fault: str, **more: Any) -> str:
        return str(
            self.control("POST", "/faults", {"platform": platform, "fault": fault, **more})["id"]
        )

    def counts(self) -> dict[str, int]:
        return dict(self.control("GET", "/effects")["counts"])

    def advance(self, seconds: float) -> None:
        self.control("POST", "/clock", {"advance_seconds": seconds})

    def xero(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        token: str = seed.ACCESS_TOKEN,
        tenant: str = seed.TENANT_ONE,
        headers: dict[str, str] | None = None,
        timeout: float = 10,
    ) -> urllib3.BaseHTTPResponse:
        sent = {
            "Authorization": f"Bearer {token}",
            "xero-tenant-id": tenant,
            "Accept": "application/json",
            "Content-Type": "application/json",
            **({"Idempotency-Key": key} if key else {}),
            **(headers or {}),
        }
        return self.http.request(
            method,
            f"{self.base}/xero/api.xro/2.0{path}",
            body=body if body is None or isinstance(body, bytes) else json.dumps(body),
            headers=sent,
            timeout=timeout,
        )

    def contact(self, name: str = "Acme Ltd", **more: Any) -> str:
        answer = self.xero("PUT", "/Contacts", {"Contacts": [{"Name": name, **more}]})
        assert answer.status == 200, answer.data
        return str(answer.json()["Contacts"][0]["ContactID"])

    def invoice(self, contact: str, **more: Any) -> dict[str, Any]:
        answer = self.xero("PUT", "/Invoices", {"Invoices": [an_invoice(contact, **more)]})
        assert answer.status == 200, answer.data
        return dict(answer.json()["Invoices"][0])

    def invoices(self, query: str, **headers: str) -> list[dict[str, Any]]:
        answer = self.xero("GET", f"/Invoices?{query}", headers=headers)
        assert answer.status == 200, answer.data
        return list(answer.json()["Invoices"])

    def slack(self, method: str, body: Any, token: str | None = seed.SLACK_TOKEN) -> Any:
        return self.slack_answer(method, body, token).json()

    def slack_answer(
        self, method: str, body: Any, token: str | None = seed.SLACK_TOKEN
    ) -> urllib3.BaseHTTPResponse:
        headers = {"Content-Type": "application/json; charset=utf-8"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        return self.http.request(
            "POST",
            f"{self.base}/slack/api/{method}",
            body=body if isinstance(body, bytes) else json.dumps(body),
            headers=headers,
        )


def a_line(**more: Any) -> dict[str, Any]:
    return {
        "Description": "Consulting",
        "Quantity": 2,
        "UnitAmount": 50,
        "AccountCode": "200",
        "TaxType": "OUTPUT",
        **more,
    }


def an_invoice(contact: str, **more: Any) -> dict[str, Any]:
    return {
        "Type": "ACCREC",
        "Contact": {"ContactID": contact},
        "LineItems": [a_line()],
        "Status": "AUTHORISED",
        **more,
    }


def problems(answer: urllib3.BaseHTTPResponse) -> list[str]:
    """Return the messages of a refused call."""
    assert answer.status == 400, answer.data
    return [
        problem["Message"]
        for element in answer.json()["Elements"]
        for problem in element["ValidationErrors"]
    ]


def wait_until(true: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if found := true():
            return found
        time.sleep(0.01)
    raise AssertionError("it never came true")


def in_background(call: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    answers: list[Any] = []
    thread = threading.Thread(target=lambda: answers.append(call()))
    thread.start()
    return thread, answers
