"""The examples of docs/webhooks.md and docs/client.md, carried out as they are written."""

import re
import threading
from contextlib import redirect_stdout
from http.server import ThreadingHTTPServer
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from domain.events import EventType
from tests.harness.api_stub import KEY, stubbed
from tests.harness.senders import wipe_broker
from workers import subscriptions
from workers.subscribing import Wanted

DOCS = Path(__file__).parents[2] / "docs"


def examples(page: str) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", (DOCS / page).read_text(), re.DOTALL | re.MULTILINE)


def said(code: str, names: dict[str, Any]) -> str:
    out = StringIO()
    with redirect_stdout(out):
        exec(compile(code, "example", "exec"), names)
    return out.getvalue()


def test_the_receiver_of_the_docs_takes_what_the_fleet_sends(
    outgoing, fleet, world, monkeypatch, capsys
) -> None:
    (code,) = examples("webhooks.md")
    names: dict[str, Any] = {}
    said(code, names)
    names["Hooks"].log_message = lambda *_: None
    server = ThreadingHTTPServer(("127.0.0.1", 0), names["Hooks"])
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/"
    made = subscriptions.create(fleet, world.workspace_id, Wanted(url))
    monkeypatch.setenv("WEBHOOK_SECRET", "whsec_" + "A" * 44)
    outgoing.send(EventType.INVOICE_CREATED)
    assert outgoing.only().error["code"] == "http_401"
    monkeypatch.setenv("WEBHOOK_SECRET", made.secret)
    outgoing.deliver()
    assert outgoing.only().status == "succeeded"
    assert len(names["SEEN"]) == 1
    server.shutdown()
    server.server_close()


def test_the_client_of_the_docs_does_as_it_is_said() -> None:
    by_http = [code for code in examples("client.md") if "FleetCelery" not in code]
    assert len(by_http) == 3
    with stubbed() as stub:
        last = stub.event()
        mine = stub.event(number=1)
        names: dict[str, Any] = dict.fromkeys(("SLACK", "XERO", "DEAL"), str(uuid4()))
        names["LAST"] = last
        first, second, third = (
            code.replace("https://fleet.example.com", stub.url).replace("tp_live_…", KEY)
            for code in by_http
        )
        assert "'ts': '1.2'" in said(first, names)
        assert "'ts': '1.2'" in said(second, names)
        one = third.rstrip() + "\n    break\n"
        assert mine in said(one, names)


@pytest.mark.usefixtures("sandbox")
def test_the_celery_client_of_the_docs_sends(settings, world) -> None:
    (code,) = [code for code in examples("client.md") if "FleetCelery" in code]
    names = {"BROKER_URL": settings.broker_url, "WORKSPACE": world.workspace_id,
             "SLACK": world.slack}  # fmt: skip
    told = said(code, names)
    wipe_broker(settings)  # nobody takes it in here
    assert len(told.split()) == 2
