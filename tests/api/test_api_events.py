"""Events as they happen: none lost, none of another workspace, gone on where a stream broke."""

import json
import signal
import threading
import time
from contextlib import contextmanager
from uuid import uuid4

import pytest
import urllib3

from domain.access import Scope
from domain.events import Event, EventType
from infra.database import feed, outbox
from tests.api.callers import Client, client_of
from tests.harness.world import World, eventually, settled
from workers.api.endpoint import BASE

pytestmark = pytest.mark.processes


class Stream:
    """An open stream, read piece by piece."""

    def __init__(self, client: Client, query: str = "", **headers: str) -> None:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        given["Authorization"] = f"Bearer {client.key}"
        url = f"{client.origin}{BASE}/events{query}"
        self.answer = client.http.request("GET", url, headers=given, preload_content=False)
        assert self.answer.status == 200, self.answer.data
        self.rest = b""
        assert "open" in self.piece()

    def piece(self, seconds: float = 10) -> str:
        until = time.monotonic() + seconds
        while b"\n\n" not in self.rest:
            assert time.monotonic() < until
            got = self.answer.read1(65536)
            if not got:
                raise EOFError
            self.rest += got
        found, _, self.rest = self.rest.partition(b"\n\n")
        return found.decode()

    def event(self) -> dict:
        while True:
            lines = dict(
                line.split(": ", 1) for line in self.piece().splitlines() if line[0] != ":"
            )
            if "data" in lines:
                told = json.loads(lines["data"])
                assert (told["id"], told["type"]) == (lines["id"], lines["event"])
                return told

    def all(self) -> None:
        while True:
            self.piece()

    def close(self) -> None:
        self.answer.close()


@contextmanager
def stream(client: Client, query: str = "", **headers: str):
    opened = Stream(client, query, **headers)
    try:
        yield opened
    finally:
        opened.close()


def happen(world: World, *subjects: str, kind=EventType.ACTION_SUCCEEDED, deal=None) -> None:
    with world.fleet.database.transaction() as tx:
        told = [Event(kind, one, {"total": "1.00"}, world.workspace_id, deal) for one in subjects]
        outbox.emit(tx, told, world.fleet.now())


def test_what_happens_is_told_at_once_and_only_to_its_workspace(admin, world, fleet) -> None:
    stranger = World(fleet)
    happen(world, "before")
    settled(fleet, "outbox")
    with stream(admin) as mine:
        began = time.monotonic()
        happen(stranger, "theirs")
        happen(world, "a", "b")
        assert [mine.event()["subject"] for _ in range(2)] == ["a", "b"]
        assert time.monotonic() - began < 1.0  # woken, not polled
        happen(world, "c")
        assert mine.event()["subject"] == "c"


def test_a_stream_goes_on_behind_the_last_event(admin, world) -> None:
    with stream(admin) as first:
        happen(world, *"abc")
        seen = first.event()
    happen(world, *"def")
    with stream(admin, Last_Event_ID=seen["id"]) as second:
        assert [second.event()["subject"] for _ in range(5)] == list("bcdef")


def test_more_than_one_page_comes_in_order(admin, world) -> None:
    happen(world, "first")
    (row,) = world.rows("SELECT event_id FROM outbox")
    names = [str(number) for number in range(350)]
    for start in range(0, 350, 50):
        happen(world, *names[start : start + 50])
    with stream(admin, Last_Event_ID=str(row.event_id)) as opened:
        assert [opened.event()["subject"] for _ in range(350)] == names


def test_what_is_rare_is_found_page_by_page(world, monkeypatch) -> None:
    monkeypatch.setattr(feed, "LOOKED_AT_MAX", 3)
    with world.fleet.database.reading() as tx:
        place, pages, found = feed.end(tx), 0, []
    happen(world, *map(str, range(7)))
    happen(world, "rare", kind=EventType.INVOICE_CREATED)
    while True:
        with world.fleet.database.reading() as tx:
            page = feed.page(
                tx, world.workspace_id, place, 100, types={EventType.INVOICE_CREATED.value}
            )
        pages += 1
        found += [one.subject for one in page.events]
        place = page.place
        if not page.more:
            break
    assert (pages, found) == (3, ["rare"])


def test_an_event_committed_late_is_not_passed_over(admin, world) -> None:
    """A lower id that commits after a higher one was read: the classic loss of such feeds."""
    with stream(admin) as opened:
        with world.fleet.database.transaction() as slow:
            told = Event(EventType.ACTION_SUCCEEDED, "slow", {}, world.workspace_id)
            outbox.emit(slow, [told], world.fleet.now())
            happen(world, "quick")
            with world.fleet.database.reading() as tx:
                place = feed.Place(0, 0)
                assert feed.page(tx, world.workspace_id, place, 10).events == []
        assert {opened.event()["subject"] for _ in range(2)} == {"slow", "quick"}
        assert {row.subject for row in world.rows("SELECT subject FROM outbox")} == {
            "slow",
            "quick",
        }


def test_types_and_deals_narrow_it_down(admin, world) -> None:
    deal, other = uuid4(), uuid4()
    with (
        stream(admin, f"?deal_id={deal}") as of_deal,
        stream(admin, "?type=invoice.*,action.parked") as of_types,
    ):
        happen(world, "1")
        happen(world, "2", kind=EventType.INVOICE_CREATED, deal=other)
        happen(world, "3", kind=EventType.INVOICE_CREATED, deal=deal)
        happen(world, "4", kind=EventType.ACTION_PARKED)
        told = of_deal.event()
        assert (told["subject"], told["dealid"], told["sequence"]) == ("3", str(deal), 1)
        assert [of_types.event()["subject"] for _ in range(3)] == ["2", "3", "4"]


def test_without_invoices_read_nothing_of_money_is_told(web, world) -> None:
    blind = client_of(world.fleet, world.workspace_id, {Scope.INTEGRATIONS_READ})
    with stream(blind) as opened:
        happen(world, "1", kind=EventType.INVOICE_CREATED)
        happen(world, "2", kind=EventType.PAYMENT_STATUS_CHANGED)
        happen(world, "3")
        told = opened.event()
        assert (told["subject"], told["data"]) == ("3", {})


def test_a_quiet_stream_shows_that_it_lives(admin) -> None:
    with stream(admin) as opened:
        assert "still here" in opened.piece(5)


def test_what_cannot_be_streamed_is_refused(admin, world, fleet) -> None:
    assert list(admin.get("/events?type=invoice.creatd").errors) == ["type"]
    assert list(admin.get("/events?colour=red").errors) == ["colour"]
    assert list(admin.get("/events", Last_Event_ID="x").errors) == ["Last-Event-ID"]
    assert admin.get("/events", Last_Event_ID=str(uuid4())).status == 410
    stranger = World(fleet)
    happen(stranger, "theirs")
    (row,) = world.rows("SELECT event_id FROM outbox")
    assert admin.get("/events", Last_Event_ID=str(row.event_id)).status == 410


def test_a_key_has_so_many_streams_and_gets_them_back(admin, settings) -> None:
    opened = [Stream(admin) for _ in range(settings.web_streams_per_key_max)]
    assert admin.get("/events").status == 429
    for one in opened:
        one.close()

    def again() -> bool:
        try:
            Stream(admin).close()
        except AssertionError:
            return False
        return True

    eventually(again, 10, "closed streams are counted no more")


def test_no_more_streams_than_that_are_opened_at_once(admin, settings) -> None:
    many = settings.web_streams_per_key_max * 3
    admin.http = urllib3.PoolManager(retries=False, timeout=30, maxsize=many)
    gate, opened, refused = threading.Barrier(many), [], []

    def open_one() -> None:
        gate.wait()
        try:
            opened.append(Stream(admin))
        except AssertionError as error:
            refused.append(error)

    threads = [threading.Thread(target=open_one) for _ in range(many)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    for one in opened:
        one.close()
    assert (len(opened), len(refused)) == (many // 3, many - many // 3)


def test_a_revoked_key_is_told_no_more(web, world) -> None:
    client = client_of(world.fleet, world.workspace_id, frozenset(Scope))
    with stream(client) as opened:
        world.rows_changed("UPDATE api_keys SET revoked_at = now()")
        happen(world, "secret")
        with pytest.raises(EOFError):
            opened.event()


def test_a_restarted_listener_goes_on(admin, world) -> None:
    """The connection that listens is lost: streams are woken all the same, and soon by it again."""
    with stream(admin) as opened:
        query = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'LISTEN fleet'"
        )
        assert world.rows(query)
        for name in "abc":
            happen(world, name)
            assert opened.event()["subject"] == name


def test_stopping_ends_streams_and_lets_callers_go(world, settings, base_settings, web) -> None:
    client = client_of(world.fleet, world.workspace_id, frozenset(Scope))
    with stream(client) as opened:
        began = time.monotonic()
        web.signal("web", signal.SIGTERM)
        with pytest.raises(EOFError):
            opened.all()
        assert web.died("web") == 0
        assert time.monotonic() - began < 8
    web.start("web")
