"""Which subscription, delivery or time a person means, and queueing it again."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from workers.cli import say

if TYPE_CHECKING:
    from infra.database.engine import Transaction
    from infra.database.subscriptions import Span
    from workers.fleet import Fleet


def the_one(tx: "Transaction", beginning: str) -> dict[str, Any]:
    """Return the subscription whose id begins so.

    Raises:
        Failed: there is none, or there are several.
    """
    from workers import subscriptions  # noqa: PLC0415

    rows = [one for one in subscriptions.listed(tx) if str(one["id"]).startswith(beginning.lower())]
    none = f"no subscription begins with {beginning}"
    return say.the_one(rows, beginning, none, told=lambda row: f"{row['id']}  {row['url']}")


def the_one_of(fleet: "Fleet", beginning: str) -> dict[str, Any]:
    """Return the subscription whose id begins so, as `the_one` does."""
    with fleet.database.reading() as tx:
        return the_one(tx, beginning)


def span(
    now: datetime, since: timedelta | None, start: datetime | None, until: datetime | None
) -> "Span":
    """Return the time meant.

    Raises:
        Failed: none is, or two.
    """
    from infra.database.subscriptions import Span  # noqa: PLC0415

    if (since is None) == (start is None):
        raise say.Failed("say which: --delivery ID, --since 2h, or --from TIME")
    begins = now - since if since is not None else _utc(start or now)
    return Span(begins, None if until is None else _utc(until))


def one(fleet: "Fleet", subscription_id: UUID, beginning: str, who: str) -> int:
    """Queue one delivery again; return 1.

    Raises:
        Failed: the subscription has none, or several, whose id begins so.
    """
    from infra.database import views  # noqa: PLC0415
    from workers import replaying, subscriptions  # noqa: PLC0415

    with fleet.database.reading() as tx:
        receiver = subscriptions.the(tx, subscription_id)
        said = views.action_ids(tx, beginning)
        found = [one for one in said if subscriptions.deliveries(tx, subscription_id, one)]
    delivery = say.the_one(found, beginning, f"no delivery of it begins with {beginning}")
    replaying.replay_one(fleet, receiver, delivery, who)
    return 1


def many(fleet: "Fleet", subscription_id: UUID, wanted: "Span", who: str, *, failed: bool) -> int:
    """Queue the events of a time again, or what was given up of it; return how many."""
    from workers import replaying, subscriptions  # noqa: PLC0415

    with fleet.database.reading() as tx:
        receiver = subscriptions.the(tx, subscription_id)
    chosen = replaying.replay_failed if failed else replaying.replay
    return chosen(fleet, receiver, wanted, who)


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
