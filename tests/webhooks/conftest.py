"""The webhooks process, and somebody who calls it."""

import pytest

from tests.harness.processes import Processes
from tests.harness.webhooks import Teller


@pytest.fixture(scope="module")
def listening(base_settings, migrated, tmp_path_factory):
    with Processes(base_settings, tmp_path_factory.mktemp("webhooks")) as started:
        started.start("webhooks")
        yield started


@pytest.fixture
def teller(settings, listening) -> Teller:
    return Teller(settings)
