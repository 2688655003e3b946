"""What one request enters into the books: undone whole, or settled as effects and events."""

from infra.sandbox.effects import BY_APP, Cause, Effects
from infra.sandbox.store import Shelf
from infra.sandbox.wire import Document
from infra.sandbox.xero.books import Books


class Posting:
    """What one request enters into the books: undone whole, or settled as effects."""

    def __init__(self, books: Books, effects: Effects, cause: Cause) -> None:
        self.books = books
        self._effects = effects
        self._cause = cause
        self._undo: list[tuple[str, str, Document | None]] = []
        self._made: list[tuple[str, str, str | None]] = []
        self._told: dict[tuple[str, str], bool] = {}

    @property
    def by_app(self) -> bool:
        """Does the app do this (or a person, in Xero itself)?"""
        return self._cause.by == BY_APP

    def put(self, shelf: str, key: str, record: Document) -> Document:
        """Enter a record with the time of its change, and return it."""
        records: Shelf = getattr(self.books, shelf)
        old = records.get(key)
        self._undo.append((shelf, key, old))
        self._told.setdefault((shelf, key), old is None)
        entered = {**record, "UpdatedMs": self.books.clock.now_ms()}
        self.books.put(shelf, key, entered)
        return entered

    def put_quietly(self, shelf: str, key: str, record: Document) -> Document:
        """Enter a record whose UpdatedDateUTC stays, as Xero leaves it for some changes."""
        records: Shelf = getattr(self.books, shelf)
        self._undo.append((shelf, key, records.get(key)))
        self.books.put(shelf, key, record)
        return record

    def made(self, kind: str, identity: str, mark: str | None) -> None:
        """Note an effect; it counts when the posting is settled."""
        self._made.append((kind, identity, mark))

    def undo(self) -> None:
        """Put everything back as it was. Numbers given out stay given out, as in Xero."""
        for shelf, key, old in reversed(self._undo):
            if old is None:
                self.books.remove(shelf, key)
            else:
                self.books.put(shelf, key, old)
        self._undo.clear()
        self._made.clear()
        self._told.clear()

    def settle(self) -> None:
        """Count the effects and tell of what changed."""
        for kind, identity, mark in self._made:
            self._effects.record(self._cause, "xero", kind, identity, mark)
        for (shelf, key), created in self._told.items():
            self.books.webhooks.changed(self.books.tenant, shelf, key, created=created)
        self._made.clear()
        self._told.clear()
