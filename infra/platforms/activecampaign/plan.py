"""The plan: the automation, the contact, what is there already, the entry.

First the automation, which changes nothing: a name nobody knows must not leave a contact behind.
"""

from collections.abc import Sequence
from typing import Any

from domain.actions.outcome import JsonObject, Rejected, Succeeded
from domain.actions.plan import Done, Effect, Known, Refuse, Request, Result, Step
from infra.platforms.activecampaign import automations, entries
from infra.platforms.activecampaign.adding import ADD
from infra.platforms.activecampaign.contacts import SYNC
from infra.platforms.activecampaign.errors import NOT_ENTERED
from infra.platforms.activecampaign.finding import ends


def next_effect(request: Request, _known: Known, results: tuple[Result, ...]) -> Step:
    """Return what comes next; a refused entry is looked at before it is a refusal."""
    for one in results:
        if isinstance(one.outcome, Rejected) and one.outcome.code != NOT_ENTERED:
            return Refuse(one.outcome)
    automation = _automation(request.params, _results(results, automations.READ.name))
    if not isinstance(automation, str):
        return automation
    contact = _contact(request.params, _results(results, SYNC.name))
    if contact is None:
        return Effect(SYNC.name)
    return _entry({"contact_id": contact, "automation_id": automation}, results)


def _automation(params: JsonObject, pages: Sequence[JsonObject]) -> str | Step:
    if params.get("automation_id") is not None:
        return str(params["automation_id"])
    offset = pages[-1]["next"] if pages else 0
    if offset is not None:
        return _next_page(offset, len(pages))
    found = automations.the_only_one(
        [one for page in pages for one in page["found"]], params["automation"]
    )
    return Refuse(found) if isinstance(found, Rejected) else found


def _next_page(offset: int, pages: int) -> Step:
    if pages < automations.PAGES_MAX:
        return Effect(automations.READ.name, {"offset": offset})
    words = f"the account has more than {offset} automations; give automation_id"
    return Refuse(Rejected("too_many_automations", f"ActiveCampaign: {words}"))


def _contact(params: JsonObject, synced: Sequence[JsonObject]) -> str | None:
    if params.get("contact_id") is not None:
        return str(params["contact_id"])
    return str(synced[-1]["contact_id"]) if synced else None


def _entry(who: dict[str, str], results: Sequence[Result]) -> Step:
    sent = next((at for at, one in enumerate(results) if one.name == ADD.name), len(results))
    before = _through(entries.READ.name, who, results[:sent])
    if not isinstance(before, list):
        return before
    counts = _through(entries.COUNT.name, who, results[:sent])
    if not isinstance(counts, list):
        return counts
    there = _entries(before)
    if sent == len(results):
        count = max(page["count"] or 0 for page in counts)
        return Effect(ADD.name, {**who, "entries": there, "count": count, **ends(before, counts)})
    outcome = results[sent].outcome
    if isinstance(outcome, Succeeded):
        return _done(who, outcome.result["contact_automation_id"], already=False)
    now = _through(entries.READ.name, who, results[sent:])
    return _after_refusal(who, there, _entries(now), outcome) if isinstance(now, list) else now


def _through(name: str, who: dict[str, str], results: Sequence[Result]) -> list[JsonObject] | Step:
    """Return the pages of a list that was read to its end, or how to read on."""
    pages = _results(results, name)
    if not pages:
        return Effect(name, who)
    if pages[-1].get("next") is None:
        return pages
    if len(pages) < entries.PAGES_MAX:
        return Effect(name, {**who, "offset": pages[-1]["next"], "first": pages[-1]["first"]})
    words = f"contact {who['contact_id']} has more than {pages[-1]['next']} entries"
    return Refuse(Rejected("too_many_entries", f"ActiveCampaign: {words}"))


def _entries(pages: Sequence[JsonObject]) -> list[JsonObject]:
    return [entry for page in pages for entry in page["entries"]]


def _after_refusal(
    who: dict[str, str], before: Sequence[JsonObject], now: Sequence[JsonObject], refusal: Rejected
) -> Step:
    """Tell "already in it" from a failure.

    An entry new since the first look is this action's: an earlier send whose answer was lost.
    """
    new = entries.new_since(before, now)
    if new is not None:
        return _done(who, new["id"], already=False)
    active = [one for one in now if one["active"]]
    if active:
        return _done(who, active[-1]["id"], already=True)
    words = (
        f"{refusal.message} (contact {who['contact_id']} is not in automation "
        f"{who['automation_id']} now; it may be inactive, unknown, or take a contact only once)"
    )
    return Refuse(Rejected(refusal.code, words, refusal.details))


def _done(who: dict[str, str], entry_id: str, *, already: bool) -> Done:
    result: dict[str, Any] = {"contact_automation_id": entry_id, "already": already}
    return Done({**who, **result})


def _results(results: Sequence[Result], name: str) -> list[JsonObject]:
    return [
        one.outcome.result
        for one in results
        if one.name == name and isinstance(one.outcome, Succeeded)
    ]
