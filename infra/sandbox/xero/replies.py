"""The envelope of every successful answer."""

from infra.sandbox.wire import Answer, Document, json_answer
from infra.sandbox.xero.books import Books, new_id
from infra.sandbox.xero.dates import ms_moment


def ok(books: Books, body: Document) -> Answer:
    """200, the body inside Xero's envelope."""
    return json_answer(
        200,
        {
            "Id": new_id(),
            "Status": "OK",
            "ProviderName": "Sandbox",
            "DateTimeUTC": ms_moment(books.clock.now_ms()).replace("+0000", ""),
            **body,
        },
    )
