"""What an operator may set: mostly what ActiveCampaign does not document."""

from typing import Any, Final

from infra.sandbox.activecampaign.entries import Behaviour
from infra.sandbox.store import Shelf, Store
from infra.sandbox.wire import Document

_DEFAULTS: Final[Document] = {
    "auth_status": 403,  # of a refused key
    "refusal_status": 403,  # of an entry that is refused: 403 or 422
    "reuses_row": False,  # entering again moves the row there is
    "lag_s": 0,  # how far lists and counts of entries lag
    "page_max": 100,  # rows in a page, whatever is asked for
    "soft_failure": False,  # an entry is refused with 200 and `{"succeeded": 0}`
}


class Settings:
    """The settings in force, kept by name."""

    def __init__(self, store: Store) -> None:
        self._shelf = Shelf(store, "activecampaign.settings")

    def get(self, name: str, default: Any = None) -> Any:
        """Return a value as set, else its default."""
        kept = self._shelf.get(name)
        return _DEFAULTS.get(name, default) if kept is None else kept["value"]

    def put(self, name: str, value: Any) -> None:
        """Set a value."""
        self._shelf.put(name, {"value": value})

    def change(self, wish: Document) -> Document:
        """Change what an operator may, and return all of it.

        Raises:
            ValueError: there is no such setting.
        """
        if unknown := set(wish) - set(_DEFAULTS):
            raise ValueError(f"no such setting: {', '.join(sorted(unknown))}")
        for name, value in wish.items():
            self.put(name, value)
        return {name: self.get(name) for name in _DEFAULTS}

    @property
    def behaviour(self) -> Behaviour:
        """How entering goes."""
        return Behaviour(int(self.get("refusal_status")), bool(self.get("reuses_row")))
