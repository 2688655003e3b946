"""Seeking through a list that changes while it is read: whatever happens, no change is lost."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.platforms.xero import seeking
from infra.platforms.xero.seeking import beginning, following

PAGE, OVERLAP = 40, 4
START_MS = 1_700_000_000_000


@contextmanager
def small_pages() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(seeking, "PAGE_SIZE", PAGE)
        patch.setattr(seeking, "OVERLAP_ROWS", OVERLAP)
        yield


class Invoices:
    """What the platform has: ids and when each last changed, in milliseconds."""

    def __init__(self, changes: list[int], *, inclusive: bool) -> None:
        self.changed = dict(enumerate(changes))
        self.inclusive = inclusive
        self.now = max(changes, default=START_MS) + 1
        self.calls = 0

    def touch(self, which: list[int], later_ms: int) -> None:
        self.now += later_ms
        for one in which:
            if self.changed:
                self.changed[one % len(self.changed)] = self.now

    def page(self, seek: seeking.Seek) -> list[dict[str, object]]:
        self.calls += 1
        rows = sorted(self.changed.items(), key=lambda row: (row[1], row[0]))
        if seek["since"] is not None:
            limit = int(seeking.datetime.fromisoformat(seek["since"]).timestamp())
            least = limit if self.inclusive else limit + 1
            rows = [row for row in rows if row[1] // 1000 >= least]
        start = (seek["page"] - 1) * seek["size"]
        return [
            {"InvoiceID": str(one), "UpdatedDateUTC": f"/Date({at}+0000)/"}
            for one, at in rows[start : start + seek["size"]]
        ]


def read_all(
    platform: Invoices, between: Callable[[], None] = lambda: None, calls_max: int = 200
) -> dict[int, int]:
    """Read to the end; the latest seen of each."""
    seen: dict[int, int] = {}
    seek: seeking.Seek | None = beginning()
    while seek is not None:
        assert platform.calls < calls_max, "no end"
        page = platform.page(seek)
        for row in page:
            at = int(str(row["UpdatedDateUTC"])[6:-7])
            seen[int(str(row["InvoiceID"]))] = max(at, seen.get(int(str(row["InvoiceID"])), 0))
        seek = following(seek, page)
        between()
    return seen


# Few seconds for many rows (often more of one second than a page holds), and the usual.
changes = st.sampled_from([3_000, 12_000, 200_000]).flatmap(
    lambda span: st.lists(
        st.integers(0, span).map(lambda ms: START_MS + ms), min_size=0, max_size=6 * PAGE
    )
)
crowded = st.integers(0, 5 * PAGE).map(lambda count: [START_MS] * count)
moves = st.lists(
    st.tuples(st.lists(st.integers(0, 400), max_size=12), st.integers(0, 3000)), max_size=12
)


@settings(max_examples=300, deadline=None)
@given(st.one_of(changes, crowded), moves, st.booleans())
def test_no_invoice_is_passed_over_whatever_moves_between_two_calls(at, moving, inclusive):
    with small_pages():
        platform, left = Invoices(at, inclusive=inclusive), iter(moving)
        before = dict(platform.changed)

        def between() -> None:
            which, later = next(left, ([], 0))
            platform.touch(which, later)

        seen = read_all(platform, between)
    unmoved = {one for one, when in platform.changed.items() if before[one] == when}
    assert unmoved <= set(seen)
    # What moved is seen as it was or as it is; the next sync begins before the newest seen.
    newest = max(seen.values(), default=0)
    for one, when in platform.changed.items():
        assert seen.get(one) == when or when >= newest


@settings(max_examples=100, deadline=None)
@given(st.one_of(changes, crowded), st.booleans())
def test_a_list_at_rest_costs_little_more_than_its_pages(at, inclusive):
    with small_pages():
        platform = Invoices(at, inclusive=inclusive)
        assert len(read_all(platform)) == len(at)
    assert platform.calls <= 2 + len(at) / (PAGE - OVERLAP - PAGE * seeking.AGAIN_MAX) * 1.5


@pytest.mark.parametrize("seconds", [10_000, 1_000, 100, 20, 3, 1])
def test_ten_thousand_invoices_take_at_most_twelve_calls(seconds):
    at = [START_MS + n * seconds * 1000 // 10_000 for n in range(10_000)]
    platform = Invoices(at, inclusive=True)
    assert len(read_all(platform)) == 10_000
    assert platform.calls <= 12


def test_a_change_dated_in_the_far_future_is_no_guide():
    with small_pages():
        rows = [
            {"InvoiceID": str(n), "UpdatedDateUTC": f"/Date({START_MS + n * 1000}+0000)/"}
            for n in range(PAGE - 1)
        ]
        rows.append({"InvoiceID": "x", "UpdatedDateUTC": "/Date(253402300799000+0000)/"})
        now = seeking.moment(f"/Date({START_MS + 3_600_000}+0000)/")
        after = following(beginning(), rows, now)
    assert after is not None
    assert after["since"] < "2023-11-15"
