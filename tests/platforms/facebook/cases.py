"""Facebook's effect, for the conformance suite."""

from infra.sandbox.facebook.seed import TOKEN
from tests.conformance.case import Case, Request, Wait
from tests.harness.sandbox import Sandbox
from tests.harness.world import World
from tests.platforms.facebook.conversions import RAW, event, request


def _conversion(world: World, _sandbox: Sandbox) -> Request:
    return request(world)


def _refused(world: World, sandbox: Sandbox) -> tuple[Request, str]:
    words = "this event is blocked"
    sandbox.control("POST", "/facebook/settings", {"refuse": {"Blocked": words}})
    refused = request(world, event(event_name="Blocked"))
    return refused, f"Meta: Invalid parameter: $['data'][0]: {words}"


CASES = (
    Case(
        effect="facebook.send_events",
        request=_conversion,
        method="POST",
        path="/events$",
        happened="facebook.event.received",
        refused=_refused,
        waits=(
            Wait("the application's limit, no time", {}, 300),
            Wait("the account's limit", {"problem": "account", "retry_after": 120}, 120),
            Wait("HTTP 429", {"problem": "custom", "retry_after": 60}, 60),
        ),
        secrets=(TOKEN, *RAW),
    ),
)
