"""Subscriptions to events, as the command line and the HTTP API see them.

A subscription is an integration of the platform `webhook`; its id is that integration's. Every
function that names one takes `workspace_id` (None: whoever's): another workspace's is not found.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from infra.database import connections, integrations, subscriptions
from infra.database import deliveries as kept
from infra.database.connections import Tenant
from infra.database.engine import Transaction
from infra.database.subscriptions import Span
from infra.envelope import Refused
from infra.platform import Integration
from infra.platforms.webhook.signing import new_secret
from workers import fan_out, replaying
from workers.fleet import Fleet
from workers.subscribing import Wanted, problems_of, settings_of, unknown_things

FORMER_COUNTS_FOR = timedelta(hours=24)
"""After a rotation deliveries are signed with the former secret too, so long by default."""
STOPPED_MARGIN = timedelta(minutes=5)
"""A stop is looked back beyond: whoever queued events then may have begun a little earlier."""


class NotFound(Exception):  # noqa: N818
    """There is no such subscription or delivery in the workspace."""


@dataclass(frozen=True, slots=True)
class Created:
    """A new subscription and its signing secret, which nobody is shown again."""

    id: UUID
    secret: str = field(repr=False)


def create(fleet: Fleet, workspace_id: UUID, wanted: Wanted) -> Created:
    """Subscribe: from here on deliveries of the events wanted go to the URL.

    Raises:
        Refused: every problem by field; nothing is stored.
    """
    problems = list(problems_of(fleet, wanted))
    if problems:
        raise Refused(problems)
    secret, host = new_secret(), urlsplit(wanted.url).netloc
    # A tenant of its own: one subscription's trouble is no other's, not even on the same host.
    tenant = Tenant(f"{host}/{uuid4().hex[:12]}", wanted.description or host, settings_of(wanted))
    with fleet.database.transaction() as tx:
        problems = list(unknown_things(tx, workspace_id, wanted))
        if problems:
            raise Refused(problems)
        (connected,) = connections.connect(
            tx,
            workspace_id=workspace_id,
            platform=subscriptions.PLATFORM,
            sealed=fleet.vault.lock({"secret": secret}),
            chosen=[tenant],
            reached={tenant.key},
            now=fleet.now(),
        )
        if not wanted.active:
            subscriptions.stop(tx, connected.integration_id, "created paused", fleet.now())
    return Created(connected.integration_id, secret)


def listed(tx: Transaction, workspace_id: UUID | None = None) -> list[dict[str, Any]]:
    """Return subscriptions, oldest first: what each wants, how it is, counts of its deliveries.

    Counts are of the deliveries kept (30 days). Nothing secret is in it.
    """
    return [_shown(row) for row in subscriptions.listed(tx, workspace_id)]


def show(
    tx: Transaction, subscription_id: UUID, workspace_id: UUID | None = None
) -> dict[str, Any]:
    """Return one, as `listed` does.

    Raises:
        NotFound: there is none.
    """
    rows = subscriptions.listed(tx, workspace_id, subscription_id)
    if not rows:
        raise NotFound(f"there is no subscription {subscription_id}")
    return _shown(rows[0])


def deliveries(  # noqa: PLR0913
    tx: Transaction,
    subscription_id: UUID,
    delivery_id: UUID | None = None,
    *,
    workspace_id: UUID | None = None,
    status: str | None = None,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Return the delivery log, newest first: event, status, attempts, the latest answer (redacted).

    A delivery's id is its action's: `fleet actions show` tells every attempt.

    Raises:
        NotFound: there is no such subscription.
    """
    the(tx, subscription_id, workspace_id)
    return kept.newest(tx, subscription_id, status=status, delivery_id=delivery_id, limit=limit)


def pause(fleet: Fleet, subscription_id: UUID, who: str, workspace_id: UUID | None = None) -> bool:
    """Send nothing more and queue nothing more; False: it was stopped already.

    Raises:
        NotFound: there is none.
    """
    with fleet.database.transaction() as tx:
        the(tx, subscription_id, workspace_id)
        reason = f"paused by {who}"
        return subscriptions.stop(tx, subscription_id, reason, fleet.now()) is not None


def resume(fleet: Fleet, subscription_id: UUID, workspace_id: UUID | None = None) -> int:
    """Go on, and queue what came meanwhile, as far as events are kept; return how many that were.

    Interrupted half way it is done again; nothing is queued twice.

    Raises:
        NotFound: there is none.
    """
    with fleet.database.transaction() as tx:
        receiver = the(tx, subscription_id, workspace_id)
        subscriptions.start(tx, subscription_id, fleet.now())
    with fleet.database.transaction() as tx:
        subscriptions.nobody_is_fanning(tx)  # who still believed it stopped
    stopped_at = receiver.settings.get("stopped_at")
    count = 0
    if stopped_at is not None:
        since = datetime.fromisoformat(stopped_at) - STOPPED_MARGIN
        for tx, events in replaying.kept(fleet, receiver, Span(since, published=True)):
            count += fan_out.queue(fleet, tx, [receiver], events)
    with fleet.database.transaction() as tx:
        subscriptions.caught_up(tx, subscription_id)
    return count


def rotate(
    fleet: Fleet,
    subscription_id: UUID,
    workspace_id: UUID | None = None,
    former_counts_for: timedelta = FORMER_COUNTS_FOR,
) -> str:
    """Return a new signing secret; for a while deliveries are signed with the former one too.

    Raises:
        NotFound: there is none.
    """
    secret, until = new_secret(), (fleet.now() + former_counts_for).isoformat()
    with fleet.database.transaction() as tx:
        receiver = the(tx, subscription_id, workspace_id)
        if receiver.connection_id is None:
            raise NotFound(f"subscription {subscription_id} has no secret; delete it")
        sealed = integrations.sealed(tx, receiver.connection_id, for_update=True)
        former = fleet.vault.unlock(sealed.credentials)["secret"]
        kept = {"secret": secret, "former": former, "former_until": until}
        given = receiver.connection_id, sealed.version, fleet.vault.lock(kept)
        integrations.store_credentials(tx, *given)
    return secret


def delete(fleet: Fleet, subscription_id: UUID, workspace_id: UUID | None = None) -> None:
    """Forget it, its secrets and its deliveries, sent or not.

    Raises:
        NotFound: there is none.
    """
    with fleet.database.transaction() as tx:
        the(tx, subscription_id, workspace_id)
        subscriptions.stop(tx, subscription_id, "deleted", fleet.now())
    with fleet.database.transaction() as tx:
        subscriptions.nobody_is_fanning(tx)
    with fleet.database.transaction() as tx:
        subscriptions.delete(tx, subscription_id)


def the(tx: Transaction, subscription_id: UUID, workspace_id: UUID | None = None) -> Integration:
    """Return a subscription as the integration it is.

    Raises:
        NotFound: there is none of this id in the workspace.
    """
    found = integrations.find(tx, subscription_id)
    foreign = found is not None and workspace_id not in {None, found.workspace_id}
    if found is None or foreign or found.platform != subscriptions.PLATFORM:
        raise NotFound(f"there is no subscription {subscription_id}")
    return found


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    settings = row.pop("settings")
    names = ("url", "types", "integration_id", "deal_id", "description", "stopped_at")
    return {**{name: settings.get(name) for name in names}, **row}
