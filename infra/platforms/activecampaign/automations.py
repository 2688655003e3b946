"""The automation, by name: its list is read page by page, and exactly one active must have it.

Each page is an effect of its own: at 5 calls a second a long list read within one attempt might
never come to its end. Source: developers.activecampaign.com, "List All Automations".
"""

from collections.abc import Iterator, Sequence
from typing import Any

from domain.actions.outcome import JsonObject, Outcome, Rejected, Succeeded
from domain.actions.retry import Guarantee
from infra.platform import Call, EffectType, Preparation, Sent
from infra.platforms.activecampaign.client import id_of, is_last, page, rows_of, send
from infra.session import Session

PAGES_MAX = 50
_ACTIVE = "1"


def _prepare(preparation: Preparation) -> Call:
    return page("/automations", preparation.inputs["offset"])


def _perform(session: Session, sent: Sent) -> Outcome:
    rows = rows_of(send(session, sent.call), "automations")
    if not isinstance(rows, list):
        return rows
    offset = sent.inputs["offset"]
    found = list(_of_name(rows, sent.request.params["automation"]))
    return Succeeded({"found": found, "next": None if is_last(len(rows)) else offset + len(rows)})


def _of_name(rows: Sequence[dict[str, Any]], wanted: str) -> Iterator[dict[str, Any]]:
    for row in rows:
        name, identity = row.get("name"), id_of(row)
        if isinstance(name, str) and identity and name.strip().casefold() == wanted.casefold():
            yield {"id": identity, "name": name, "active": str(row.get("status")) == _ACTIVE}


def the_only_one(found: Sequence[JsonObject], wanted: str) -> str | Rejected:
    """Return the id of the one active automation among those of the name, or what stands there."""
    every = {one["id"]: one for one in found}
    active = [one["id"] for one in every.values() if one["active"]]
    if len(active) == 1:
        return str(active[0])
    named = ", ".join(f"{one['name']} ({one['id']})" for one in every.values())
    if active:
        words = f"several active automations are called {wanted}: {named}; give automation_id"
        return Rejected("automation_ambiguous", f"ActiveCampaign: {words}")
    if every:
        return Rejected("automation_inactive", f"ActiveCampaign: not active: {named}")
    return Rejected("automation_unknown", f"ActiveCampaign has no automation called {wanted}")


READ = EffectType(
    name="activecampaign.read_automations",
    prepare=_prepare,
    perform=_perform,
    guarantee=Guarantee(changes=False),
)
