"""Credentials for a call: decrypted, and renewed by exactly one process when they run out.

No transaction is open while the token endpoint is called: the refresh lease is taken by
compare-and-set and committed, then the call, then the new pair is stored if the version is still
the one that was renewed, and only then used. Nobody sleeps meanwhile: the old access token serves
as long as it outlives a call, else the action comes back in a second. A process that dies while
it renews loses its lease with its registration; the old pair is still in the database, and Xero
accepts it for another 30 minutes (OAuth 2.0: token refresh, grace period). Zoom does not: a pair
that cannot be stored yet is held on to for a minute.
"""

import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.actions.outcome import Blocks, Deferred, Rejected
from infra.database import integrations
from infra.database.engine import PASSING
from infra.database.integrations import Sealed
from infra.exchange import Broken, TooLate
from infra.logging import logger
from infra.platform import TOKEN_MARGIN, Integration, Platform
from infra.session import Session
from workers.fleet import Fleet

RENEW_SEND_WITHIN_S = 4.0
RENEW_TIMEOUT_S = 10.0
RENEW_LEASE = timedelta(seconds=20)
"""Longer than the two above: for a process that freezes. One that dies gives it up at once."""
STORE_WITHIN_S = 60.0
"""How long a new pair is held on to while the database is away."""
LOOK_AGAIN = timedelta(seconds=1)
RETRY_AFTER = timedelta(seconds=5)


class NotAuthorised(Exception):  # noqa: N818
    """There are no usable credentials now; `blocks` and `until` say for how long and whom."""

    def __init__(self, message: str, until: datetime | None, blocks: Blocks) -> None:
        super().__init__(message)
        self.until, self.blocks = until, blocks


def credentials(fleet: Fleet, integration: Integration, platform: Platform) -> Mapping[str, Any]:
    """Return usable credentials of the integration's connection, renewing them if they run out.

    Raises:
        NotAuthorised: refused by the platform, or not to be had right now.
    """
    if integration.connection_id is None:
        message = "the integration has no connection; connect it"
        raise NotAuthorised(message, None, Blocks.CONNECTION)
    version, opened = fleet.opened.get(integration.connection_id, (None, {}))
    current = version is not None and version == integration.credentials_version
    if current and not (platform.refresh and platform.needs_refresh(opened, fleet.now())):
        return opened
    return _read(fleet, integration, integration.connection_id, platform)


def renew(fleet: Fleet, integration: Integration, platform: Platform) -> bool:
    """Renew credentials a platform has refused before their time; False: there is no way to.

    Raises:
        NotAuthorised: the renewal was refused, or is not to be had right now.
    """
    if platform.refresh is None or integration.connection_id is None:
        return False
    with fleet.database.reading() as tx:
        sealed = integrations.sealed(tx, integration.connection_id)
    fleet.opened.pop(integration.connection_id, None)
    if sealed.version != integration.credentials_version:
        return True  # somebody has been quicker, or a person has reconnected
    _renewed(fleet, integration, platform, sealed, fleet.vault.unlock(sealed.credentials))
    return True


def _read(
    fleet: Fleet, integration: Integration, connection_id: UUID, platform: Platform
) -> Mapping[str, Any]:
    with fleet.database.reading() as tx:
        sealed = integrations.sealed(tx, connection_id)
    opened = fleet.vault.unlock(sealed.credentials)
    if platform.refresh is None or not platform.needs_refresh(opened, fleet.now()):
        fleet.opened[connection_id] = (sealed.version, opened)
        return opened
    try:
        return _renewed(fleet, integration, platform, sealed, opened)
    except NotAuthorised as refused:
        if refused.blocks is Blocks.EFFECT and _outlives_a_call(fleet, platform, opened):
            return opened
        raise


def _renewed(
    fleet: Fleet,
    integration: Integration,
    platform: Platform,
    sealed: Sealed,
    opened: Mapping[str, Any],
) -> Mapping[str, Any]:
    """Renew under the lease; return what is stored then."""
    if not _take_lease(fleet, sealed):
        words = "another process is renewing the token"
        raise NotAuthorised(words, fleet.now() + LOOK_AGAIN, Blocks.EFFECT)
    renewed = _exchange(fleet, platform, opened)
    if isinstance(renewed, Rejected | Deferred):
        raise _refused(fleet, sealed, renewed)
    if _stored(fleet, integration, sealed, renewed):
        return renewed
    # Somebody has stored others meanwhile (this process was frozen, or a person reconnected).
    with fleet.database.reading() as tx:
        newer = integrations.sealed(tx, sealed.connection_id)
    return fleet.vault.unlock(newer.credentials)


def _outlives_a_call(fleet: Fleet, platform: Platform, opened: Mapping[str, Any]) -> bool:
    """Is the old access token good for a call that begins now, however long it takes?"""
    call = timedelta(seconds=fleet.settings.send_within_s) + fleet.settings.call_timeout
    return not platform.needs_refresh(opened, fleet.now() + call - TOKEN_MARGIN)


def _take_lease(fleet: Fleet, sealed: Sealed) -> bool:
    with fleet.database.transaction() as tx:
        return integrations.take_refresh_lease(tx, sealed, fleet.incarnation.id, RENEW_LEASE)


def _refused(fleet: Fleet, sealed: Sealed, refused: Rejected | Deferred) -> NotAuthorised:
    """Give the lease up, and say for how long and whom there are no credentials."""
    logger().warning("token not renewed", code=refused.code, words=refused.message)
    with fleet.database.transaction() as tx:  # nobody asks again before
        integrations.put_off_refresh(tx, sealed, fleet.incarnation.id, RETRY_AFTER)
    if isinstance(refused, Rejected):
        return NotAuthorised(refused.message, None, Blocks.CONNECTION)
    until = refused.until or fleet.now() + RETRY_AFTER
    return NotAuthorised(refused.message, until, Blocks.EFFECT)


def _stored(
    fleet: Fleet, integration: Integration, sealed: Sealed, renewed: Mapping[str, Any]
) -> bool:
    """Store a new pair, though the database goes away meanwhile: the old one may be dead by now.

    Who took the lease over meanwhile, with the dead one, was refused, and has paused what goes on
    with the new one.
    """
    until = time.monotonic() + STORE_WITHIN_S
    locked, delay = fleet.vault.lock(renewed), 0.1
    while True:
        try:
            with fleet.database.transaction() as tx:
                stored = integrations.store_credentials(
                    tx, sealed.connection_id, sealed.version, locked
                )
                if stored:
                    integrations.resume(tx, integration, fleet.now())
                return stored
        except PASSING as error:
            if time.monotonic() + delay > until:
                raise
            logger().warning("new tokens not stored; trying again", error=type(error).__name__)
            time.sleep(delay)
            delay = min(delay * 2, 2.0)


def _exchange(
    fleet: Fleet, platform: Platform, opened: Mapping[str, Any]
) -> Mapping[str, Any] | Rejected | Deferred:
    base_url = (platform.token_url or platform.base_url)(fleet.settings)
    session = open_session(fleet, base_url, opened)
    try:
        return platform.refresh(session) if platform.refresh else opened
    except (Broken, TooLate) as error:
        return Deferred("token_not_renewed", f"the token could not be renewed: {error}")


def open_session(
    fleet: Fleet, base_url: str, opened: Mapping[str, Any], tenant_key: str = ""
) -> Session:
    """Open a session for a call that belongs to no action: a renewal, a connection."""
    timeout = min(fleet.settings.call_timeout_s, RENEW_TIMEOUT_S)
    return Session(
        transport=fleet.transport,
        base_url=base_url,
        tenant_key=tenant_key,
        credentials=opened,
        send_by=fleet.now() + timedelta(seconds=RENEW_SEND_WITHIN_S),
        send_by_monotonic=time.monotonic() + RENEW_SEND_WITHIN_S,
        call_timeout_s=timeout,
    )
