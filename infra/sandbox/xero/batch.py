"""Several elements in one call: `summarizeErrors`, and what a refused element looks like."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from infra.sandbox.wire import Answer, Document, NotJson, Request, decode
from infra.sandbox.xero.errors import PostDataInvalid, messages, validation_failed
from infra.sandbox.xero.posting import Posting
from infra.sandbox.xero.shapes import Shape, read


@dataclass(frozen=True, slots=True)
class Written:
    """One element as it is answered: what is stored, or an echo of the request with `problems`."""

    element: Document
    problems: tuple[str, ...] = ()


Write = Callable[[Posting, Document], Written]


def elements_of(request: Request, wrapper: str, shape: Shape) -> list[Document]:
    """Return the elements of a body: `{"Invoices": [...]}`, or one bare object.

    Raises:
        PostDataInvalid: there are none, or one is of the wrong shape.
    """
    if not request.body:
        raise PostDataInvalid("The request body is empty")
    try:
        body = decode(request.body)
    except NotJson as error:
        raise PostDataInvalid(f"JSON for post data was invalid,{error}") from None
    found: Any = body.get(wrapper, [body]) if isinstance(body, dict) else body
    if not isinstance(found, list) or not found:
        raise PostDataInvalid(f"JSON for post data was invalid,no {wrapper} were found")
    return [read(element, shape, f"{wrapper}[{number}]") for number, element in enumerate(found)]


def carry_out(
    request: Request,
    posting: Posting,
    elements: list[Document],
    write: Write,
    has_errors: str = "HasErrors",
) -> tuple[list[Document], Answer | None]:
    """Write the elements; return them as answered, or the refusal of the whole call.

    `summarizeErrors=false`: refused elements are marked, the others stay. Otherwise one refused
    element refuses the call and nothing is saved (how calls without the parameter behave as well).
    """
    written = [write(posting, element) for element in elements]
    summarize = request.query.get("summarizeErrors", "true").lower() != "false"
    refused = [_refused(one, has_errors) for one in written if one.problems]
    if refused and summarize:
        posting.undo()
        return [], validation_failed(refused)
    posting.settle()
    if summarize:
        return [one.element for one in written], None
    return [_marked(one, has_errors) for one in written], None


def _marked(one: Written, has_errors: str) -> Document:
    if one.problems:
        return {**_refused(one, has_errors), "StatusAttributeString": "ERROR"}
    return {**one.element, "StatusAttributeString": "OK"}


def _refused(one: Written, has_errors: str) -> Document:
    return {**one.element, has_errors: True, "ValidationErrors": messages(list(one.problems))}
