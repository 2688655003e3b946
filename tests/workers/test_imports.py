"""A process loads no SDK but its own platform's, and only when it needs it."""

import json
import os
import subprocess
import sys
from dataclasses import fields

import pytest

from infra.settings import variable_of

SDKS = {"xero_python", "postmarker"}
HEAVY = {"pydantic", "starlette", "uvicorn", "rich", "typer", "alembic", "flower", "requests"}
CODE = """
import json, sys, uuid
from workers.execute import execute
from workers.fleet import compose
import workers.app
fleet = compose("test")
fleet.incarnation.start()
execute(fleet, uuid.UUID(sys.argv[1]))
fleet.incarnation.stop()
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def loaded_by(action_id, settings) -> set[str]:
    environment = os.environ | {
        variable_of(one.name): str(getattr(settings, one.name)) for one in fields(settings)
    }
    ran = subprocess.run(
        [sys.executable, "-c", CODE, str(action_id)], env=environment, capture_output=True,
        text=True, timeout=60, check=True,
    )  # fmt: skip
    return set(json.loads(ran.stdout.strip().splitlines()[-1]))


@pytest.mark.processes
def test_a_worker_loads_only_what_its_platform_needs(world, settings, sandbox):
    message = world.message()
    slack = loaded_by(message, settings)
    assert world.status(message) == "succeeded"
    assert slack & SDKS == set()
    assert slack & HEAVY == set()
    deal, _ = world.deal({})
    xero = loaded_by(world.invoice(deal), settings)
    assert xero & SDKS == {"xero_python"}
