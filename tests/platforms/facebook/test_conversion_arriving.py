"""A conversion request as it comes in, a dataset as it is connected."""

import json

import pytest

from domain.actions.outcome import Deferred, Rejected
from infra.connecting import Connectable
from infra.envelope import Refused
from infra.platforms.facebook import PLATFORM
from infra.sandbox.facebook.seed import DATASET, TOKEN
from infra.wire import read_envelope
from tests.harness.sandbox import Sandbox
from tests.harness.world import World
from tests.platforms.facebook.conversions import PERSON, RAW, event, request
from workers import connecting
from workers.fleet import Fleet
from workers.submit import Incoming, Submitted, submit_many

DAY = 86_400


@pytest.mark.parametrize(
    ("seconds_ago", "source", "words"),
    [
        (8 * DAY, "email", "is more than 7 days ago"),
        (63 * DAY, "physical_store", "is more than 62 days ago"),
        (-3600, "email", "is in the future"),
    ],
)
def test_an_event_of_the_wrong_time_is_refused_at_once(
    world: World, seconds_ago: float, source: str, words: str
) -> None:
    wrong = request(world, event(), event(seconds_ago, action_source=source))
    with pytest.raises(Refused) as refused:
        world.submit(wrong)
    (problem,) = refused.value.problems
    assert problem.field == "params.events[1].event_time"
    assert words in problem.problem


def test_nothing_that_says_who_it_was_is_kept_of_a_request_that_is_refused(
    fleet: Fleet, world: World
) -> None:
    wrong = request(world, event(user_data={**PERSON, "typo": "Jo Mills"}, event_id="lead-7"))
    (answer,) = submit_many(fleet, [Incoming(str(wrong["id"]), read_envelope(wrong, 24), "celery")])
    assert isinstance(answer, Submitted)
    row = world.action(answer.action_id)
    assert row.status == "rejected"
    (kept,) = row.params["events"]
    assert set(kept) == {"event_name", "event_time", "event_id", "action_source"}
    told = json.dumps([row.params, row.error], ensure_ascii=False, default=str)
    assert "user_data.typo" in told
    assert not [raw for raw in (*RAW, PERSON["client_ip_address"]) if str(raw) in told]


def test_sent_again_with_the_same_words_it_is_the_same_action(world: World) -> None:
    asked = request(world)
    first = world.submit(asked)
    assert world.submit(asked) == first
    params = world.action(first).params
    assert not [raw for raw in RAW if raw in json.dumps(params, ensure_ascii=False)]


def tried(fleet: Fleet, **given: str) -> Connectable | Rejected | Deferred:
    credentials = {"access_token": TOKEN, "dataset_id": DATASET} | given
    return connecting.by_keys(fleet, PLATFORM, credentials)


def test_connecting_names_the_dataset_and_puts_the_token_into_no_url(
    fleet: Fleet, sandbox: Sandbox
) -> None:
    found = tried(fleet, dataset_id=f" {DATASET} ")
    assert isinstance(found, Connectable)
    assert (found.tenant, found.name) == (DATASET, "Tidewater Studio")
    (call,) = sandbox.control("GET", "/requests")["requests"]
    assert call["query"] == "fields=id%2Cname"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"access_token": "EAAwrong"}, "Invalid OAuth access token"),
        ({"dataset_id": "1300000000000009"}, "missing permissions"),
        ({"dataset_id": "my pixel"}, "must be digits"),
    ],
)
def test_what_cannot_be_connected_is_told_in_metas_words(
    fleet: Fleet, given: dict[str, str], words: str
) -> None:
    with pytest.raises(connecting.Refused, match=words):
        tried(fleet, **given)
