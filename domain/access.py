"""Who may do what: scopes of an API key, and the roles that stand for a set of them."""

from collections.abc import Mapping
from enum import StrEnum
from uuid import UUID


class Scope(StrEnum):
    """One permission. Without `invoices:read`, payment statuses and amounts are not shown.

    `operate` is no workspace's role: it opens the operators' console (decision 0043), and nothing
    of the API.
    """

    INTEGRATIONS_READ = "integrations:read"
    INTEGRATIONS_WRITE = "integrations:write"
    INVOICES_READ = "invoices:read"
    INVOICES_WRITE = "invoices:write"
    OPERATE = "operate"


class Role(StrEnum):
    """A preset of scopes."""

    ADMIN = "Admin"
    EDITOR = "Editor"
    VIEWER = "Viewer"


OF_A_WORKSPACE = frozenset(Scope) - {Scope.OPERATE}

SCOPES_OF: Mapping[Role, frozenset[Scope]] = {
    Role.ADMIN: OF_A_WORKSPACE,
    Role.EDITOR: OF_A_WORKSPACE,
    Role.VIEWER: frozenset({Scope.INTEGRATIONS_READ, Scope.INVOICES_READ}),
}

NO_WORKSPACE = UUID(int=0)
"""Whose a key is that belongs to no workspace: one for operating all of them."""

ALSO_NEEDS: Mapping[str, Scope] = {
    "xero_record_payment": Scope.INVOICES_WRITE,
    "xero_void_invoice": Scope.INVOICES_WRITE,
    "xero_email_invoice": Scope.INVOICES_WRITE,
    "xero_sync_invoices": Scope.INVOICES_WRITE,
}
"""What an action type needs beside the right to submit actions, whichever way it is asked for."""

_VOIDING = frozenset({"VOIDED", "DELETED"})


def also_needed(action_type: str, params: Mapping[str, object]) -> Scope | None:
    """Return the scope a request needs beside; an update that voids is a void."""
    if action_type == "xero_update_invoice" and str(params.get("status")) in _VOIDING:
        return Scope.INVOICES_WRITE
    return ALSO_NEEDS.get(action_type)
