"""Finding an email again: in the stream it was sent to, and absent only where none is counted."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from domain.actions.outcome import Absent, Unknown
from domain.actions.plan import Request
from infra.clock import utc_now
from infra.database import email_configs
from infra.platform import Call, Sent
from infra.platforms.postmark.sending import SEND_ALONE
from infra.session import Session
from tests.harness.sandbox import Sandbox
from tests.harness.world import World
from tests.platforms.postmark.cases import CASES
from workers.execute import execute

SENT = "postmark.message.sent"


def in_stream(world: World, stream: str) -> None:
    (config,) = world.rows("SELECT * FROM email_configs")
    with world.fleet.database.transaction() as tx:
        settings = {**config.settings, "message_stream": stream}
        email_configs.put(tx, world.workspace_id, config.integration_id, settings)


def again(world: World, action: UUID, times: int) -> Any:
    """Carry it on as if all waits were over, and an absence to be believed."""
    for _ in range(times):
        with world.fleet.database.transaction() as tx:
            tx.execute(text("UPDATE actions SET due_at = now() - interval '1 s'"))
            tx.execute(text("UPDATE effects SET last_send_by = now() - interval '1 hour'"))
        execute(world.fleet, action)
    return world.action(action)


@pytest.mark.parametrize("stream", ["outbound", "invoices"])
def test_a_lost_answer_is_found_in_the_stream_it_was_sent_to(
    world: World, sandbox: Sandbox, stream: str
) -> None:
    request = CASES[0].request(world, sandbox)
    in_stream(world, stream)
    sandbox.fault("postmark", "drop_after_commit", method="POST", path="/email$")
    action = world.submit(request)
    row = again(world, action, times=6)
    assert (row.status, sandbox.count(SENT)) == ("succeeded", 1), row.error


class Says:
    """A transport whose every answer is this."""

    def __init__(self, document: Any) -> None:
        self.document = document

    def carry(self, exchange: Any) -> None:
        exchange.status, exchange.answer = 200, self.document.encode()


def looked_up(document: str) -> Any:
    asking = Session(
        transport=Says(document),  # type: ignore[arg-type]
        base_url="",
        tenant_key="",
        credentials={"token": "t"},
        send_by=utc_now(),
        send_by_monotonic=0.0,
        call_timeout_s=1.0,
    )
    sent = Sent(
        effect_id=uuid4(),
        request=Request(uuid4(), uuid4(), uuid4(), "xero_email_invoice", {}),
        inputs={"to": "a@b.test"},
        call=Call("POST", "/email", context={"stream": "outbound"}),
        key="",
        first_sent_at=utc_now(),
    )
    assert SEND_ALONE.find is not None
    return SEND_ALONE.find(asking, sent)


def test_an_absence_is_counted() -> None:
    assert isinstance(looked_up('{"TotalCount": 0, "Messages": []}'), Absent)


@pytest.mark.parametrize(
    "document",
    [
        '{"Messages": []}',
        '{"TotalCount": 1, "Messages": []}',
        '{"TotalCount": "0", "Messages": []}',
        '{"TotalCount": 0}',
        '{"TotalCount": 1, "Messages": [{"Metadata": {}}]}',
    ],
)
def test_what_is_not_counted_is_no_absence(document: str) -> None:
    assert isinstance(looked_up(document), Unknown)
