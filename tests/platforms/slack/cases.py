"""Slack's effects, for the conformance suite."""

from infra.sandbox import seed
from tests.conformance.case import Case, Request, Wait
from tests.harness.sandbox import Sandbox
from tests.harness.world import World


def _message(world: World, _sandbox: Sandbox) -> Request:
    return world.request("slack_send_message", {"channel": "C0GENERAL", "text": "A deal was won"})


def _to_an_archive(world: World, _sandbox: Sandbox) -> tuple[Request, str]:
    params = {"channel": "C0ARCHIVED", "text": "too late"}
    return world.request("slack_send_message", params), "Slack: is_archived"


CASES = (
    Case(
        effect="slack.post_message",
        request=_message,
        method="POST",
        path="chat.postMessage",
        happened="slack.message.posted",
        refused=_to_an_archive,
        waits=(Wait("Retry-After", {"retry_after": 17}, 17),),
        secrets=(seed.SLACK_TOKEN,),
    ),
)
