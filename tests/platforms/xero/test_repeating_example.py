"""The example of a repeating invoice works once its contact is filled in."""

import json

from workers import sample
from workers.cli.demo.script import EXAMPLES
from workers.execute import execute


def test_the_example_sets_a_template_up(office):
    fleet = office.world.fleet
    with fleet.database.transaction() as tx:
        sample.load(tx, fleet.vault, "http://127.0.0.1:9")
    request = json.loads((EXAMPLES / "contact" / "repeating-invoice.json").read_text())
    contact = office.person("contacts", Name="Harbour Freight Logistics")
    request["params"]["contact_id"] = contact["ContactID"]
    action = office.world.submit(request)
    execute(fleet, action)
    done = office.world.action(action)
    assert done.status == "succeeded", done.error
    assert [line["amount"] for line in done.result["lines"]] == ["960.00"]
    assert [one["name"] for one in done.result["skipped"]] == ["Data transfer, per GB"]
