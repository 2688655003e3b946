"""Documents as Portant tells of them, and as an action's result shows them."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

PDF: Final = "application/pdf"
FIELDS: Final = ("document_id", "url", "name", "mimetype")
_IN_A_URL: Final = re.compile(r"/d/([\w-]+)|[?&]id=([\w-]+)")

Document = Mapping[str, str | None]
"""`FIELDS` of one file in Google Drive; what Portant did not say is None."""


def result_of(documents: Sequence[Document]) -> dict[str, Any]:
    """Return the result of an action: its first Google file, and beside it all there are.

    A PDF stands in front only where there is nothing else.
    """
    ordered = sorted(documents, key=lambda one: one["mimetype"] == PDF)
    return {**ordered[0], "documents": [dict(one) for one in ordered]}


def stated(said: str) -> Document:
    """Return the document a person names by its url or its id in Google Drive."""
    is_url = said.startswith(("https://", "http://"))
    found = _IN_A_URL.search(said) if is_url else None
    identity = (found[1] or found[2]) if found else None
    return {
        "document_id": identity if is_url else said,
        "url": said if is_url else None,
        "name": None,
        "mimetype": None,
    }
