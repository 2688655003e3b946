"""People with sessions, who click through the pages of the web application in this process."""

import asyncio
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import UUID

import pytest

from domain.access import NO_WORKSPACE, SCOPES_OF, Role, Scope
from tests.harness.world import World
from workers.api.application import application
from workers.api_keys import made_key

ROOT = "/console/operate"


class _Forms(HTMLParser):
    """The forms of a page: what each would send as it stands, by its address."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, list[tuple[str, str]]] = {}
        self._open: list[tuple[str, str]] | None = None
        self._area: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = self.found.setdefault(given.get("action", ""), [])
        if self._open is None or "disabled" in given or "name" not in given:
            return
        if tag == "textarea":
            self._area = given["name"]
            self._open.append((given["name"], ""))
        elif tag == "input":
            kind = given.get("type", "text")
            if kind not in {"checkbox", "radio"} or "checked" in given:
                self._open.append((given["name"], given.get("value", "")))

    def handle_data(self, data: str) -> None:
        if self._area is not None and self._open is not None:
            self._open[-1] = (self._area, self._open[-1][1] + data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = None
        if tag == "form":
            self._open = None


@dataclass
class Seen:
    """A page as it came."""

    status: int
    headers: Mapping[str, str]
    html: str
    path: str

    @property
    def text(self) -> str:
        """What a person reads."""
        shown = re.sub(r"<(style|script)\b.*?</\1>", " ", self.html, flags=re.DOTALL)
        return " ".join(re.sub(r"<[^>]+>", " ", shown).split())

    @property
    def title(self) -> str:
        found = re.search(r"<h1[^>]*>(.*?)</h1>", self.html, re.DOTALL)
        return " ".join(re.sub(r"<[^>]+>", "", found[1]).split()) if found else ""

    def form(self, path: str) -> list[tuple[str, str]]:
        forms = _Forms()
        forms.feed(self.html)
        return forms.found[ROOT + path]

    def links(self, containing: str) -> list[str]:
        found = re.findall(r'href="([^"]*)"', self.html)
        return [one.replace("&amp;", "&") for one in found if containing in one]


@dataclass
class Person:
    """Somebody signed in."""

    app: Any
    cookie: str = ""
    more: dict[str, str] = field(default_factory=dict)

    def request(
        self, method: str, path: str, form: Iterable[tuple[str, str]] | None = None, **headers: str
    ) -> Seen:
        body = b"" if form is None else urlencode(list(form)).encode()
        seen = asyncio.run(self._ask(method, path, body, headers))
        if method == "POST" and seen.status == 303:
            return self.get(seen.headers["location"], whole=True)
        return seen

    def get(self, path: str = "", *, whole: bool = False, **headers: str) -> Seen:
        return self.request("GET", path if whole else ROOT + path, **headers)

    def send(self, page: Seen, path: str, **changed: str) -> Seen:
        """Send a form of a page, with some fields filled in."""
        kept = [(name, value) for name, value in page.form(path) if name not in changed]
        return self.request("POST", ROOT + path, [*kept, *changed.items()])

    async def _ask(self, method: str, path: str, body: bytes, more: Mapping[str, str]) -> Seen:
        parts, got = urlsplit(path), bytearray()
        told: dict[str, Any] = {}
        headers = {"host": "testserver", "content-type": "application/x-www-form-urlencoded"}
        headers |= {name.replace("_", "-"): value for name, value in more.items()}
        if self.cookie:
            headers["cookie"] = self.cookie
        scope = {
            "type": "http", "method": method, "path": parts.path, "raw_path": parts.path.encode(),
            "query_string": parts.query.encode(), "scheme": "http", "server": ("testserver", 80),
            "client": ("127.0.0.1", 1), "http_version": "1.1", "root_path": "",
            "headers": [(n.encode(), v.encode()) for n, v in headers.items()],
        }  # fmt: skip

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Mapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                told.update(message)
            got.extend(message.get("body", b""))

        await self.app(scope, receive, send)
        found = {name.decode().lower(): value.decode() for name, value in told["headers"]}
        if "set-cookie" in found:
            self.cookie = found["set-cookie"].partition(";")[0]
        return Seen(told["status"], found, got.decode("utf-8", "replace"), path)


@pytest.fixture
def app(fleet):
    made, service = application(fleet)
    yield made
    service.close()


def signed_in(app: Any, world: World, workspace: UUID, scopes: Iterable[Scope]) -> Person:
    """Somebody with a new key of these scopes."""
    fleet = world.fleet
    key = made_key(fleet.database, workspace, "night", scopes, fleet.now()).secret
    person = Person(app)
    answer = asyncio.run(
        person._ask("POST", "/console/sign-in", urlencode({"key": key}).encode(), {})
    )
    assert answer.status == 303, answer.text
    return person


@pytest.fixture
def operator(app, world) -> Person:
    """Who operates every workspace."""
    return signed_in(app, world, NO_WORKSPACE, {Scope.OPERATE})


@pytest.fixture
def one_workspace(app, world) -> Person:
    """Who operates one workspace."""
    return signed_in(app, world, world.workspace_id, {Scope.OPERATE})


@pytest.fixture
def admin(app, world) -> Person:
    """Who may do everything in a workspace, but does not operate it."""
    return signed_in(app, world, world.workspace_id, SCOPES_OF[Role.ADMIN])


def query_of(address: str) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(address).query)
