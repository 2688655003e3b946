"""`fleet connect calcom`: a key is tried before it is stored, and what waited goes on."""

import json
from typing import Any

import pytest

from domain.actions.outcome import Deferred, Rejected
from infra.connecting import Connectable
from infra.platforms import CATALOGUE
from infra.sandbox.calcom import seed
from tests.platforms.calcom.cases import booking
from tests.platforms.calcom.desk import Changed, Desk, answer_with
from workers.connecting import Refused, by_keys, store_by_keys
from workers.credentials import open_session
from workers.fleet import Fleet

PLATFORM = CATALOGUE.platforms["calcom"]


def check(fleet: Fleet, key: str) -> Any:
    assert PLATFORM.connecting is not None
    session = open_session(fleet, fleet.settings.calcom_api_url, {"api_key": key})
    return PLATFORM.connecting.check(session)


def test_the_tenant_is_the_keys_user(fleet: Fleet) -> None:
    found = check(fleet, seed.CALCOM_API_KEY)
    assert found == Connectable(str(seed.CALCOM_USER), "Jo Marsh")


def test_one_field_is_asked_for_and_hidden() -> None:
    assert PLATFORM.connecting is not None
    (field,) = PLATFORM.connecting.fields
    assert (field.name, field.variable, field.hidden) == ("api_key", "CALCOM_API_KEY", True)


def test_a_wrong_key_is_not_stored(fleet: Fleet) -> None:
    assert isinstance(check(fleet, "cal_live_wrong"), Deferred)
    with pytest.raises(Refused, match="not valid"):
        by_keys(fleet, PLATFORM, {"api_key": "cal_live_wrong"})


@pytest.mark.parametrize(
    "document",
    [
        {"status": "success", "data": {}},
        {"status": "success", "data": {"id": True}},
        {"status": "success", "data": [1]},
        {"status": "success", "data": None},
        ["no envelope"],
    ],
)
def test_whatever_is_no_user_is_refused(desk: Desk, document: Any) -> None:
    fleet = desk.with_transport(
        Changed(desk.fleet.transport, lambda exchange: answer_with(exchange, document))
    )
    assert isinstance(check(fleet, seed.CALCOM_API_KEY), Rejected)


def test_connecting_again_lets_what_waited_go_on(desk: Desk) -> None:
    desk.sandbox.fault("calcom", "revoke_token", method="POST")
    action = desk.submit(booking(desk.world))
    assert desk.done(action).status == "waiting"
    desk.sandbox.control("POST", "/tokens/restore", {"platform": "calcom"})
    given = {"api_key": seed.CALCOM_API_KEY}
    found = by_keys(desk.fleet, PLATFORM, given)
    connected, _ = store_by_keys(desk.fleet, desk.world.workspace_id, PLATFORM, given, found)
    assert (connected.integration_id, connected.created) == (desk.integration, False)
    assert desk.again(action).status == "succeeded"
    kept = json.dumps([str(row) for row in desk.world.rows("SELECT * FROM connections")])
    assert seed.CALCOM_API_KEY not in kept
