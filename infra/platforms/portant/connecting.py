"""Connecting a workflow: by the address it listens at, and the one it is to call back."""

import hashlib
import ipaddress
import re
import secrets
from urllib.parse import SplitResult, urlsplit

from domain.actions.outcome import Rejected
from infra.connecting import Connectable, Connecting, Field
from infra.session import Session

_PATH = re.compile(r"(?:/[\w.-]+)*/[0-9a-f]{32}/?")

SAY = (
    "Nothing was sent: Portant has no harmless call. The first document shows whether it works.",
    "In the workflow's Send Webhook Events block give this address, and keep it secret:",
    "  <your public webhooks address>/callbacks/{integration_id}/{callback_secret}",
    "In its document block put {{{{wf_ref}}}} into the output name: Agreement {{{{wf_ref}}}}",
    "Let it create documents by itself (auto-create), or nothing comes of what is sent.",
)


def check(session: Session) -> Connectable | Rejected:
    """Look at the address; there is no call that would change nothing.

    The callback's secret is made once: what is set up in Portant stays right when reconnected.
    """
    url = str(session.credentials["webhook_url"]).strip()
    problem = _problem_with(url)
    if problem is not None:
        return Rejected("no_webhook_url", f"Portant: {problem}")
    tenant = tenant_of(url)
    name = str(session.credentials.get("name") or f"Portant workflow {tenant}")
    made = {"webhook_url": url, "callback_secret": secrets.token_urlsafe(32)}
    return Connectable(tenant, name, made, keep=frozenset({"callback_secret"}), say=SAY)


def tenant_of(url: str) -> str:
    """Return what the workflow at an address is known by: the address itself is a secret."""
    return hashlib.sha256(url.rstrip("/").encode()).hexdigest()[:16]


def _problem_with(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return "that is no address"
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(parts)):
        return "the workflow's webhook address begins with https://"
    if not parts.hostname or parts.username or parts.query or parts.fragment:
        return "give the webhook address alone, as the workflow's source shows it"
    if not _PATH.fullmatch(parts.path):
        return "the workflow's webhook address ends in 32 hexadecimal digits"
    return None


def _is_loopback(parts: SplitResult) -> bool:
    host = parts.hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


CONNECTING = Connecting(
    (
        Field("webhook_url", "PORTANT_WEBHOOK_URL", "Webhook address of the workflow's source"),
        Field("name", "PORTANT_NAME", "Name of the workflow", hidden=False, optional=True),
    ),
    check,
)
