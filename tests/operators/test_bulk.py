"""A command for many: each by itself, and none that was not shown."""

from uuid import uuid4

import pytest
from sqlalchemy.exc import OperationalError

from infra.database import views
from infra.database.views import Wanted
from workers import bulk, commands
from workers.bulk import Command, Shown, carry_out, misfit


def shown(world, *ids) -> list[Shown]:
    with world.fleet.database.reading() as tx:
        rows = {r["id"]: r for r in views.actions(tx, Wanted(ids=ids))}
    return [Shown(one, rows[one]["transition"]) for one in ids]


def test_each_is_done_by_itself_in_order(world) -> None:
    ids = [world.message(str(number)) for number in range(3)]
    seen = [*shown(world, *ids), Shown(uuid4(), 1)]
    commands.cancel(world.fleet, ids[1], who="somebody else")
    fates = carry_out(world.fleet, "cancel", seen, who="ops")
    assert [one.is_done for one in fates] == [True, False, True, False]
    assert [one.id for one in fates] == [one.id for one in seen]
    assert [world.status(one) for one in ids] == ["cancelled"] * 3
    by = {row.who for row in world.rows("SELECT who FROM audit")}
    assert by == {"ops", "somebody else"}


def test_a_database_that_is_away_stops_none_of_the_rest(world, monkeypatch) -> None:
    def refuses(*_: object, **__: object) -> str:
        raise OperationalError("", {}, Exception("gone"))

    monkeypatch.setitem(bulk.COMMANDS, "cancel", Command(refuses, frozenset()))
    fates = carry_out(world.fleet, "cancel", [Shown(uuid4(), 1), Shown(uuid4(), 2)], who="ops")
    assert ["look before trying again" in one.said for one in fates] == [True, True]


def test_no_more_than_may_be_shown_are_done(world, monkeypatch) -> None:
    monkeypatch.setattr(bulk, "MANY_MAX", 2)
    fates = carry_out(world.fleet, "cancel", [Shown(uuid4(), 1)] * 5, who="ops")
    assert len(fates) == 2


@pytest.mark.parametrize(
    ("command", "status", "effect", "fits"),
    [
        ("resume", "parked", "unknown", True),
        ("resume", "running", None, False),
        ("give_up", "parked", "pending", True),
        ("give_up", "parked", "unknown", False),
        ("cancel", "queued", None, True),
        ("cancel", "parked", "unknown", False),
        ("cancel", "reconciling", "unknown", True),
        ("cancel", "succeeded", "succeeded", False),
    ],
)
def test_what_would_be_refused_is_known_before(command, status, effect, fits) -> None:
    assert (misfit(command, {"status": status, "effect_state": effect}) == "") == fits
