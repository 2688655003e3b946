"""Thousands of calls made from the OpenAPI itself, right ones and wrong ones: none breaks anything.

Each answer must be one that the document tells of, in the shape it tells.
"""

from collections import Counter
from typing import Any
from uuid import UUID

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from domain.access import Scope
from infra.platforms import CATALOGUE
from tests.api.callers import client_of
from tests.harness.world import World
from workers import subscriptions
from workers.api.application import ALL, TAGS
from workers.api.documentation import Documentation
from workers.api.endpoint import BASE
from workers.execute import execute
from workers.subscribing import Wanted

pytestmark = [pytest.mark.processes, pytest.mark.deep, pytest.mark.timeout(1500)]

CASES, CASES_OF_ALIAS = 50, 10
EVENTS = BASE + "/events"
CHECKS = [status_code_conformance, content_type_conformance, response_schema_conformance]
SCHEMA = schemathesis.openapi.from_dict(Documentation(CATALOGUE, ALL, TAGS).openapi)
OPERATIONS = [found.ok() for found in SCHEMA.get_all_operations()]


@pytest.fixture
def there(world: World) -> dict[str, list[str]]:
    """Ids that addresses may name, of things that are there."""
    found: dict[str, list[str]] = {"deal_id": [], "product_id": []}
    for _ in range(3):
        deal, lines = world.deal({}, {})
        found["deal_id"].append(str(deal))
        found["product_id"] += map(str, lines)
        execute(world.fleet, world.invoice(deal))
    wanted = [Wanted(f"https://hooks.example.com/{number}") for number in range(3)]
    told = [subscriptions.create(world.fleet, world.workspace_id, one).id for one in wanted]
    invoices = world.rows("SELECT id, platform_invoice_id FROM invoices")
    return found | {
        "integration_id": [str(world.xero), str(world.slack)],
        "action_id": [str(world.message()) for _ in range(5)],
        "subscription_id": [str(one) for one in told],
        "invoice_id": [str(row.id) for row in invoices],
    }


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=str)
def test_no_call_breaks_anything(web, world, there, mode) -> None:
    client = client_of(world.fleet, world.workspace_id, frozenset(Scope))
    given_headers = {"Authorization": f"Bearer {client.key}"}
    seen: Counter[int] = Counter()
    opened: list[str] = []

    def opening(case: Any) -> requests.Response:
        """A stream has no end: of one that is opened only the head is looked at."""
        said = case.as_transport_kwargs(base_url=client.origin, headers=given_headers)
        with requests.request(**said, timeout=30, stream=True) as answer:
            if answer.status_code != 200:
                _ = answer.content
            return answer

    def attempt(case: Any, choose: Any) -> None:
        for name in list(case.path_parameters or {}):
            if name in there and choose(st.booleans()):
                case.path_parameters[name] = choose(st.sampled_from(there[name]))
        if case.operation.path == EVENTS:
            answer = opening(case)
            if answer.status_code == 200:
                opened.append(answer.headers["content-type"])
                return
        else:
            answer = case.call(base_url=client.origin, headers=given_headers, timeout=30)
        seen[answer.status_code] += 1
        assert answer.status_code < 500, answer.text[:2000]
        case.validate_response(answer, checks=CHECKS)

    for operation in OPERATIONS:
        strategy = operation.as_strategy(generation_mode=mode)

        @settings(
            max_examples=CASES_OF_ALIAS if "/deals/" in operation.path else CASES,
            deadline=None,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
            verbosity=Verbosity.quiet,
        )
        @given(case=strategy, data=st.data())
        def run(case: Any, data: Any) -> None:
            attempt(case, data.draw)

        run()
    assert sum(seen.values()) > 20 * sum("/deals/" not in one.path for one in OPERATIONS)
    assert set(opened) == ({"text/event-stream; charset=utf-8"} if mode.is_positive else set())
    assert {UUID(one) for one in there["action_id"]} <= {
        row.id for row in world.rows("SELECT id FROM actions")
    }
