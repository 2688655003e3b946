"""Both servers at once, for tests, benchmarks and scripts."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from infra.embedded.claim import FolderClaim
from infra.embedded.postgres import EmbeddedPostgres
from infra.embedded.valkey import EmbeddedValkey


class Stack(NamedTuple):
    """Where the two servers listen."""

    database_url: str
    broker_url: str


@contextmanager
def embedded_stack(folder: Path) -> Iterator[Stack]:
    """Run PostgreSQL and Valkey with their state in `folder`; they end with the block.

    They end with this process too, however it ends. The data stay for the next time.

    Raises:
        claim.FolderTaken: another process works in that folder.
        program.StartFailed: a server does not start.
    """
    with FolderClaim(folder) as claim:
        valkey = EmbeddedValkey(claim.folder / "valkey", claim)
        postgres = EmbeddedPostgres(claim.folder / "postgres", claim)
        broker_url = valkey.start()
        yield Stack(postgres.start(), broker_url)
