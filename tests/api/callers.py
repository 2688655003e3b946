"""Callers of the API, with keys of every kind."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import urllib3

from domain.access import Scope
from infra.settings import Settings
from workers.api.endpoint import BASE
from workers.api_keys import made_key
from workers.fleet import Fleet


@dataclass(frozen=True)
class Said:
    """An answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def errors(self) -> dict[str, str]:
        return {one["field"]: one["problem"] for one in self.json.get("errors", [])}


class Client:
    """Somebody with a key."""

    def __init__(self, settings: Settings, key: str | None) -> None:
        self.origin = f"http://127.0.0.1:{settings.web_port}"
        self.key = key
        self.http = urllib3.PoolManager(retries=False, timeout=30, maxsize=20)

    def __call__(
        self, method: str, path: str, body: Any = None, *, raw: bytes | None = None, **headers: str
    ) -> Said:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.key is not None:
            given.setdefault("Authorization", f"Bearer {self.key}")
        sent = raw
        if body is not None:
            sent = json.dumps(body).encode()
            given.setdefault("Content-Type", "application/json")
        url = self.origin + (path if path.startswith("//") else BASE + path).replace("//", "/")
        answer = self.http.request(method, url, body=sent, headers=given)
        return Said(answer.status, answer.headers, answer.data)

    def get(self, path: str, **headers: str) -> Said:
        return self("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Said:
        return self("POST", path, {} if body is None else body, **headers)

    def patch(self, path: str, body: Any, **headers: str) -> Said:
        return self("PATCH", path, body, **headers)


def client_of(fleet: Fleet, workspace_id: UUID, scopes: Iterable[Scope]) -> Client:
    """A client with a new key of the workspace."""
    made = made_key(fleet.database, workspace_id, f"test {uuid4().hex[:6]}", scopes, fleet.now())
    return Client(fleet.settings, made.secret)
