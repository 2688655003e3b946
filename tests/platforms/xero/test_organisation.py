"""What an organisation is like is read once, however many ask at the same moment."""

from workers.attempt import perform
from workers.execute import begin, conclude_each, execute


def test_actions_that_begin_together_read_the_organisation_once(office) -> None:
    fleet = office.world.fleet
    first, second = (office.world.invoice(office.world.deal({})[0]) for _ in range(2))
    attempts = begin(fleet, first)
    assert [one.kind.name for one in attempts] == ["xero.read_organisation"]
    execute(fleet, second)
    assert office.world.action(second).status_reason == "the organisation is being read"
    conclude_each(fleet, attempts, perform(fleet, attempts))
    assert office.carry_on(second).status == "succeeded"
    assert office.paths().count("GET /Organisation") == 1
