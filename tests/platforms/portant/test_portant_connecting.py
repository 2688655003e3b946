"""Which addresses are a workflow's, and by what it is known."""

import pytest

from domain.actions.outcome import Rejected
from infra.clock import utc_now
from infra.exchange import Transport
from infra.platforms.portant.connecting import check, tenant_of
from infra.sandbox.portant.seed import WORKFLOW
from infra.session import Session


def checked(address):
    transport, credentials = Transport(1.0, 1.0), {"webhook_url": address}
    session = Session(transport, "", "", credentials, utc_now(), 0.0, 1.0)
    found = check(session)
    assert session.exchanges == []
    return found


@pytest.mark.parametrize(
    ("address", "words"),
    [
        (f"http://webhooks.portant.co/{WORKFLOW}", "begins with https://"),
        (f"ftp://webhooks.portant.co/{WORKFLOW}", "begins with https://"),
        (WORKFLOW, "begins with https://"),
        ("https://webhooks.portant.co/", "ends in 32 hexadecimal digits"),
        (f"https://webhooks.portant.co/{WORKFLOW[:-1]}", "ends in 32 hexadecimal digits"),
        (f"https://webhooks.portant.co/{WORKFLOW}0", "ends in 32 hexadecimal digits"),
        (f"https://webhooks.portant.co/{WORKFLOW}?a=1", "alone"),
        (f"https://user:pass@webhooks.portant.co/{WORKFLOW}", "alone"),
        (f"https:///{WORKFLOW}", "alone"),
        (f"https://[::1/{WORKFLOW}", "no address"),
        (f"https://webhooks.portant.co:port/{WORKFLOW}", "no address"),
    ],
)
def test_what_is_no_workflows_address_is_refused(address, words):
    found = checked(address)
    assert isinstance(found, Rejected)
    assert words in found.message
    assert WORKFLOW[:-1] not in found.message


@pytest.mark.parametrize(
    "address",
    [
        f"https://webhooks.portant.co/{WORKFLOW}",
        f" https://webhooks.portant.co/{WORKFLOW}/ ",
        f"https://proxy.example/hooks/v1/{WORKFLOW}",
        f"http://127.0.0.1:9/portant/{WORKFLOW}",
        f"http://localhost:9/portant/{WORKFLOW}",
        f"http://[::1]:9/portant/{WORKFLOW}",
    ],
)
def test_a_workflows_address_is_taken(address):
    found = checked(address)
    assert found.credentials["webhook_url"] == address.strip()
    assert found.tenant == tenant_of(address.strip())
    assert WORKFLOW not in found.tenant + found.name + "".join(found.say)


def test_each_time_another_secret_is_made_and_the_one_before_is_kept():
    first, second = (checked(f"https://webhooks.portant.co/{WORKFLOW}") for _ in range(2))
    assert first.credentials["callback_secret"] != second.credentials["callback_secret"]
    assert "callback_secret" in first.keep
    assert first.credentials["callback_secret"] not in repr(first)
