"""`fleet budgets`: what is left, as a table and as JSON."""

from workers.execute import execute


def test_what_is_used_and_what_is_left(run, environment, fleet, world, sandbox):
    world.set_integration(world.slack, settings={"limits": {"minute": 10}})
    for _ in range(2):
        execute(fleet, world.message())
    (row,) = run("budgets", "--json").json
    assert (row["integration_id"], row["window"]) == (str(world.slack), "minute")
    assert (row["used"], row["calls"], row["in_flight"]) == (2, 10, 0)
    assert "slack of the test" in run("budgets").said
