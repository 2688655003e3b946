"""Xero: authorisation, limits, and which call goes where."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from infra.sandbox.clock import Clock
from infra.sandbox.effects import Cause, Effects
from infra.sandbox.faults import Fault
from infra.sandbox.idempotency import Idempotency
from infra.sandbox.limits import Windows
from infra.sandbox.store import Shelf, Store
from infra.sandbox.wire import Answer, Document, Request
from infra.sandbox.xero import contact_calls, invoices, organisation, payment_calls, repeating_calls
from infra.sandbox.xero.books import Shared
from infra.sandbox.xero.budget import Budget
from infra.sandbox.xero.consent import Consent
from infra.sandbox.xero.errors import (
    PostDataInvalid,
    QueryInvalid,
    not_found,
    post_data_invalid,
    problem,
    query_invalid,
)
from infra.sandbox.xero.identity import OPEN, Identity
from infra.sandbox.xero.organisations import Organisations
from infra.sandbox.xero.person import Person
from infra.sandbox.xero.posting import Posting
from infra.sandbox.xero.schedule import generate
from infra.sandbox.xero.tokens import Tokens
from infra.sandbox.xero.webhooks import Webhooks

API: Final = "/api.xro/2.0"
_KEY_LENGTH: Final = 128  # characters
_KEY_WINDOW_MS: Final = 360_000
_LARGEST_BODY: Final = 10_000_000  # bytes
_LONGEST_QUERY: Final = 2_048  # characters; about 52 ids, where callers report trouble

Call = Callable[..., Answer]
_CALLS: Final[Mapping[tuple[str, str], Call]] = {
    ("GET", "/Organisation"): organisation.get_organisation,
    ("GET", "/Organisation/Actions"): organisation.list_actions,
    ("GET", "/Accounts"): organisation.list_accounts,
    ("GET", "/Accounts/*"): organisation.get_account,
    ("GET", "/TaxRates"): organisation.list_tax_rates,
    ("GET", "/Contacts"): contact_calls.list_contacts,
    ("PUT", "/Contacts"): contact_calls.create_contacts,
    ("POST", "/Contacts"): contact_calls.upsert_contacts,
    ("GET", "/Contacts/*"): contact_calls.get_contact,
    ("POST", "/Contacts/*"): contact_calls.update_contact,
    ("GET", "/Invoices"): invoices.list_invoices,
    ("PUT", "/Invoices"): invoices.create_invoices,
    ("POST", "/Invoices"): invoices.upsert_invoices,
    ("GET", "/Invoices/*"): invoices.get_invoice,
    ("POST", "/Invoices/*"): invoices.update_invoice,
    ("GET", "/Invoices/*/OnlineInvoice"): invoices.online_invoice,
    ("POST", "/Invoices/*/Email"): invoices.email_invoice,
    ("GET", "/RepeatingInvoices"): repeating_calls.list_repeating_invoices,
    ("PUT", "/RepeatingInvoices"): repeating_calls.create_repeating_invoices,
    ("POST", "/RepeatingInvoices"): repeating_calls.upsert_repeating_invoices,
    ("GET", "/RepeatingInvoices/*"): repeating_calls.get_repeating_invoice,
    ("POST", "/RepeatingInvoices/*"): repeating_calls.update_repeating_invoice,
    ("GET", "/Payments"): payment_calls.list_payments,
    ("PUT", "/Payments"): payment_calls.create_payments,
    ("POST", "/Payments"): payment_calls.create_payments,
    ("GET", "/Payments/*"): payment_calls.get_payment,
    ("POST", "/Payments/*"): payment_calls.delete_payment,
}
"""Method and path under the API; `*` stands for one id, which the call is given."""


class Xero:
    """Organisations behind one app's connection."""

    name = "xero"

    def __init__(self, store: Store, clock: Clock, effects: Effects) -> None:
        self._clock = clock
        self._effects = effects
        self.idempotency: Idempotency | None = Idempotency(
            store, "xero.idempotency", _KEY_WINDOW_MS
        )
        self._budget = Budget(Windows(store, "xero.windows"), Shelf(store, "xero.limits"), clock)
        self._tokens = Tokens(store, clock)
        self._webhooks = Webhooks(store, clock)
        self._books = Organisations(store, Shared(clock, self._budget, self._webhooks))
        consent = Consent(store, clock)
        self._identity = Identity(self._tokens, consent, self._books, clock, effects)
        self._person = Person(self._books, effects, self._tokens)
        clock.on_move(self._pass_time)

    def tenant_of(self, request: Request) -> str:
        """The organisation named by the header; nobody's outside the API."""
        return request.headers.get("xero-tenant-id", "") if _is_api(request) else ""

    def admit(self, request: Request, in_flight: int) -> Answer | None:
        """Token, connection, limits, in this order; the token endpoint is open."""
        if request.path.lower() in OPEN:
            return None
        wrong = self._tokens.problem_with(request.bearer)
        if wrong is not None:
            return problem(401, wrong)
        if not _is_api(request):
            return None
        if self.tenant_of(request) not in self._tokens.tenants(request.bearer):
            return problem(403, "AuthenticationUnsuccessful")
        return self._budget.take(self.tenant_of(request), in_flight) or _too_large(request)

    def perform(self, request: Request, cause: Cause) -> Answer:
        """Carry out an API call, or one of the identity server's."""
        if not _is_api(request):
            return self._identity.answer(request, cause)
        call, identities = _route(request)
        if call is None:
            return not_found()
        books = self._books[self.tenant_of(request)]
        generate(books, self._effects)
        posting = Posting(books, self._effects, cause)
        try:
            return call(request, posting, *identities)
        except PostDataInvalid as error:
            return post_data_invalid(error)
        except QueryInvalid as error:
            return query_invalid(error)
        except BaseException:
            posting.undo()  # a defect in here must not leave half a change
            raise

    def finish(self, request: Request, answer: Answer) -> Answer:
        """Add what is left of the budgets to every answer of the API."""
        tenant = self.tenant_of(request)
        if tenant not in self._books:
            return answer
        headers = {**self._budget.remaining(tenant), **answer.headers}
        return Answer(answer.status, answer.body, answer.content_type, headers)

    def refuse(self, status: int) -> Answer:
        """An outage: 5xx as a bare page, anything else as a problem."""
        if status >= 500:
            return Answer(
                status, b"<html><body>The service is unavailable</body></html>", "text/html"
            )
        return problem(status, "Refused by order of a fault")

    def refuse_key(self, key: str) -> Answer:
        """400 in Xero's words."""
        return problem(400, f"Idempotency Key: {key} is used with a different request.")

    def rate_limited(self, fault: Fault) -> Answer:
        """429 as ordered; Retry-After only where Xero gives one, or the fault says so."""
        return self._budget.refusal(fault.problem, fault.retry_after)

    def revoke(self, request: Request, *, only_access: bool) -> None:
        """The access token dies, and with it every refresh token."""
        self._tokens.revoke(request.bearer or "", only_access=only_access)

    def restore_tokens(self) -> Document:
        """Make the seeded tokens valid again."""
        return self._tokens.restore()

    def set_limits(self, limits: Document) -> Document:
        """Change what `budget` names; None lifts a limit."""
        return self._budget.change(limits)

    def control(self, method: str, path: str, wish: Document) -> Document | Awaitable[Document]:
        """What a person does in Xero itself (see `person`), and the webhooks."""
        self._pass_time()
        if path.partition("/")[0] == "webhooks":
            return self._webhooks.control(method, path, wish)
        return self._person.act(method, path, wish)

    def _pass_time(self) -> None:
        for books in self._books.values():
            generate(books, self._effects)
        self._webhooks.wake()


def _too_large(request: Request) -> Answer | None:
    if len(request.body) > _LARGEST_BODY:
        return problem(413, "The request is larger than 10 MB")
    if len(request.raw_query) > _LONGEST_QUERY:
        return Answer(414, b"", "text/html")
    if request.method != "GET" and len(request.idempotency_key or "") > _KEY_LENGTH:
        return problem(400, f"Idempotency Key: at most {_KEY_LENGTH} characters are allowed.")
    return None


def _is_api(request: Request) -> bool:
    return request.path.startswith(API)


def _route(request: Request) -> tuple[Call | None, list[Any]]:
    path = request.path.removeprefix(API).rstrip("/")
    named = _CALLS.get((request.method, path))
    if named is not None:
        return named, []
    parts = path.strip("/").split("/")
    pattern = "/".join("*" if number == 1 else part for number, part in enumerate(parts))
    return _CALLS.get((request.method, f"/{pattern}")), parts[1:2]
