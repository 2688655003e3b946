"""Reading invoices page by page, and seeking through them by their time of change.

A sync asks for what changed since a moment, oldest change first, and takes the last change it saw
as the next moment: pages are not counted, since rows move to the end of the list while it is read.
Only where one page holds nothing but one second does it count. Source: developer.xero.com,
Accounting API, Invoices ("Paging", "Optimised use of the where filter"), "Requests and responses"
(If-Modified-Since has whole seconds; whether it is inclusive is not said, so it is set a second
early).
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.actions.outcome import JsonObject, Outcome, Succeeded
from infra.platform import Call, Sent
from infra.platforms.xero.client import TENANT, frozen, send, since
from infra.platforms.xero.errors import elements_of, read
from infra.platforms.xero.snapshots import Unreadable, mark_in, moment, snapshot_of, to_json
from infra.session import Session

PAGE_SIZE = 1000
IDS_PER_CALL = 40  # about 52 ids make a URL that Xero refuses (XeroAPI/Xero-OpenAPI issue 534)
CONTACTS_PER_CALL = 20
OVERLAP = timedelta(minutes=2)  # changes Xero shows late
SALES = 'Type=="ACCREC"'

ALL, INVOICES, CONTACTS = "all", "invoices", "contacts"
"""What one read covers: everything that changed, invoices by id, or invoices of contacts."""

Seek = Mapping[str, Any]
"""Where to read: `since` (ISO 8601, None for the beginning) and `page`, counted from 1."""

START: Seek = {"since": None, "page": 1}


def page_call(scope: str, ids: Iterable[str], seek: Seek) -> Call:
    """Return the call for one page; `seek` is kept with it as its context."""
    after = seek["since"]
    options: dict[str, Any] = {
        "order": "UpdatedDateUTC ASC",
        "page": seek["page"],
        "page_size": PAGE_SIZE,
        "unitdp": 4,
        **_SCOPES[scope](list(ids)),
    }
    if after is not None:
        options["if_modified_since"] = since(datetime.fromisoformat(after))
    return frozen(lambda api: api.get_invoices(TENANT, **options), seek=dict(seek))


_SCOPES: Mapping[str, Any] = {
    ALL: lambda _ids: {"where": SALES},
    INVOICES: lambda ids: {"i_ds": ids},
    CONTACTS: lambda ids: {"where": SALES, "contact_i_ds": ids},
}


def read_page(session: Session, sent: Sent) -> Outcome:
    """Read one page: every invoice that can be read, every one that cannot, and where to go on."""
    answer = read(send(session, sent.call))
    if not isinstance(answer, dict):
        return answer
    elements = elements_of(answer, "Invoices")
    good: list[JsonObject] = []
    bad: list[JsonObject] = []
    for element in elements:
        if element.get("Type") not in {None, "ACCREC"}:
            continue
        try:
            snapshot = snapshot_of(element)
        except Unreadable as error:
            bad.append(_unreadable(element, error))
        else:
            good.append({"snapshot": to_json(snapshot), "mark": mark_in(snapshot.url)})
    seek: Seek = sent.call.context["seek"]
    last = last_change(elements)
    more = len(elements) >= PAGE_SIZE
    return Succeeded(
        {
            "invoices": good,
            "bad": bad,
            "last": None if last is None else last.isoformat(),
            "next": next_seek(seek, last) if more else None,
            "cursor": sent.call.context.get("cursor"),
        }
    )


def with_overlap(modified_since: datetime | None) -> Seek:
    """Return where a new sync begins, given the newest change the last one saw."""
    return START if modified_since is None else seek_from(modified_since - OVERLAP)


def seek_from(moment_: datetime) -> Seek:
    """Return where to read what has changed since a moment."""
    return {"since": moment_.astimezone(UTC).replace(microsecond=0).isoformat(), "page": 1}


def next_seek(seek: Seek, last: datetime | None) -> Seek:
    """Return where to go on after a full page: by time, or within one second by counting."""
    if last is not None:
        ahead = seek_from(last - timedelta(seconds=1))
        if seek["since"] is None or ahead["since"] > seek["since"]:
            return ahead
    return {**seek, "page": seek["page"] + 1}


def last_change(elements: Iterable[JsonObject]) -> datetime | None:
    """Return the newest readable time of change on a page."""
    changes = []
    for element in elements:
        try:
            changes.append(moment(element.get("UpdatedDateUTC")))
        except (ValueError, TypeError):  # it is among the bad ones
            continue
    return max(changes, default=None)


def _unreadable(element: JsonObject, error: Unreadable) -> dict[str, Any]:
    return {
        "invoice_id": str(element.get("InvoiceID")),
        "path": error.path,
        "problem": error.problem,
        "element": {name: _plain(value) for name, value in element.items()},
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, bool | int | str) else str(value)
