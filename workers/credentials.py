"""Credentials for a call: decrypted, and renewed by exactly one process when they run out.

No transaction is open while the token endpoint is called: the refresh lease is taken by
compare-and-set and committed, then the call, then the new pair is stored if the version is still
the one that was refreshed. Others wait on the version. A refresher that dies leaves the old pair,
which Xero accepts for another 30 minutes (OAuth 2.0: token refresh, grace period).
"""

import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.actions.outcome import Blocks, Deferred, Rejected
from infra.database import integrations
from infra.database.integrations import Sealed
from infra.exchange import Broken, TooLate
from infra.platform import Integration, Platform
from infra.session import Session
from workers.fleet import Fleet

REFRESH_LEASE = timedelta(seconds=60)
WAIT_FOR_OTHER_S = 10.0
RETRY_AFTER = timedelta(seconds=5)


class NotAuthorised(Exception):  # noqa: N818
    """There are no usable credentials now; `blocks` and `until` say for how long and whom."""

    def __init__(self, message: str, until: datetime | None, blocks: Blocks) -> None:
        super().__init__(message)
        self.until, self.blocks = until, blocks


def credentials(fleet: Fleet, integration: Integration, platform: Platform) -> Mapping[str, Any]:
    """Return usable credentials of the integration's connection, refreshing them if they run out.

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
    return _read(fleet, integration.connection_id, platform)


def renew(fleet: Fleet, integration: Integration, platform: Platform) -> bool:
    """Refresh credentials a platform has refused before their time; False: there is no way to.

    Raises:
        NotAuthorised: the refresh was refused, or is not to be had right now.
    """
    if platform.refresh is None or integration.connection_id is None:
        return False
    with fleet.database.reading() as tx:
        sealed = integrations.sealed(tx, integration.connection_id)
    fleet.opened.pop(integration.connection_id, None)
    if sealed.version != integration.credentials_version:
        return True  # somebody has been quicker, or a person has reconnected
    with fleet.database.transaction() as tx:
        mine = integrations.take_refresh_lease(
            tx, sealed.connection_id, sealed.version, fleet.now(), REFRESH_LEASE
        )
    if mine:
        _refresh(fleet, platform, sealed, fleet.vault.unlock(sealed.credentials))
    return True


def _read(fleet: Fleet, connection_id: UUID, platform: Platform) -> Mapping[str, Any]:
    until = time.monotonic() + WAIT_FOR_OTHER_S
    while True:
        with fleet.database.reading() as tx:
            sealed = integrations.sealed(tx, connection_id)
        opened = fleet.vault.unlock(sealed.credentials)
        now = fleet.now()
        if platform.refresh is None or not platform.needs_refresh(opened, now):
            fleet.opened[connection_id] = (sealed.version, opened)
            return opened
        with fleet.database.transaction() as tx:
            mine = integrations.take_refresh_lease(
                tx, sealed.connection_id, sealed.version, now, REFRESH_LEASE
            )
        if mine:
            return _refresh(fleet, platform, sealed, opened)
        if time.monotonic() > until:
            message = "another process is renewing the token"
            raise NotAuthorised(message, now + RETRY_AFTER, Blocks.EFFECT)
        time.sleep(0.1)


def _refresh(
    fleet: Fleet, platform: Platform, sealed: Sealed, opened: Mapping[str, Any]
) -> Mapping[str, Any]:
    now = fleet.now()
    session = Session(
        transport=fleet.transport,
        base_url=(platform.token_url or platform.base_url)(fleet.settings),
        tenant_key="",
        credentials=opened,
        send_by=now + timedelta(seconds=fleet.settings.send_within_s),
        send_by_monotonic=time.monotonic() + fleet.settings.send_within_s,
        call_timeout_s=fleet.settings.call_timeout_s,
    )
    try:
        renewed = platform.refresh(session) if platform.refresh else opened
    except (Broken, TooLate) as error:
        message = f"the token could not be renewed: {error}"
        raise NotAuthorised(message, now + RETRY_AFTER, Blocks.EFFECT) from error
    match renewed:
        case Rejected():
            raise NotAuthorised(renewed.message, None, Blocks.CONNECTION)
        case Deferred():
            raise NotAuthorised(renewed.message, renewed.until or now + RETRY_AFTER, Blocks.EFFECT)
        case _:
            with fleet.database.transaction() as tx:
                integrations.store_credentials(
                    tx, sealed.connection_id, sealed.version, fleet.vault.lock(renewed)
                )
            return renewed
