"""What every process is made of: settings, database, transport, platforms. Composed here only."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from infra.clock import utc_now
from infra.crypto import Vault
from infra.database.engine import Database
from infra.database.incarnations import Incarnation
from infra.exchange import Transport
from infra.platforms import CATALOGUE, Catalogue
from infra.settings import Settings, settings


@dataclass(frozen=True, slots=True)
class Fleet:
    """The parts a worker works with."""

    settings: Settings
    database: Database
    vault: Vault
    transport: Transport
    incarnation: Incarnation
    catalogue: Catalogue = field(default_factory=lambda: CATALOGUE)
    now: Callable[[], datetime] = utc_now
    jitter: Callable[[], float] = random.random
    # Decrypted credentials by connection, with the version they are of.
    opened: dict[UUID, tuple[int, Mapping[str, Any]]] = field(default_factory=dict, repr=False)


def compose(kind: str, chosen: Settings | None = None) -> Fleet:
    """Build a process's parts; `kind` names the process in `incarnations`."""
    used = chosen or settings()
    database = Database(used)
    return Fleet(
        settings=used,
        database=database,
        vault=Vault(used),
        transport=Transport(
            used.connect_timeout_s,
            used.read_timeout_s,
            private_addresses=used.deliver_to_private_addresses,
        ),
        incarnation=Incarnation(database, kind),
    )
