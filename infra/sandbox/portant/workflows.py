"""Workflows as people set them up: what they make of what is posted, and whom they tell."""

import re
from typing import Final
from uuid import uuid4

from infra.sandbox.platform import NoSuchCall
from infra.sandbox.portant.documents import KINDS
from infra.sandbox.portant.seed import OUTPUT_NAME, WORKFLOW, WORKFLOW_NAME
from infra.sandbox.store import Shelf, Store
from infra.sandbox.wire import Document

_ADDRESS: Final = re.compile(r"[0-9a-f]{32}")
_USUAL: Final[Document] = {
    "name": WORKFLOW_NAME,
    "status": "COMPLETE",
    "auto_create": True,
    "documents": ["GOOGLE_DOCS"],  # kinds of template, one file each
    "output_name": OUTPUT_NAME,
    "pdf": True,  # a copy of each file beside it
    "delay_s": 0.2,  # from the answer to the documents
    "callback_url": None,
    "event_type": "DOCUMENTS_CREATED",
    "attempts": 1,  # until it is heard
    "retry_s": 0.2,
    "duplicate": 0,  # how many times more it tells
    "silent": False,  # makes the documents and tells nobody
    "error": None,  # {"status", "message"}: what every POST is refused with
}


class Workflows:
    """Workflows by the 32 digits their address ends in."""

    def __init__(self, store: Store) -> None:
        self._kept = Shelf(store, "portant.workflows")
        if not len(self._kept):
            self.add({"workflow": WORKFLOW})

    def at(self, address: str) -> Document | None:
        """Return the workflow that listens at an address, if one does."""
        found = self._kept.get(address)
        return None if found is None or found["gone"] else found

    def kept(self, address: str) -> Document:
        """Return a workflow, whether it listens or not.

        Raises:
            NoSuchCall: there is none.
        """
        found = self._kept.get(address)
        if found is None:
            raise NoSuchCall(f"workflow {address}")
        return found

    def all(self) -> list[Document]:
        """Return every workflow."""
        return self._kept.records()

    def add(self, wish: Document) -> Document:
        """Set a workflow up; it gets an address unless it names one.

        Raises:
            ValueError: no such setting, or no such address.
        """
        chosen = {**wish}
        address = chosen.pop("workflow", None) or uuid4().hex
        if not _ADDRESS.fullmatch(address):
            raise ValueError("`workflow` is 32 hexadecimal digits")
        return self._put({"workflow": address, "gone": False, **_USUAL}, chosen)

    def change(self, wish: Document) -> Document:
        """Change settings of a workflow (default: the seeded one) and return them all.

        Raises:
            NoSuchCall: no such workflow.
            ValueError: no such setting.
        """
        chosen = {**wish}
        return self._put(self.kept(str(chosen.pop("workflow", WORKFLOW))), chosen)

    def remove(self, address: str) -> None:
        """Have nothing listen at that address any more."""
        found = self._kept.get(address)
        if found is not None:
            self._kept.put(address, {**found, "gone": True})

    def restore(self) -> None:
        """Put back every workflow that was removed."""
        for found in self._kept.records():
            self._kept.put(found["workflow"], {**found, "gone": False})

    def _put(self, before: Document, chosen: Document) -> Document:
        if unknown := set(chosen) - set(_USUAL):
            raise ValueError(f"no such setting: {', '.join(sorted(unknown))}")
        after = {**before, **chosen}
        if not after["documents"] or set(after["documents"]) - set(KINDS):
            raise ValueError(f"`documents` is a list of: {', '.join(KINDS)}")
        self._kept.put(after["workflow"], after)
        return after
