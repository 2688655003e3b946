"""Traces: from the sender's span to the changed payment status, over real processes."""

import subprocess
import sys
from itertools import pairwise
from uuid import UUID, uuid4

import pytest

from infra import tracing
from infra.embedded.claim import CHECKOUT
from tests.harness.processes import Processes
from tests.harness.senders import send_celery, send_plain
from tests.harness.spans import Span, receiving
from tests.harness.world import eventually
from workers.submit import action_id_for

SENDER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def received(monkeypatch):
    with receiving() as receiver:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
        yield receiver


def whole(spans: list[Span]) -> Span:
    (found,) = [span for span in spans if span.name in {"xero_create_invoice", SLACK}]
    return found


SLACK = "slack_send_message"
TOLD = "publish action.succeeded"


@pytest.mark.processes
def test_an_invoice_is_one_trace_from_its_sender_to_the_payment_status(
    world, received, settings, tmp_path
) -> None:
    deal, lines = world.deal({})
    request = world.request("xero_create_invoice", {"portion": "full"}, deal)
    action_id = action_id_for(world.workspace_id, request["id"])
    with Processes(settings, tmp_path) as processes:
        processes.start("intake", "relay", "worker", "events", "beat")
        send_celery(settings, [request | {"_headers": {"traceparent": SENDER}}])
        assert world.ended(action_id) == ["succeeded"]
        eventually(lambda: world.payment_statuses(*lines) == ["invoiced"])
        trace_id, sender = SENDER.split("-")[1:3]
        last = {"promotion", TOLD, "xero_create_invoice"}
        eventually(lambda: last <= set(received.names(trace_id)))
    spans = received.of(trace_id)
    own = whole(spans)
    assert own.parent_id == sender
    assert own.failed is None
    assert own.said["fleet.action_id"] == str(action_id)
    parts = [span for span in spans if span is not own]
    assert {span.parent_id for span in parts} == {own.span_id}
    names = [span.name for span in parts]
    assert names[:4] == ["intake", "doorbell", "begin", "send xero.read_organisation"]
    assert {"send xero.create_invoice", "conclude", "publish invoice.promotion_due"} <= set(names)
    assert names.index("send xero.create_invoice") < names.index("promotion")
    services = {span.name: span.service for span in spans}
    assert services["intake"] == "actionfleet-intake"
    assert services["send xero.create_invoice"] == "actionfleet-worker"
    assert services["promotion"] == "actionfleet-events"
    (call,) = [span for span in parts if span.name == "send xero.create_invoice"]
    assert call.said["http.response.status_code"] == 200
    assert call.said["fleet.outcome"] == "succeeded"
    assert all(span.began <= span.ended for span in spans)
    assert own.began <= min(span.began for span in parts if span.name != "intake")
    event = world.events("invoice.promotion_due")[0]
    assert event.traceparent == f"00-{trace_id}-{own.span_id}-01"


@pytest.mark.deep
@pytest.mark.processes
def test_plain_and_untraced_requests_and_refused_ones(world, received, settings, tmp_path) -> None:
    def request(text: object) -> dict[str, object]:
        return world.request("slack_send_message", {"channel": "C0GENERAL", "text": text})

    traced, untraced, refused, unsampled = (request(t) for t in ("a", "b", 7, "d"))
    ids = {
        one["id"]: action_id_for(world.workspace_id, str(one["id"]))
        for one in (traced, untraced, refused, unsampled)
    }
    with Processes(settings, tmp_path) as processes:
        processes.start("intake", "relay", "worker")
        send_plain(settings, [traced | {"traceparent": SENDER}, untraced, refused])
        send_plain(settings, [unsampled | {"traceparent": SENDER[:-2].replace("0a", "0b") + "00"}])
        eventually(lambda: len(world.rows("SELECT 1 FROM actions")) == 4)
        world.ended(*ids.values())
        own_id = ids[untraced["id"]].hex
        for trace_id in (SENDER.split("-")[1], own_id):
            eventually(lambda one=trace_id: {SLACK, TOLD} <= set(received.names(one)))
        eventually(lambda: received.names(ids[refused["id"]].hex))
    assert whole(received.of(own_id)).parent_id == ""
    assert set(received.names(own_id)) >= {"intake", "doorbell", "begin", "conclude", SLACK}
    failed = whole(received.of(ids[refused["id"]].hex))
    assert failed.failed == "rejected"
    assert not [span for span in received.spans if span.trace_id.startswith("0b")]
    # The trace is no part of the request: the same one again is the same action.
    (row,) = world.rows("SELECT * FROM actions WHERE id = :i", i=ids[traced["id"]])
    assert row.traceparent == SENDER


def test_nothing_is_loaded_unless_it_is_wanted() -> None:
    code = (
        "import sys, workers.app, workers.intake, workers.relay, workers.beat, workers.execute;"
        "from infra import tracing; tracing.configure('x'); tracing.record(None, 'n', 0, 0);"
        "print([m for m in sys.modules if m.startswith('opentelemetry')], tracing.now())"
    )
    argv = [sys.executable, "-c", code]
    said = subprocess.run(
        argv, cwd=CHECKOUT, capture_output=True, text=True, check=True,
        env={"BROKER_URL": "redis://x", "DATABASE_URL": "postgresql://x", "PATH": "/usr/bin"},
    ).stdout  # fmt: skip
    assert said.strip() == "[] 0"


def test_without_the_packages_it_says_what_to_install_and_goes_on() -> None:
    code = (
        "import sys; sys.modules['opentelemetry'] = None;"
        "from infra import tracing; tracing.configure('x'); print(tracing.now())"
    )
    argv = [sys.executable, "-c", code]
    said = subprocess.run(
        argv, cwd=CHECKOUT, capture_output=True, text=True, check=True,
        env={"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "PATH": "/usr/bin"},
    ).stdout  # fmt: skip
    assert "actionfleet[otel]" in said
    assert said.strip().endswith("\n0")


@pytest.mark.parametrize(
    "said",
    [
        None, 7, "", "nonsense", SENDER + "x", SENDER.upper(), SENDER + "-more", "ff" + SENDER[2:],
        SENDER.replace("0af7651916cd43dd8448eb211c80319c", "0" * 32),
        SENDER.replace("b7ad6b7169203331", "0" * 16), "00-" + "a" * 100_000,
    ],
)  # fmt: skip
def test_what_is_no_traceparent_counts_as_not_sent(said) -> None:
    assert tracing.read_traceparent(said) is None
    action_id = uuid4()
    assert tracing.of_action(action_id, said).trace_id == action_id.int


def test_a_later_version_is_read_as_this_one() -> None:
    assert tracing.read_traceparent("01" + SENDER[2:] + "-later") == SENDER
    assert tracing.read_traceparent(SENDER.encode()) == SENDER
    assert tracing.read_traceparent(SENDER[:-2] + "03") == SENDER


def test_every_process_chooses_the_same_share(monkeypatch) -> None:
    ids = [action_id_for(UUID(int=0), str(number)) for number in range(2000)]
    chosen = []
    for share in ("0", "0.1", "0.5", "1"):
        monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", share)
        chosen.append({one for one in ids if tracing.of_action(one, None).sampled})
    assert all(few <= many for few, many in pairwise(chosen))
    assert len(chosen[0]) == 0
    assert 140 < len(chosen[1]) < 260
    assert len(chosen[3]) == 2000
