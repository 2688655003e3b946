"""ActiveCampaign's effects, for the conformance suite."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from infra.sandbox.activecampaign import seed
from tests.conformance.case import Case, Request, Wait
from tests.harness.sandbox import Sandbox
from tests.harness.world import World
from tests.platforms.activecampaign.account import ACTION, ENTERED, SYNCED, connected

RETRY_AFTER = Wait("Retry-After", {"retry_after": 30}, 30)


def _of_a_new_contact(world: World, sandbox: Sandbox, automation: str = "Welcome") -> Request:
    connected(world, sandbox)
    wish = {"email": f"{uuid4().hex}@tidewater.test"}
    contact = sandbox.control("POST", "/activecampaign/contacts", wish)["id"]
    return world.request(ACTION, {"contact_id": contact, "automation": automation})


def _by_email(world: World, sandbox: Sandbox, **more: Any) -> Request:
    connected(world, sandbox)
    params = {"email": f"{uuid4().hex}@tidewater.test", "first_name": "Kim", **more}
    return world.request(ACTION, {**params, "automation_id": int(seed.WELCOME)})


def _which_takes_nobody(world: World, sandbox: Sandbox) -> tuple[Request, str]:
    request = _of_a_new_contact(world, sandbox)
    sandbox.control("POST", f"/activecampaign/automations/{seed.NEWSLETTER}", {"active": False})
    params = {"contact_id": request["params"]["contact_id"], "automation_id": seed.NEWSLETTER}
    return {**request, "params": params}, "ActiveCampaign: Could not create SubscriberSeries"


def _with_a_field_that_is_none(world: World, sandbox: Sandbox) -> tuple[Request, str]:
    request = _by_email(world, sandbox, fields={"77": "blue"})
    return request, "ActiveCampaign: Field does not exist"


def _is_of_the_automation(record: Mapping[str, Any], _effect_id: UUID) -> bool:
    """An entry carries nothing of ours: it is known by its contact and its automation."""
    return str(record["mark"]).endswith(f":{seed.WELCOME}")


CASES = (
    Case(
        effect="activecampaign.add_to_automation",
        request=_of_a_new_contact,
        method="POST",
        path="/contactAutomations$",
        happened=ENTERED,
        refused=_which_takes_nobody,
        waits=(RETRY_AFTER,),
        secrets=(seed.API_KEY,),
        mark=_is_of_the_automation,
    ),
    Case(
        effect="activecampaign.sync_contact",
        request=_by_email,
        method="POST",
        path="/contact/sync$",
        happened=SYNCED,
        refused=_with_a_field_that_is_none,
        waits=(RETRY_AFTER,),
        secrets=(seed.API_KEY,),
        mark=lambda record, _effect_id: str(record["mark"]).endswith("@tidewater.test"),
    ),
)
