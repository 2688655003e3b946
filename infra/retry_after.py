"""How long a platform asks us to wait. Source: RFC 9110 §10.2.3, `Retry-After`."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from infra.exchange import Exchange

_A_SECOND = timedelta(seconds=1)


def retry_after(exchange: Exchange, now: datetime, at_most: timedelta) -> timedelta | None:
    """Return the wait that an answer's `Retry-After` names: a second at least, `at_most` at most.

    It is written as seconds, as an HTTP date or (Zoom) as an ISO 8601 moment, UTC where no zone is
    named. None: there is none, or none that can be read.
    """
    said = exchange.answer_headers.get("retry-after", "").strip()
    if said.isascii() and said.isdigit():
        return min(max(timedelta(seconds=int(said[:9])), _A_SECOND), at_most)
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            until = read(said)
            wait = until.replace(tzinfo=until.tzinfo or UTC) - now
        except (ValueError, TypeError, OverflowError):
            continue
        return min(max(wait, _A_SECOND), at_most)
    return None
