"""A fleet that may talk to this machine, and a receiver on it."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from infra.settings import Settings
from tests.harness.outgoing import Outgoing
from tests.harness.receiver import Receiver
from tests.harness.world import World


@pytest.fixture
def settings(base_settings: Settings) -> Settings:
    return replace(base_settings, deliver_to_private_addresses=True)


@pytest.fixture
def outgoing(world: World, receiver: Receiver) -> Iterator[Outgoing]:
    with Outgoing.of(world, receiver) as made:
        yield made
