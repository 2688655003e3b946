"""People with a browser that runs no scripts: cookies, forms, and what htmx would send."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

import urllib3

from domain.access import Scope
from infra.settings import Settings
from tests.harness.world import FINAL, World
from workers.api_keys import made_key
from workers.execute import execute

_TOKEN = re.compile(r'"X-CSRF-Token": "([^"]+)"')
_KEY = re.compile(r'name="dialog_key" value="([^"]+)"')
_PROGRESS = re.compile(r"/progress/([0-9a-f-]{36})")


@dataclass(frozen=True)
class Seen:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    html: str

    @property
    def text(self) -> str:
        """What a person reads."""
        bare = re.sub(r"<(head|svg|script)\b.*?</\1>", " ", self.html, flags=re.DOTALL)
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", bare)).split())

    @property
    def key(self) -> str:
        """The key of the dialog."""
        found = _KEY.search(self.html)
        assert found, self.text
        return found[1]

    @property
    def action_id(self) -> UUID:
        """The action whose progress is shown."""
        found = _PROGRESS.search(self.html)
        assert found, self.text
        return UUID(found[1])

    def ticked(self) -> list[str]:
        """The products whose boxes are ticked."""
        boxes = re.findall(r'<input type="checkbox" id="line-[^>]*>', self.html)
        return [re.search(r'value="([^"]+)"', b)[1] for b in boxes if " checked" in b]

    def problem(self, field: str) -> str:
        """What stands beside a field."""
        found = re.search(rf'id="problem-{field}"[^>]*>(.*?)</p>', self.html, re.DOTALL)
        return unescape(found[1]).strip() if found else ""


class Person:
    """A cookie jar of one cookie, and the token of the page last seen."""

    def __init__(self, settings: Settings) -> None:
        self.origin = f"http://127.0.0.1:{settings.web_port}"
        self.http = urllib3.PoolManager(retries=False, timeout=30)
        self.cookie: str | None = None
        self.token = ""

    def __call__(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Seen:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookie:
            given.setdefault("Cookie", self.cookie)
        answer = self.http.request(
            method, f"{self.origin}/console{path}", body=body, headers=given, redirect=False
        )
        if "set-cookie" in answer.headers:
            self.cookie = answer.headers["set-cookie"].partition(";")[0]
        seen = Seen(answer.status, answer.headers, answer.data.decode())
        found = _TOKEN.search(seen.html)
        self.token = found[1] if found else self.token
        return seen

    def get(self, path: str, **headers: str) -> Seen:
        return self("GET", path, **headers)

    def part(self, path: str) -> Seen:
        """What htmx would fetch."""
        return self("GET", path, HX_Request="true")

    def post(self, path: str, form: Mapping[str, Any] | Sequence[Any] = (), **headers: str) -> Seen:
        """What htmx would send."""
        sent = {"HX-Request": "true", "X-CSRF-Token": self.token, "Sec-Fetch-Site": "same-origin"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        sent["Content-Type"] = "application/x-www-form-urlencoded"
        body = urlencode(form, doseq=True).encode()
        return self("POST", path, body, **sent)

    def sign_in(self, key: str) -> Seen:
        return self.post("/sign-in", {"key": key, "next": ""})


def signed_in(world: World, scopes: Iterable[Scope]) -> Person:
    """Somebody with these scopes, who has signed in by a key of their own."""
    fleet = world.fleet
    made = made_key(fleet.database, world.workspace_id, f"p {uuid4().hex[:6]}", scopes, fleet.now())
    person = Person(fleet.settings)
    assert person.sign_in(made.secret).status == 303
    person.get("/deals")
    return person


def carried_out(world: World, action_id: UUID) -> str:
    """Do the workers' part for an action, and return how it ended."""
    for _ in range(20):
        if world.status(action_id) in FINAL | {"parked"}:
            break
        execute(world.fleet, action_id)
    return world.status(action_id)
