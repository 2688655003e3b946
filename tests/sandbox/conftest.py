"""One sandbox process for all tests of it, put back to its seed before each."""

from collections.abc import Iterator

import pytest
from sandbox_client import Sandbox
from xero_python.accounting import AccountingApi
from xero_python.api_client import ApiClient
from xero_python.api_client.configuration import Configuration
from xero_python.api_client.oauth2 import OAuth2Token

from infra.sandbox import seed


@pytest.fixture(scope="session")
def _process() -> Iterator[Sandbox]:
    running = Sandbox()
    yield running
    running.close()


@pytest.fixture
def sandbox(_process: Sandbox) -> Sandbox:
    """The seeded world, with Xero's minute limit lifted."""
    _process.control("POST", "/reset")
    _process.control("POST", "/limits", {"platform": "xero", "minute": None, "day": None})
    return _process


@pytest.fixture
def client(sandbox: Sandbox) -> ApiClient:
    """An API client with the seeded token, its own retries off."""
    configuration = Configuration()
    configuration.oauth2_token = OAuth2Token(
        client_id=seed.CLIENT_ID, client_secret=seed.CLIENT_SECRET
    )
    token = {
        "access_token": seed.ACCESS_TOKEN,
        "scope": ["accounting.invoices"],
        "expires_in": 1800,
        "token_type": "Bearer",
    }
    made = ApiClient(
        configuration, oauth2_token_getter=lambda: token, oauth2_token_saver=lambda _token: None
    )
    made.rest_client.pool_manager.connection_pool_kw["retries"] = False
    return made


@pytest.fixture
def api(sandbox: Sandbox, client: ApiClient) -> AccountingApi:
    """The SDK's accounting API, pointed at the sandbox."""
    return AccountingApi(client, base_url=f"{sandbox.base}/xero/api.xro/2.0")
