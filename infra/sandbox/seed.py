"""The world a sandbox starts with: fixed names, so that tests and settings can spell them.

Two Xero organisations under one connection, one Slack workspace. The seeded access token never
expires (only a revocation ends it), so nothing needs a refresh before it wants one; refreshing
works all the same and yields tokens that live 30 minutes.
"""

from decimal import Decimal
from typing import Final

from infra.sandbox.wire import Document

CLIENT_ID: Final = "SANDBOXCLIENT00000000000000000001"
CLIENT_SECRET: Final = "sandbox-client-secret"  # noqa: S105 - it opens a simulation
ACCESS_TOKEN: Final = "sandbox-access-token"  # noqa: S105
ACCESS_TOKEN_ONE: Final = "sandbox-access-token-for-tenant-one-only"  # noqa: S105
REFRESH_TOKEN: Final = "sandbox-refresh-token"  # noqa: S105
TENANT_ONE: Final = "0a11ce00-0000-4000-8000-000000000001"
TENANT_TWO: Final = "0a11ce00-0000-4000-8000-000000000002"
TENANTS: Final = (TENANT_ONE, TENANT_TWO)

SLACK_TOKEN: Final = "xoxb-sandbox-000000000001"  # noqa: S105
SLACK_TEAM: Final = "T0SANDBOX"
SLACK_TEAM_NAME: Final = "Sandbox"
SLACK_BOT_USER: Final = "U0FLEETBOT"
SLACK_BOT: Final = "B0FLEETBOT"
SLACK_APP: Final = "A0FLEETAPP"
SLACK_CHANNELS: Final[tuple[Document, ...]] = (
    {"id": "C0GENERAL", "name": "general", "is_archived": False, "is_member": True},
    {"id": "C0SALES", "name": "sales", "is_archived": False, "is_member": True},
    {"id": "C0ALERTS", "name": "alerts", "is_archived": False, "is_member": True},
    {"id": "C0ARCHIVED", "name": "old-projects", "is_archived": True, "is_member": True},
    {"id": "C0OUTSIDE", "name": "board", "is_archived": False, "is_member": False},
)

POSTMARK_TOKEN: Final = "sandbox-postmark-server-token"  # noqa: S105
POSTMARK_SERVER: Final[Document] = {
    "ID": 4242,
    "Name": "Sandbox",
    "ApiTokens": [POSTMARK_TOKEN],
    "Color": "blue",
    "SmtpApiActivated": True,
    "DeliveryType": "Live",
    "TrackOpens": False,
    "TrackLinks": "None",
}
POSTMARK_SENDERS: Final = ("sandbox.test", "tidewater.test")
"""Confirmed domains; an address may stand there too."""

SALES_ACCOUNT: Final = "200"
BANK_ACCOUNT: Final = "090"
SECOND_BANK_ACCOUNT: Final = "091"
CURRENCIES: Final = ("AUD", "NZD", "USD", "GBP", "JPY")
"""Currencies each organisation is subscribed to."""
TRACKING: Final[dict[str, tuple[str, ...]]] = {"Region": ("North", "South")}

ORGANISATIONS: Final = {TENANT_ONE: "Sandbox One Pty Ltd", TENANT_TWO: "Sandbox Two Pty Ltd"}


def tenant_number(number: int) -> str:
    """Return the tenant id of the organisation of that number; the seeded ones are 1 and 2."""
    return f"{TENANT_ONE[:-12]}{number:012d}"


def organisation(tenant: str, name: str) -> Document:
    """Return an organisation as it begins."""
    return {
        "OrganisationID": tenant,
        "Name": name,
        "LegalName": name,
        "PaysTax": True,
        "Version": "AU",
        "OrganisationType": "COMPANY",
        "BaseCurrency": "AUD",
        "CountryCode": "AU",
        "IsDemoCompany": False,
        "OrganisationStatus": "ACTIVE",
        "FinancialYearEndDay": 30,
        "FinancialYearEndMonth": 6,
        "SalesTaxBasis": "ACCRUALS",
        "SalesTaxPeriod": "QUARTERLY1",
        "DefaultSalesTax": "Tax Exclusive",
        "DefaultPurchasesTax": "Tax Exclusive",
        "PeriodLockDate": None,
        "EndOfYearLockDate": None,
        "Timezone": "AUSEASTERNSTANDARDTIME",
        "OrganisationEntityType": "COMPANY",
        "ShortCode": f"!sand{int(tenant[-12:])}",
        "Class": "PREMIUM",
        "Edition": "BUSINESS",
        "PaymentTerms": {"Sales": {"Day": 14, "Type": "DAYSAFTERBILLDATE"}},
    }


def accounts(tenant: str) -> list[Document]:
    """Return the chart of accounts: code, name, type, class, default tax, takes payments?"""
    rows = (
        ("090", "Business Bank Account", "BANK", "ASSET", "BASEXCLUDED", False),
        ("091", "Business Savings Account", "BANK", "ASSET", "BASEXCLUDED", False),
        ("200", "Sales", "REVENUE", "REVENUE", "OUTPUT", False),
        ("210", "Consulting", "REVENUE", "REVENUE", "OUTPUT", False),
        ("260", "Other Revenue", "REVENUE", "REVENUE", "OUTPUT", False),
        ("270", "Interest Income", "REVENUE", "REVENUE", "EXEMPTOUTPUT", False),
        ("400", "Advertising", "EXPENSE", "EXPENSE", "INPUT", False),
        ("610", "Accounts Receivable", "CURRENT", "ASSET", "BASEXCLUDED", False),
        ("880", "Owner Drawings", "EQUITY", "EQUITY", "BASEXCLUDED", True),
    )
    return [
        {
            "AccountID": f"{tenant[:-12]}acc{int(tenant[-12:]):06d}{code}",
            "Code": code,
            "Name": name,
            "Status": "ACTIVE",
            "Type": kind,
            "TaxType": tax,
            "Class": class_,
            "EnablePaymentsToAccount": takes_payments,
            "ShowInExpenseClaims": False,
            **(
                {"BankAccountNumber": f"062-000-{code}", "BankAccountType": "BANK"}
                if kind == "BANK"
                else {}
            ),
            **({"SystemAccount": "DEBTORS"} if code == "610" else {}),
        }
        for code, name, kind, class_, tax, takes_payments in rows
    ]


def tax_rates() -> list[Document]:
    """Return the tax rates; rates are percent."""
    rows = (
        ("GST on Income", "OUTPUT", Decimal(10), True),
        ("GST on Expenses", "INPUT", Decimal(10), False),
        ("GST Free Income", "EXEMPTOUTPUT", Decimal(0), True),
        ("GST Free Expenses", "EXEMPTEXPENSES", Decimal(0), False),
        ("BAS Excluded", "BASEXCLUDED", Decimal(0), True),
        ("No Tax", "NONE", Decimal(0), True),
    )
    return [
        {
            "Name": name,
            "TaxType": kind,
            "Status": "ACTIVE",
            "CanApplyToAssets": True,
            "CanApplyToEquity": True,
            "CanApplyToExpenses": not sales,
            "CanApplyToLiabilities": True,
            "CanApplyToRevenue": sales,
            "DisplayTaxRate": rate,
            "EffectiveRate": rate,
            "TaxComponents": [
                {"Name": name, "Rate": rate, "IsCompound": False, "IsNonRecoverable": False}
            ],
        }
        for name, kind, rate, sales in rows
    ]
