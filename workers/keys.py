"""Sealing what is stored anew under the newest key, beside whatever else runs.

Nothing is locked: a row is replaced only where its bytes are still those that were read, so a token
renewed meanwhile is never put back. It goes over everything until nothing is left to do.
"""

from dataclasses import dataclass, field
from itertools import islice

from infra.crypto import Vault
from infra.database import sealed
from infra.database.engine import Database
from infra.settings import SettingsError

PASSES_MAX = 10


@dataclass(slots=True)
class Sealed:
    """How what is stored is sealed: under the newest key, an older one, or none we have."""

    newest: int = 0
    older: int = 0
    closed: list[str] = field(default_factory=list)
    resealed: int = 0


def check(database: Database, vault: Vault) -> Sealed:
    """Look at everything stored encrypted."""
    found = Sealed()
    for table, column in sealed.SEALED:
        for row_id, held in sealed.every(database, table, column):
            if vault.is_newest(held):
                found.newest += 1
            elif _opens(vault, held):
                found.older += 1
            else:
                found.closed.append(f"{table.__tablename__} {row_id}")
    return found


def reseal(database: Database, vault: Vault) -> Sealed:
    """Seal everything under the newest key, and return how it is then."""
    found, resealed = check(database, vault), 0
    for _ in range(PASSES_MAX):
        if found.older == 0:
            break
        resealed += sum(_reseal_all(database, vault))
        found = check(database, vault)
    found.resealed = resealed
    return found


def _reseal_all(database: Database, vault: Vault) -> "list[int]":
    done = []
    for table, column in sealed.SEALED:
        rows = sealed.every(database, table, column)
        old = ((row_id, held) for row_id, held in rows if not vault.is_newest(held))
        while batch := list(islice(old, sealed.BATCH)):
            with database.transaction() as tx:
                for row_id, held in batch:
                    if _opens(vault, held):
                        anew = vault.lock(vault.unlock(held))
                        done.append(int(sealed.replace(tx, column, row_id, held, anew)))
    return done


def _opens(vault: Vault, held: bytes) -> bool:
    try:
        vault.unlock(held)
    except SettingsError:
        return False
    return True
