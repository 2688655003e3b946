"""Several writes, one statement, one round trip.

What an attempt changes (effect, call, action, log, event) goes out together: with ten threads on
one interpreter every round trip saved is two context switches saved.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sqlalchemy import Insert, Update, bindparam, insert, update

from infra.database.engine import Transaction
from infra.database.tables import FleetTable

Shape = tuple[type[FleetTable], bool, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Write:
    """One row inserted, or (with `row_id`) one row updated by its `id`."""

    table: type[FleetTable]
    values: Mapping[str, Any]
    row_id: object = field(default=None)

    @property
    def shape(self) -> Shape:
        """What the statement's text depends on."""
        return self.table, self.row_id is not None, tuple(sorted(self.values))


def write(tx: Transaction, writes: Sequence[Write]) -> None:
    """Carry the writes out together. No two of them may touch the same row."""
    if not writes:
        return
    given: dict[str, Any] = {}
    for number, one in enumerate(writes):
        given |= {f"w{number}_{name}": value for name, value in one.values.items()}
        if one.row_id is not None:
            given[f"w{number}__id"] = one.row_id
    tx.execute(_together(tuple(one.shape for one in writes)), given)


@cache
def _together(shapes: tuple[Shape, ...]) -> Insert | Update:
    """Build each combination once: compiling costs more than running it."""
    *first, last = [_one(number, shape) for number, shape in enumerate(shapes)]
    return last.add_cte(*(one.cte(f"write_{number}") for number, one in enumerate(first)))


def _one(number: int, shape: Shape) -> Insert | Update:
    table, is_update, names = shape
    values: dict[str, Any] = {name: bindparam(f"w{number}_{name}") for name in names}
    if not is_update:
        return insert(table).values(values)
    key = table.__table__.c.id
    return update(table).where(key == bindparam(f"w{number}__id")).values(values)
