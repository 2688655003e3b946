"""A sync page by page: nothing skipped, nothing lost, resumed where it stopped."""

from infra.platforms.xero import seeking, sync_booking
from tests.platforms.xero.test_sync import SYNC, raised, tell_later
from workers.execute import execute


def test_a_sync_goes_through_pages_by_time_and_goes_on_where_it_stopped(office, monkeypatch):
    monkeypatch.setattr(seeking, "PAGE_SIZE", 2)
    for _ in range(5):
        raised(office)
        tell_later(office)
    office.sandbox.fault("xero", "drop_before_commit", path="/Invoices$", method="GET", times=None)
    action = office.world.submit(office.world.request(SYNC, {}))
    execute(office.world.fleet, action)
    office.sandbox.control("DELETE", "/faults")
    done = office.carry_on(action)
    assert done.result["finished"]
    assert done.result["calls"] >= 3
    assert done.result["checked"] >= 5
    (cursor,) = office.rows("SELECT * FROM sync_cursors")
    assert cursor.state == {}
    newest = office.rows("SELECT max(updated_utc) AS at FROM invoices")[0].at
    assert cursor.modified_since == newest


def test_a_page_of_one_second_is_counted_through(office, monkeypatch):
    monkeypatch.setattr(seeking, "PAGE_SIZE", 1)
    for _ in range(3):
        raised(office)  # the sandbox's clock stands still for a moment: the same second
    done = office.act(SYNC)
    assert done.result["finished"]
    assert done.result["checked"] >= 3


def test_an_unreadable_invoice_is_kept_apart_and_loses_no_other(office, monkeypatch):
    _, _, bad = raised(office)
    _, _, good = raised(office)
    for one in (bad, good):
        tell_later(office)
        office.person(f"invoices/{one}/pay")
    real = sync_booking.snapshot_of

    def choosy(element):
        return real({**element, "Status": "NEW"} if element["InvoiceID"] == bad else element)

    monkeypatch.setattr(sync_booking, "snapshot_of", choosy)
    done = office.act(SYNC)
    assert (done.result["changed"], done.result["unreadable"]) == (1, 1)
    (letter,) = office.rows("SELECT * FROM dead_letters")
    assert letter.problems[0]["field"] == "Status"
    assert letter.headers["invoice_id"] == bad
