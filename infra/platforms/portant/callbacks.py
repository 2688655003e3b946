"""What Portant calls back: documents it has made, told by the reference in their names.

It signs nothing, so the secret in the path is all that shows who calls. Source: Portant's
documentation, "Listen to events from Portant via webhooks".
"""

import hmac
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from infra.callbacks import Callbacks, CalledBack
from infra.envelope import Problem, Unreadable
from infra.platforms.portant.documents import Document
from infra.storable import storable

DOCUMENTS_MAX = 100
TEXT_MAX = 2_000
EVENT_ID_MAX = 200  # it is part of an index
# Whatever stands around it: a template may well name a file Invoice{{wf_ref}}, which ends in an e.
_REFERENCE = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def is_genuine(
    credentials: Mapping[str, Any], secret: str, _headers: Mapping[str, str], _body: bytes
) -> bool:
    """Is it the secret that was made when the workflow was connected?"""
    ours = str(credentials.get("callback_secret") or "")
    same = hmac.compare_digest(ours.encode(), secret.encode("utf-8", "surrogatepass"))
    return same and ours != ""


def read(body: bytes) -> Sequence[CalledBack]:
    """Return what the event says of each reference its documents bear; of other events nothing.

    The literal of its type is not documented for documents: one that lists some is taken for it.
    All documents of an event are of one run, so they belong to every reference found in it.

    Raises:
        Unreadable: it is not as documented, with every problem by its path.
    """
    try:
        event = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unreadable([Problem("", f"not JSON: {type(error).__name__}")]) from error
    if not isinstance(event, dict):
        raise Unreadable([Problem("", "must be an object")])
    data = event.get("data")
    listed = data.get("documents") if isinstance(data, dict) else None
    problems = _problems(event, data, listed)
    if problems:
        raise Unreadable(problems)
    documents = [_document(one) for one in listed or ()]
    return [
        CalledBack(storable(event["event_id"]), mark, {"documents": documents})
        for mark in _references(documents)
    ]


def _problems(event: Mapping[str, Any], data: Any, listed: Any) -> list[Problem]:
    found = [
        Problem(name, f"must be a text of at most {longest} characters")
        for name, longest in (("event_id", EVENT_ID_MAX), ("event_type", TEXT_MAX))
        if not _is_text(event.get(name), longest)
    ]
    if not isinstance(data, dict):
        return [*found, Problem("data", "must be an object")]
    if listed is None:  # of another type
        return found
    if not isinstance(listed, list) or len(listed) > DOCUMENTS_MAX:
        return [*found, Problem("data.documents", f"must be a list of at most {DOCUMENTS_MAX}")]
    for number, one in enumerate(listed):
        found += [Problem(f"data.documents[{number}]{at}", what) for at, what in _wrong(one)]
    return found


def _wrong(one: Any) -> list[tuple[str, str]]:
    """Tell what keeps a document from being used: it needs a name, and an id or a url."""
    if not isinstance(one, dict):
        return [("", "must be an object")]
    wrong = [] if _is_text(one.get("name")) else [(".name", "must be a text")]
    if not _is_text(one.get("id")) and not _is_text(one.get("url")):
        wrong.append((".id", "must be a text where there is no url"))
    return wrong


def _is_text(value: Any, longest: int = TEXT_MAX) -> bool:
    return isinstance(value, str) and 0 < len(value) <= longest


def _document(one: Mapping[str, Any]) -> Document:
    names = {"document_id": "id", "url": "url", "name": "name", "mimetype": "mimetype"}
    said = {ours: one.get(theirs) for ours, theirs in names.items()}
    return {name: storable(text) if _is_text(text) else None for name, text in said.items()}


def _references(documents: Sequence[Document]) -> list[UUID]:
    found = [text for one in documents for text in _REFERENCE.findall(one["name"] or "")]
    return list(dict.fromkeys(UUID(text) for text in found))


CALLBACKS = Callbacks(is_genuine=is_genuine, read=read)
