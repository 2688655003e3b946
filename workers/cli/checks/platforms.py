"""Credentials open, integrations are active, and calls go where they are meant to."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sqlalchemy import select

from infra.crypto import Vault
from infra.database.engine import Database
from infra.database.tables import ConnectionRow, IntegrationRow
from infra.settings import (
    POSTMARK_API_URL,
    SLACK_API_URL,
    XERO_API_URL,
    XERO_IDENTITY_URL,
    SettingsError,
)
from workers.cli.doctor import Finding, Verdict, ok

if TYPE_CHECKING:
    from infra.database.engine import Transaction
    from infra.settings import Settings


def examine(settings: "Settings") -> Iterator[Finding]:
    """Check addresses, keys, integrations."""
    yield from _addresses(settings)
    try:
        vault = Vault(settings)
    except SettingsError as error:
        mend = "set FLEET_SECRET_KEYS to the keys the credentials were stored with"
        yield Finding("secret keys", "bad", str(error), mend)
        return
    database = Database(settings)
    try:
        with database.transaction() as tx:
            yield from _credentials(tx, vault)
            yield from _integrations(tx)
    finally:
        database.dispose()


def _credentials(tx: "Transaction", vault: Vault) -> Iterator[Finding]:
    columns = (ConnectionRow.id, ConnectionRow.platform, ConnectionRow.credentials)
    sealed = tx.execute(select(*columns)).all()
    closed = [f"{row.platform} {row.id}" for row in sealed if not _opens(vault, row.credentials)]
    if closed:
        seen = f"these credentials do not open: {', '.join(closed)}"
        mend = "add the key they were stored with to FLEET_SECRET_KEYS, or connect them again"
        yield Finding("secret keys", "bad", seen, mend)
    else:
        yield ok("secret keys", f"they open all {len(sealed)} stored credentials")


def _integrations(tx: "Transaction") -> Iterator[Finding]:
    columns = (IntegrationRow.name, IntegrationRow.platform, IntegrationRow.status_reason)
    paused = tx.execute(select(*columns).where(IntegrationRow.status == "error")).all()
    for row in paused:
        seen = f"{row.name} is paused: {row.status_reason or 'no reason is recorded'}"
        mend = f"connect it to {row.platform.title()} again; its actions then go on"
        yield Finding("integration", "bad", seen, mend)
    if not paused:
        yield ok("integrations", "none is paused")


def _opens(vault: Vault, sealed: bytes) -> bool:
    try:
        vault.unlock(sealed)
    except SettingsError:
        return False
    return True


def _addresses(settings: "Settings") -> Iterator[Finding]:
    urls = {
        "XERO_API_URL": (settings.xero_api_url, XERO_API_URL),
        "XERO_IDENTITY_URL": (settings.xero_identity_url, XERO_IDENTITY_URL),
        "SLACK_API_URL": (settings.slack_api_url, SLACK_API_URL),
        "POSTMARK_API_URL": (settings.postmark_api_url, POSTMARK_API_URL),
    }
    elsewhere = {name: used for name, (used, real) in urls.items() if used != real}
    if not elsewhere:
        yield ok("addresses", "calls go to the real Xero, Slack and Postmark")
    elif len(elsewhere) == len(urls):
        yield ok(
            "addresses",
            "every call goes to the sandbox or another stand-in, none to a real platform",
        )
    else:
        real = ", ".join(name for name in urls if name not in elsewhere)
        seen = f"{', '.join(elsewhere)} name a stand-in, {real} the real platform"
        yield Finding("addresses", "bad", seen, "set all four, or none")
    if settings.public_url.endswith(".invalid"):
        mend = "set FLEET_PUBLIC_URL to the address of this fleet; it is the mark on every invoice"
        verdict: Verdict = "warn" if not elsewhere else "ok"
        yield Finding("public URL", verdict, f"{settings.public_url} (the default)", mend)
