"""The API's calls: what each method and path does, and the pages of its lists."""

from collections.abc import Callable, Mapping
from typing import Final

from infra.sandbox.activecampaign.contacts import Contacts, field_values, shown
from infra.sandbox.activecampaign.entries import Entries
from infra.sandbox.activecampaign.entries import shown as shown_entry
from infra.sandbox.activecampaign.refusals import Refusal, bare
from infra.sandbox.activecampaign.seed import USER
from infra.sandbox.activecampaign.settings import Settings
from infra.sandbox.effects import Cause
from infra.sandbox.wire import Answer, Document, NotJson, Request, decode_object, json_answer

_PAGE: Final = 20  # without a `limit`
Route = tuple[str, str, bool, str | None]
"""Method, resource, is there an id, and what of it."""


class Calls:
    """The calls of one account."""

    def __init__(self, contacts: Contacts, entries: Entries, settings: Settings) -> None:
        self._contacts, self._entries, self._settings = contacts, entries, settings

    def by_route(
        self, request: Request, identity: str, cause: Cause
    ) -> Mapping[Route, Callable[[], Answer]]:
        """Return what each method and path does."""
        entries, lag_s, query = self._entries, float(self._settings.get("lag_s")), request.query
        rows, counts = "contactAutomations", "automationEntryCounts"

        def listed(name: str, found: list[Document], *, meta: bool = True) -> Answer:
            return _listed(name, found, query, int(self._settings.get("page_max")), meta=meta)

        return {
            ("GET", "users/me", False, None): lambda: json_answer(200, {"user": USER}),
            ("POST", "contact/sync", False, None): lambda: self._sync(request, cause),
            ("GET", "contacts", False, None): lambda: listed(
                "contacts", [shown(one) for one in self._contacts.found(query.get("email"))]
            ),
            ("GET", "contacts", True, None): lambda: json_answer(
                200, {"contact": shown(self._contacts.get(identity))}
            ),
            ("GET", "contacts", True, rows): lambda: listed(
                rows, entries.rows(self._contacts.get(identity)["id"], lag_s), meta=False
            ),
            ("GET", "contacts", True, counts): lambda: listed(
                counts, entries.counts(self._contacts.get(identity)["id"], lag_s), meta=False
            ),
            ("GET", "automations", False, None): lambda: listed(
                "automations", entries.automations()
            ),
            ("POST", rows, False, None): lambda: self._enter(request, cause),
            ("GET", rows, False, None): lambda: listed(rows, entries.rows(None, lag_s)),
            ("GET", rows, True, None): lambda: json_answer(
                200, {"contactAutomation": entries.row(identity)}
            ),
            ("DELETE", rows, True, None): lambda: self._remove(identity, cause),
        }

    def _sync(self, request: Request, cause: Cause) -> Answer:
        status, contact = self._contacts.sync(_body(request), cause)
        told = {"fieldValues": field_values(contact), "contact": shown(contact)}
        return json_answer(status, told)

    def _enter(self, request: Request, cause: Cause) -> Answer:
        wish = _body(request).get("contactAutomation")
        if not isinstance(wish, dict) or not {"contact", "automation"} <= set(wish):
            raise Refusal(bare(400))
        if self._settings.get("soft_failure"):
            return json_answer(200, {"succeeded": 0})
        contact = self._contacts.get(str(wish["contact"]))
        row = self._entries.enter(
            contact["id"], str(wish["automation"]), self._settings.behaviour, cause
        )
        # As documented: numbers where the list has text, text where it has numbers, no dates.
        told = {**shown_entry(row), "startid": 0, "status": 1}
        told |= {name: str(told[name]) for name in ("completedElements", "totalElements")}
        told = {name: told[name] for name in told if not name.endswith("date")}
        return json_answer(201, {"contacts": [shown(contact)], "contactAutomation": told})

    def _remove(self, identity: str, cause: Cause) -> Answer:
        self._entries.remove(identity, cause)
        return json_answer(200, {})


def _body(request: Request) -> Document:
    try:
        return decode_object(request.body)
    except NotJson:
        raise Refusal(bare(400)) from None


def _listed(
    name: str, found: list[Document], query: Mapping[str, str], page_max: int, *, meta: bool
) -> Answer:
    """Return a page under the resource's name; `meta.total` with it, where that is documented."""
    limit, offset = _number(query, "limit", _PAGE), _number(query, "offset", 0)
    page = found[offset : offset + min(limit, page_max)]
    told: Document = {name: page}
    return json_answer(200, told | {"meta": {"total": str(len(found))}} if meta else told)


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    given = query.get(name, "")
    return int(given) if given.isascii() and given.isdigit() else default
