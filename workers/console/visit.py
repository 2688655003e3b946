"""What a page is: a row with its address, what it needs, and what carries it out."""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from starlette.responses import Response

from domain.access import Scope
from infra.http.problems import HttpProblem
from workers.api.endpoint import Caller
from workers.fleet import Fleet

HOME = "/console"
TOKEN_FIELD = "csrf_token"  # noqa: S105 - the field's name


@dataclass(frozen=True, slots=True)
class Form:
    """What a form (or a query string) says: values by name, in their order."""

    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def one(self, name: str) -> str:
        """Return the last value of a field, without blanks around it; "" when there is none."""
        return self.values.get(name, ("",))[-1].strip()

    def all(self, name: str) -> tuple[str, ...]:
        """Return every value of a field."""
        return self.values.get(name, ())

    def has(self, name: str) -> bool:
        """The field was sent."""
        return name in self.values


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody signed in. `deal_id`: they see that deal alone. `csrf` goes with what they send."""

    caller: Caller
    deal_id: UUID | None
    csrf: str

    def may(self, scope: Scope) -> bool:
        """They hold the scope."""
        return scope in self.caller.scopes


@dataclass(frozen=True, slots=True)
class Visit:
    """One request for a page, checked. `is_part`: htmx asks for a part of the page."""

    fleet: Fleet
    visitor: Visitor
    ids: Mapping[str, UUID]
    query: Form
    form: Form
    request_id: str
    is_part: bool

    @property
    def caller(self) -> Caller:
        """Who they are to the API's functions."""
        return self.visitor.caller

    def of_deal(self, deal_id: UUID | None) -> bool:
        """They may see what belongs to this deal."""
        return self.visitor.deal_id in {None, deal_id}


Handle = Callable[[Visit], Response]
"""Runs in a thread."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page, or a part of one. `path` is below the console's address, `{name:uuid}` for ids.

    A page whose path has no `deal_id` is not for who sees one deal alone. `asks_platform`: it may
    wait for a platform, so it has threads of its own.
    """

    method: str
    path: str
    handle: Handle
    scope: Scope | None = None
    asks_platform: bool = False

    def check(self, visit: Visit) -> None:
        """Refuse who may not see it.

        Raises:
            HttpProblem: a scope is missing, or it is about another deal than theirs.
        """
        visitor = visit.visitor
        if visitor.deal_id is not None and visit.ids.get("deal_id") != visitor.deal_id:
            raise HttpProblem("not_found", "Your link opens one deal, and this is not part of it.")
        if self.scope is not None:
            visitor.caller.needs(self.scope)


def csrf_of(secret: str) -> str:
    """Return what a session's forms carry: known to who has the cookie's secret, and kept nowhere.

    No page of another origin can read it.
    """
    made = hmac.digest(secret.encode(), b"console form", hashlib.sha256)
    return urlsafe_b64encode(made).decode().rstrip("=")
