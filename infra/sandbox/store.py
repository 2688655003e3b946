"""Records in memory, written through to one SQLite file when there is one.

A request is one transaction: what it changed is committed before its answer leaves, so a sandbox
that was killed and started again has lost nothing it answered for. The threat is the kill of a
process, not of the machine, hence `synchronous=OFF`.
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from infra.sandbox.wire import Document, decode_object, encode

_SCHEMA = """
CREATE TABLE IF NOT EXISTS records (
    seq INTEGER PRIMARY KEY,
    shelf TEXT NOT NULL,
    key TEXT NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (shelf, key)
)
"""
_PUT = """
INSERT INTO records (shelf, key, body) VALUES (?, ?, ?)
ON CONFLICT (shelf, key) DO UPDATE SET body = excluded.body
"""


class Store:
    """The file behind the shelves; with no file it keeps nothing. `epoch`: how often cleared."""

    def __init__(self, file: Path | None = None) -> None:
        self._database: sqlite3.Connection | None = None
        self._dirty = False
        self.epoch = 0
        if file is not None:
            self._database = sqlite3.connect(file, isolation_level=None)
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=OFF")
            self._database.execute(_SCHEMA)

    def load(self, shelf: str) -> Iterator[tuple[str, Document]]:
        """Yield a shelf's records in the order in which they were first put."""
        if self._database is not None:
            rows = self._database.execute(
                "SELECT key, body FROM records WHERE shelf = ? ORDER BY seq", (shelf,)
            )
            for key, body in rows:
                yield key, decode_object(body)

    def put(self, shelf: str, key: str, record: Document) -> None:
        """Keep a record; `commit` makes it stay."""
        if self._database is not None:
            self._begin().execute(_PUT, (shelf, key, encode(record).decode()))

    def remove(self, shelf: str, key: str) -> None:
        """Drop a record."""
        if self._database is not None:
            self._begin().execute("DELETE FROM records WHERE shelf = ? AND key = ?", (shelf, key))

    def clear(self) -> None:
        """Drop everything: another epoch begins."""
        self.epoch += 1
        if self._database is not None:
            self._begin().execute("DELETE FROM records")

    def commit(self) -> None:
        """Make everything since the last commit stay."""
        if self._database is not None and self._dirty:
            self._database.execute("COMMIT")
            self._dirty = False

    def close(self) -> None:
        """Commit and close the file."""
        if self._database is not None:
            self.commit()
            self._database.close()
            self._database = None

    def _begin(self) -> sqlite3.Connection:
        if self._database is None:
            raise RuntimeError("there is no file to write to")
        if not self._dirty:
            self._database.execute("BEGIN")
            self._dirty = True
        return self._database


class Shelf:
    """Records of one kind by key, in memory and in the store."""

    def __init__(self, store: Store, name: str) -> None:
        self._store = store
        self._name = name
        self._records: dict[str, Document] = dict(store.load(name))

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[str]:
        return iter(self._records)

    def get(self, key: str) -> Document | None:
        """Return the record, or None."""
        return self._records.get(key)

    def records(self) -> list[Document]:
        """Return all records in the order in which they were first put."""
        return list(self._records.values())

    def put(self, key: str, record: Document) -> None:
        """Keep a record under a key, replacing the one there."""
        self._records[key] = record
        self._store.put(self._name, key, record)

    def remove(self, key: str) -> None:
        """Drop the record under a key, if there is one."""
        if self._records.pop(key, None) is not None:
            self._store.remove(self._name, key)
