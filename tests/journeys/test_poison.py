"""Messages that once stopped a consumer for ever: each is kept, and the others go on."""

import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from tests.harness.world import World
from workers import intake
from workers.arrived import Arrived
from workers.fleet import Fleet
from workers.intake import take_in
from workers.payment_status import consume
from workers.submit import submit_many

POISON: dict[str, Arrived] = {
    "NUL in key and value": Arrived(rb'{"a\u0000b": "c\u0000"}', {}, "plain"),
    "nested too deeply under a NUL": Arrived(
        rb'{"a\u0000b": ' + b"[" * 40 + b"1" + b"]" * 40 + b"}", {}, "plain"
    ),
    "surrogate in a header": Arrived(b'{"integration_id": 1}', {"x": "\ud800"}, "plain"),
    "surrogate as message id": Arrived(b'{"integration_id": 1}', {}, "plain", "\ud800"),
    "a number of 5000 digits": Arrived(b'{"a": ' + b"9" * 5000 + b"}", {}, "plain", "m"),
    "a number of 2000 digits": Arrived(b'{"a": ' + b"9" * 2000 + b"}", {}, "plain", "m"),
    "infinity": Arrived(b'{"a": 1e999}', {}, "plain", "m"),
    "NUL in the task's name": Arrived(b"not json", {"task": "x\0y"}, "celery", "m"),
}


def _request(world: World, **more: Any) -> dict[str, Any]:
    params = {"channel": "C0GENERAL", "text": "good"} | more
    return world.request("slack_send_message", params)


def _arrived(value: Any, message_id: str | None = None) -> Arrived:
    return Arrived(json.dumps(value).encode(), {}, "plain", message_id)


def _promotion(line: UUID, **data: Any) -> Arrived:
    wanted = {"deal_product_id": str(line), "invoice_id": str(uuid4()), "cycle": 1}
    return _arrived({"id": str(uuid4()), "data": wanted | {"rung": "invoiced"} | data})


@pytest.mark.parametrize("poison", POISON.values(), ids=POISON)
def test_an_unstorable_message_is_kept_and_the_others_go_on(
    fleet: Fleet, world: World, poison: Arrived
) -> None:
    take_in(fleet, [_arrived(_request(world)), poison])
    (letter,) = world.rows("SELECT * FROM dead_letters")
    assert letter.body == poison.body
    assert letter.problems
    assert len(world.rows("SELECT 1 FROM actions WHERE status = 'queued'")) == 1


def test_an_unstorable_identity_is_refused(fleet: Fleet, world: World) -> None:
    nameless = _request(world)
    del nameless["id"]
    take_in(fleet, [_arrived(_request(world)), _arrived(nameless, "\ud800")])
    (letter,) = world.rows("SELECT * FROM dead_letters")
    assert letter.problems[0]["field"] == "id"
    assert letter.headers["message_id"] == "\\ud800"


def test_what_no_check_foresaw_is_found_by_halves_and_kept(
    fleet: Fleet, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = [_request(world, text=f"no {n}") for n in range(9)]

    def some_fail(fleet_: Fleet, arrived: Any) -> Any:
        if any(one.envelope.params["text"] == "no 5" for one in arrived):
            raise ZeroDivisionError("nobody thought of it")
        return submit_many(fleet_, arrived)

    monkeypatch.setattr(intake, "submit_many", some_fail)
    take_in(fleet, [_arrived(request) for request in requests])
    (letter,) = world.rows("SELECT * FROM dead_letters")
    assert letter.reason == "cannot be stored"
    assert "nobody thought of it" in letter.problems[0]["problem"]
    assert json.loads(letter.body) == requests[5]
    assert len(world.rows("SELECT 1 FROM actions")) == 8


def test_while_the_database_is_down_nothing_is_a_dead_letter(
    fleet: Fleet, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: object) -> None:
        raise OperationalError("", {}, Exception("the database restarts"))

    monkeypatch.setattr(intake, "submit_many", down)
    with pytest.raises(OperationalError):
        take_in(fleet, [_arrived(_request(world))])
    assert not world.rows("SELECT 1 FROM dead_letters")


@pytest.mark.parametrize(
    "data",
    [
        {"cycle": 0},
        {"cycle": 10**12},
        {"cycle": 1e999},
        {"rung": "unpaid"},
        {"rung": "\0\ud800"},
        {"invoice_id": []},
    ],
    ids=str,
)
def test_a_malformed_promotion_is_kept_and_the_others_go_on(
    fleet: Fleet, world: World, data: dict[str, Any]
) -> None:
    _, (line,) = world.deal({})
    assert consume(fleet, [_promotion(line, **data), _promotion(line)]) == 1
    assert world.payment_statuses(line) == ["invoiced"]
    (letter,) = world.rows("SELECT * FROM dead_letters")
    assert letter.reason == "not a readable promotion"


def test_a_promotion_that_cannot_be_applied_is_kept_and_the_others_go_on(
    fleet: Fleet, world: World
) -> None:
    _, (odd, line) = world.deal({}, {})
    with fleet.database.transaction() as tx:  # the CRM owns the column, and may write anything
        statement = "UPDATE crm_deal_products SET payment_status = 'part paid' WHERE id = :id"
        tx.execute(text(statement), {"id": odd})
    assert consume(fleet, [_promotion(odd), _promotion(line)]) == 1
    assert world.payment_statuses(line) == ["invoiced"]
    (letter,) = world.rows("SELECT * FROM dead_letters")
    assert letter.reason == "cannot be applied"
    assert "part paid" in letter.problems[0]["problem"]
