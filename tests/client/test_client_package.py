"""What importing the client costs, that its classes are the catalogue's, and its signatures."""

import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from standardwebhooks import Webhook

import actionfleet
from actionfleet import InvalidSignature, requests, verify
from infra.platforms import CATALOGUE
from infra.platforms.webhook.signing import new_secret
from infra.wire import checked_params
from workers.typed_requests import module

ROOT = Path(actionfleet.__file__).parent.parent
BODY = '{"id": "e-1", "type": "action.succeeded", "data": {"said": "héllo"}}'.encode()


def test_importing_it_is_light(tmp_path) -> None:
    code = (
        "import sys, actionfleet, actionfleet.requests;"
        "actionfleet.FleetHTTP('https://x', 'k'); actionfleet.FleetCelery('redis://x');"
        "print(' '.join(sorted({m.partition('.')[0] for m in sys.modules})))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(ran.stdout.split())
    known = set(sys.stdlib_module_names) | {"actionfleet", "urllib3"}
    foreign = {one for one in loaded if one not in known and not one.startswith("_")}
    # What an environment's site hooks load, and what urllib3 takes along if it is there.
    allowed = {"brotli", "zstandard", "socks", "h2", "distutils_hack", "sitecustomize", "backports"}
    assert foreign <= allowed
    assert not {"celery", "kombu", "sqlalchemy", "pydantic", "domain", "infra", "workers"} & loaded


def test_regenerated_it_is_the_same() -> None:
    ruff = [sys.executable, "-m", "ruff", "format", "-"]
    fresh = subprocess.run(
        ruff, input=module(CATALOGUE), capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout
    assert fresh == Path(requests.__file__).read_text(), "write it anew: make client"


def test_there_is_a_class_for_every_action_and_none_for_the_fleets_own() -> None:
    classes = [getattr(requests, name) for name in requests.__all__]
    types = {one.action_type for one in classes if issubclass(one, actionfleet.Request)}
    assert types == set(CATALOGUE.actions)
    assert "webhook_deliver" not in types


def test_what_a_class_writes_the_fleet_reads() -> None:
    given = requests.XeroRecordPayment(
        invoice_id="6f9619ff-8b86-4d01-b42d-00cf4fc964ff", amount="1.10"
    )
    params = CATALOGUE.actions[given.action_type].params
    assert checked_params(params, given.params()) == given.params()


def signed(secret: str, body: bytes = BODY, event_id: str = "e-1", age: int = 0) -> dict[str, str]:
    at = datetime.fromtimestamp(int(time.time()) - age, UTC)
    told = Webhook(secret).sign(event_id, at, body.decode())
    return {
        "Webhook-Id": event_id,
        "Webhook-Timestamp": str(int(at.timestamp())),
        "Webhook-Signature": told,
    }


def test_a_genuine_webhook_is_an_event() -> None:
    secret = new_secret()
    event = verify(secret, signed(secret), BODY)
    assert (event.id, event.type, event.data) == ("e-1", "action.succeeded", {"said": "héllo"})


def test_any_of_several_secrets_and_signatures_will_do() -> None:
    old, new = new_secret(), new_secret()
    headers = signed(old)
    headers["Webhook-Signature"] = f"v2,xyz {signed(new)['Webhook-Signature']} v1,broken"
    assert verify(new, headers, BODY)
    assert verify([old, new], headers, BODY)


@pytest.mark.parametrize("broken", ["body", "secret", "old", "future", "id", "none", "time", "é"])
def test_any_other_is_refused(broken) -> None:
    secret = new_secret()
    headers, body, with_secret = signed(secret), BODY, secret
    if broken == "body":
        body = BODY + b" "
    elif broken == "secret":
        with_secret = new_secret()
    elif broken in {"old", "future"}:
        headers = signed(secret, age=301 if broken == "old" else -302)
    elif broken == "id":
        headers = signed(secret, event_id="e-2")
    elif broken == "none":
        del headers["Webhook-Signature"]
    elif broken == "time":
        headers["Webhook-Timestamp"] = "-1"
    else:
        headers["Webhook-Signature"] = "v1,é"
    with pytest.raises(InvalidSignature):
        verify(with_secret, headers, body)


def test_signed_and_no_event_is_refused() -> None:
    secret = new_secret()
    with pytest.raises(InvalidSignature):
        verify(secret, signed(secret, b"[]"), b"[]")
    with pytest.raises(ValueError, match="whsec_"):
        verify("whsec_", signed(secret), BODY)
