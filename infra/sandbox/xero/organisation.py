"""The organisation, its chart of accounts and its tax rates."""

from typing import Any, Final

from infra.sandbox.wire import Answer, Request
from infra.sandbox.xero.dates import ms_date, ms_moment
from infra.sandbox.xero.errors import not_found
from infra.sandbox.xero.listing import listed
from infra.sandbox.xero.posting import Posting
from infra.sandbox.xero.replies import ok

_CREATED_MS: Final = 1_767_571_200_000  # 5 Jan 2026
_APPROVE: Final = "CreateApprovedInvoice"
_LOCKS: Final = ("PeriodLockDate", "EndOfYearLockDate")


def get_organisation(_request: Request, posting: Posting) -> Answer:
    """`GET /Organisation`. Lock dates are there only when set."""
    record = posting.books.organisation
    shown = {name: value for name, value in record.items() if name not in _LOCKS}
    shown.update({name: ms_date(record[name]) for name in _LOCKS if record.get(name)})
    shown["CreatedDateUTC"] = ms_moment(_CREATED_MS)
    return ok(posting.books, {"Organisations": [shown]})


def list_actions(_request: Request, posting: Posting) -> Answer:
    """`GET /Organisation/Actions`: what the plan allows now."""
    allowed = posting.books.may_approve(posting.books.today().isoformat())
    shown = [
        {"Name": name, "Status": "ALLOWED" if allowed or name != _APPROVE else "NOT-ALLOWED"}
        for name in (
            _APPROVE,
            "CreateDraftInvoice",
            "CreateRepeatingInvoice",
            "CreateInvoicePayment",
        )
    ]
    return ok(posting.books, {"Actions": shown})


def list_accounts(request: Request, posting: Posting) -> Answer:
    """`GET /Accounts`: where and order, no paging."""
    return ok(posting.books, {"Accounts": _listed(request, posting.books.accounts, _ACCOUNT)})


def get_account(_request: Request, posting: Posting, identity: str) -> Answer:
    """`GET /Accounts/{id}`."""
    account = posting.books.account({"AccountID": identity.lower()})
    if account is None:
        return not_found()
    shown = {**account, "UpdatedDateUTC": ms_moment(_CREATED_MS)}
    return ok(posting.books, {"Accounts": [shown]})


def list_tax_rates(request: Request, posting: Posting) -> Answer:
    """`GET /TaxRates`: where and order, no paging."""
    rates = [
        {name: value for name, value in rate.items() if name != "UpdatedDateUTC"}
        for rate in _listed(request, posting.books.tax_rates, _TAX_RATE)
    ]
    return ok(posting.books, {"TaxRates": rates})


def _listed(request: Request, records: list[Any], names: tuple[str, ...]) -> list[Any]:
    properties = {name: _reader(name) for name in names}
    found = listed(
        request,
        [{**record, "UpdatedMs": _CREATED_MS} for record in records],
        properties,
    ).records
    return [
        {
            **{name: value for name, value in record.items() if name != "UpdatedMs"},
            "UpdatedDateUTC": ms_moment(_CREATED_MS),
        }
        for record in found
    ]


_ACCOUNT: Final = (
    "AccountID",
    "Code",
    "Name",
    "Type",
    "Status",
    "Class",
    "TaxType",
    "SystemAccount",
)
_TAX_RATE: Final = ("Name", "TaxType", "Status")


def _reader(name: str) -> Any:
    return lambda record: record.get(name)
