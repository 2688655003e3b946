"""The documents a workflow makes of what was posted, and the event that tells of them."""

import re
import secrets
from collections.abc import Iterator
from typing import Any, Final

from infra.sandbox.wire import Document

KINDS: Final = {
    "GOOGLE_DOCS": ("document", "application/vnd.google-apps.document"),
    "GOOGLE_SLIDES": ("presentation", "application/vnd.google-apps.presentation"),
}
"""Kind of template -> the word in its files' urls, and their MIME type."""
PDF: Final = "application/pdf"
_TAG: Final = re.compile(r"\{\{\s*([^{}]+?)\s*\}\}")


def event_of(workflow: Document, fields: Document) -> Document:
    """Return the event that tells of the documents a workflow makes of these fields."""
    name = filled(workflow["output_name"], fields)
    return {
        "event_id": secrets.token_hex(24),
        "event_type": workflow["event_type"],
        "data": {"documents": list(_files(workflow, name))},
    }


def filled(template: str, fields: Document) -> str:
    """Return a name with its `{{Field}}` tags filled in; nested ones are `{{Parent.Child}}`."""
    values = dict(_flat(fields))
    return _TAG.sub(lambda tag: values.get(tag[1], ""), template)


def _files(workflow: Document, name: str) -> Iterator[Document]:
    for kind in workflow["documents"]:
        word, mimetype = KINDS[kind]
        if workflow["pdf"]:
            yield _file("https://drive.google.com/file/d/{}/view", f"{name}.pdf", PDF)
        yield _file(f"https://docs.google.com/{word}/d/{{}}/edit", name, mimetype)


def _file(url: str, name: str, mimetype: str) -> Document:
    identity = f"1{secrets.token_urlsafe(24)}"
    shown = f"{url.format(identity)}?usp=drivesdk"
    return {"id": identity, "url": shown, "name": name, "mimetype": mimetype}


def _flat(fields: Document, parent: str = "") -> Iterator[tuple[str, str]]:
    for name, value in fields.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{parent}{name}.")
        elif not isinstance(value, list):
            yield parent + name, _text(value)


def _text(value: Any) -> str:
    return "" if value is None else str(value)
