"""Every organisation the app may be connected to: the seeded two, and those added."""

from collections.abc import Iterator, Mapping

from infra.sandbox import seed
from infra.sandbox.store import Shelf, Store
from infra.sandbox.xero.books import Books, Shared


class Organisations(Mapping[str, Books]):
    """The books of every organisation by its tenant id."""

    def __init__(self, store: Store, shared: Shared) -> None:
        self._store = store
        self._shared = shared
        self._added = Shelf(store, "xero.organisations")
        self._books: dict[str, Books] = {}
        for tenant, name in seed.ORGANISATIONS.items():
            self._open(tenant, name)
        for tenant in self._added:
            self._open(tenant, str((self._added.get(tenant) or {})["name"]))

    def __getitem__(self, tenant: str) -> Books:
        return self._books[tenant]

    def __iter__(self) -> Iterator[str]:
        return iter(self._books)

    def __len__(self) -> int:
        return len(self._books)

    def add(self, name: str | None) -> Books:
        """Found another organisation; without a name it gets one."""
        number = len(self._books) + 1
        tenant = seed.tenant_number(number)
        given = name or f"Sandbox {number} Pty Ltd"
        self._added.put(tenant, {"name": given})
        return self._open(tenant, given)

    def _open(self, tenant: str, name: str) -> Books:
        self._books[tenant] = Books(self._store, tenant, name, self._shared)
        return self._books[tenant]
