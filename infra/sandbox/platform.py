"""What a simulated platform must offer to be mounted behind the gate."""

from collections.abc import Awaitable
from typing import Protocol

from infra.sandbox.effects import Cause
from infra.sandbox.faults import Fault
from infra.sandbox.idempotency import Idempotency
from infra.sandbox.wire import Answer, Document, Request


class NoSuchCall(LookupError):  # noqa: N818 - it names what was asked for
    """There is no such control call, or nothing by the id it names."""


class Platform(Protocol):
    """One platform. `perform` is synchronous: a request is carried out whole or not at all."""

    name: str
    idempotency: Idempotency | None

    def tenant_of(self, request: Request) -> str:
        """Whose budget the request is on; empty when nobody's."""

    def admit(self, request: Request, in_flight: int) -> Answer | None:
        """Check authorisation, then limits; None lets the request in.

        `in_flight` counts the tenant's open requests, this one included.
        """

    def perform(self, request: Request, cause: Cause) -> Answer:
        """Carry it out."""

    def finish(self, request: Request, answer: Answer) -> Answer:
        """Add what every answer carries (budget headers), replays and refusals too."""

    def refuse(self, status: int) -> Answer:
        """Return an answer of that status in the platform's own style."""

    def refuse_key(self, key: str) -> Answer:
        """Return the refusal of a key that is used with a different request."""

    def rate_limited(self, fault: Fault) -> Answer:
        """Return the platform's 429 as the fault asks for it."""

    def revoke(self, request: Request, *, only_access: bool) -> None:
        """Revoke the token the request carries."""

    def restore_tokens(self) -> Document:
        """Make the seeded tokens valid again and return them."""

    def set_limits(self, limits: Document) -> Document:
        """Change limits (None lifts one) and return those in force.

        Raises:
            ValueError: there is no such limit.
        """

    def control(self, method: str, path: str, wish: Document) -> Document | Awaitable[Document]:
        """Carry out a control call of the platform's own, as a person using it would.

        Raises:
            NoSuchCall: there is no such call, or nothing by that id.
            ValueError: the platform refuses; the message says why.
        """
