"""Finding an entry again: what is listed of the contact now, against what was listed before.

A look-up is one attempt, and 5 calls a second are not many pages. So a long list is not read from
its beginning: what is new stands at the end of it, from where it ended before (`ends` below), and
that it does is seen by the ids. Source: developers.activecampaign.com, "Rate Limits", "Pagination".
"""

from collections.abc import Sequence
from itertools import pairwise

from domain.actions.outcome import Absent, JsonObject, LookedUp, Rejected, Succeeded, Unknown
from infra.platforms.activecampaign.client import all_rows, id_of, page, rows_of, send
from infra.platforms.activecampaign.entries import COUNTS, ROWS, count_in, entries_in, new_since
from infra.platforms.activecampaign.errors import Refusal
from infra.session import Session

READ_WHOLE = 2
"""Pages up to which a contact's entries are read whole: with their counts they fit a second."""
UNORDERED = Unknown(
    "entries_unordered",
    "ActiveCampaign: no entry is new at the end of a long list, which is not in the order of its "
    "ids; state the id of the entry, or that there is none",
)


def ends(pages: Sequence[JsonObject], counts: Sequence[JsonObject]) -> JsonObject:
    """Return where a look-up begins to read, given the pages that were read before the send.

    Entries: with the last page but one, since some may be taken out meanwhile. Counts: where the
    automation's stands, or (it has none) with the last page; `counts_seen` is how many there are.
    """
    starts, counted = ([0, *(one["next"] for one in read[:-1])] for read in (pages, counts))
    stands = zip(counted, counts, strict=True)
    return {
        "entries_from": starts[-2] if len(pages) > READ_WHOLE else 0,
        "count_at": next((at for at, one in stands if one["count"] is not None), None),
        "counts_from": counted[-1],
        "counts_seen": counts[-1].get("rows", 0),
    }


def look(session: Session, inputs: JsonObject) -> LookedUp | Rejected:
    """Ask for the entries, then for their count: "absent" wants both to be as they were.

    An entry that only the count knows of was taken out again, or is not listed yet: never absent.

    Raises:
        TooLate, Broken, NoMoreCalls: see `infra.session`.
    """
    start = inputs.get("entries_from", 0)
    rows = all_rows(session, f"/contacts/{inputs['contact_id']}/{ROWS}", ROWS, start)
    if not isinstance(rows, list):
        return rows
    entries = entries_in(rows, inputs["automation_id"])
    if isinstance(entries, Unknown):
        return entries
    new = new_since(inputs["entries"], entries)
    if new is not None:
        return made(str(new["id"]))
    count, before = count_now(session, inputs), inputs["count"]
    if not isinstance(count, int):
        return count
    if count <= before:
        return Absent() if start == 0 or _is_oldest_first(rows) else UNORDERED
    words = f"entered {count} times, {before} before it was sent, but no entry is new"
    return Unknown("entry_not_listed", f"ActiveCampaign: {words}; state the id of the entry")


def count_now(session: Session, inputs: JsonObject) -> int | Refusal:
    """Read how often the contact has entered the automation: entries taken out count on.

    Where it had not entered and no automation has come to the list, it still has not.

    Raises:
        TooLate, Broken, NoMoreCalls: see `infra.session`.
    """
    path, wanted = f"/contacts/{inputs['contact_id']}/{COUNTS}", inputs["automation_id"]
    at, start = inputs.get("count_at"), inputs.get("counts_from", 0)
    if at is None:
        rows = all_rows(session, path, COUNTS, start)
    else:
        rows = rows_of(send(session, page(path, at)), COUNTS)
    if not isinstance(rows, list):
        return rows
    count = count_in(rows, wanted)
    has_grown = start > 0 and start + len(rows) > inputs.get("counts_seen", 0)
    if count is None and (at is not None or has_grown):  # it stands on another page
        rows = all_rows(session, path, COUNTS)
        if not isinstance(rows, list):
            return rows
        count = count_in(rows, wanted)
    return 0 if count is None else count


def made(entry_id: str) -> Succeeded:
    """Return what is told of an entry."""
    return Succeeded({"contact_automation_id": entry_id}, external_id=entry_id)


def _is_oldest_first(rows: Sequence[JsonObject]) -> bool:
    """Do the ids rise? Of fewer than two rows nothing is known, nor of what stands before them."""
    ids = [int(id_of(row) or 0) for row in rows]
    return len(ids) > 1 and all(one < later for one, later in pairwise(ids))
