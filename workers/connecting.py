"""Connecting a platform: credentials tried on the platform first, then stored."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

from domain.actions.outcome import Deferred, Rejected
from infra.connecting import Connectable
from infra.database import connections
from infra.database.connections import Connected, Tenant
from infra.exchange import Broken, TooLate
from infra.oauth import Asked
from infra.platform import Platform
from infra.platforms.postmark import authorisation as postmark
from infra.platforms.xero import authorisation as xero
from infra.platforms.zoom import authorisation as zoom
from workers.credentials import open_session
from workers.fleet import Fleet

T = TypeVar("T")


class Refused(Exception):  # noqa: N818
    """The platform does not accept it, or does not answer. Nothing is stored."""


def xero_credentials(
    fleet: Fleet, asked: Asked, app: Mapping[str, str], code: str
) -> Mapping[str, Any]:
    """Exchange the code a person came back with for credentials.

    Raises:
        Refused: Xero's words.
    """
    session = open_session(fleet, fleet.settings.xero_identity_url, app)
    return _asked("Xero", lambda: xero.redeem(session, asked, code))


def xero_organisations(fleet: Fleet, held: Mapping[str, Any]) -> list[xero.Organisation]:
    """List the organisations the credentials reach.

    Raises:
        Refused: Xero's words.
    """
    session = open_session(fleet, fleet.settings.xero_api_url, held)
    return _asked("Xero", lambda: xero.organisations(session))


def try_organisation(fleet: Fleet, held: Mapping[str, Any], tenant: str) -> None:
    """Read the organisation, which changes nothing.

    Raises:
        Refused: it cannot be read; Xero's words.
    """
    session = open_session(fleet, fleet.settings.xero_api_url, held, tenant)
    problem = _asked("Xero", lambda: xero.problem_with(session))
    if problem is not None:
        raise Refused(problem)


def zoom_credentials(
    fleet: Fleet, asked: Asked, app: Mapping[str, str], code: str
) -> Mapping[str, Any]:
    """Exchange the code a person came back with for credentials.

    Raises:
        Refused: Zoom's words.
    """
    session = open_session(fleet, fleet.settings.zoom_oauth_url, app)
    return _asked("Zoom", lambda: zoom.redeem(session, asked, code))


def zoom_user(fleet: Fleet, held: Mapping[str, Any]) -> zoom.User:
    """Ask Zoom who has signed in.

    Raises:
        Refused: Zoom's words.
    """
    session = open_session(fleet, fleet.settings.zoom_api_url, held)
    return _asked("Zoom", lambda: zoom.user(session))


def by_keys(fleet: Fleet, platform: Platform, given: Mapping[str, Any]) -> Connectable:
    """Try what a person has given with a call that changes nothing.

    Raises:
        Refused: the platform's words.
    """
    if platform.connecting is None:
        raise Refused(f"{platform.name} is not connected by keys")
    check = platform.connecting.check
    url = platform.connecting.url or platform.base_url
    session = open_session(fleet, url(fleet.settings), given)
    return _asked(platform.name.title(), lambda: check(session))


def store_by_keys(
    fleet: Fleet,
    workspace_id: UUID,
    platform: Platform,
    given: Mapping[str, Any],
    found: Connectable,
) -> tuple[Connected, list[str]]:
    """Store what was tried; what waited for it goes on. Return it and what to tell the person.

    What the platform knows us by (`found.keep`) stays as it is when it was connected before.
    """
    with fleet.database.reading() as tx:
        sealed = connections.sealed_of(tx, workspace_id, platform.name, found.tenant)
    before = fleet.vault.unlock(sealed) if sealed is not None else {}
    kept = {name: before[name] for name in found.keep if name in before}
    credentials = {**given, **found.credentials, **kept}
    (connected,) = store(
        fleet,
        workspace_id=workspace_id,
        platform=platform.name,
        credentials=credentials,
        chosen=[Tenant(found.tenant, found.name, found.settings)],
        reached={found.tenant},
    )
    named = {**credentials, "integration_id": connected.integration_id}
    return connected, [line.format_map(named) for line in found.say]


def postmark_server(fleet: Fleet, token: str) -> postmark.Server:
    """Ask Postmark which server the token opens.

    Raises:
        Refused: Postmark's words.
    """
    session = open_session(fleet, fleet.settings.postmark_api_url, {"token": token})
    return _asked("Postmark", lambda: postmark.server_of(session))


def store(  # noqa: PLR0913
    fleet: Fleet,
    *,
    workspace_id: UUID,
    platform: str,
    credentials: Mapping[str, Any],
    chosen: Sequence[Tenant],
    reached: Collection[str],
) -> list[Connected]:
    """Store credentials for the chosen tenants; what waited for them goes on."""
    sealed = fleet.vault.lock(credentials)
    with fleet.database.transaction() as tx:
        return connections.connect(
            tx,
            workspace_id=workspace_id,
            platform=platform,
            sealed=sealed,
            chosen=chosen,
            reached=reached,
            now=fleet.now(),
        )


def _asked(who: str, ask: Callable[[], T | Rejected | Deferred]) -> T:
    try:
        answer = ask()
    except (Broken, TooLate) as error:
        raise Refused(f"{who} does not answer: {error}") from error
    if isinstance(answer, Rejected | Deferred):
        raise Refused(answer.message)
    return answer
