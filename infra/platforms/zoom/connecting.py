"""Connecting an account's server-to-server app by its keys.

Source: Zoom, "Server-to-Server OAuth".
"""

from typing import Final

from domain.actions.outcome import Deferred, Rejected
from infra.connecting import Connectable, Connecting, Field
from infra.platforms.zoom.authorisation import without
from infra.platforms.zoom.tokens import S2S, refresh
from infra.session import Session
from infra.settings import Settings


def oauth_url(settings: Settings) -> str:
    """Return where tokens come from."""
    return settings.zoom_oauth_url


def check(session: Session) -> Connectable | Rejected | Deferred:
    """Ask for a token, which changes nothing and ends no other; the session is on the OAuth server.

    Raises:
        TooLate, Broken: see `infra.exchange`.
    """
    session.credentials = {**session.credentials, "kind": S2S}
    held = refresh(session)
    if isinstance(held, Rejected | Deferred):
        return held
    lacking = without(held)
    if lacking is not None:
        return lacking
    account = str(held["account_id"])
    return Connectable(account, f"Zoom {account}", held, settings={"kind": S2S}, say=(SAY,))


SAY: Final = "Requests name the host: `host` is the id or the email of a user of the account."

CONNECTING: Final = Connecting(
    fields=(
        Field("account_id", "ZOOM_ACCOUNT_ID", "Account ID", hidden=False),
        Field("client_id", "ZOOM_CLIENT_ID", "Client ID", hidden=False),
        Field("client_secret", "ZOOM_CLIENT_SECRET", "Client secret"),
    ),
    check=check,
    url=oauth_url,
)
