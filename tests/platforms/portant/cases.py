"""Portant's effects, for the conformance suite."""

from infra.sandbox.portant.seed import WORKFLOW
from tests.conformance.case import Case, Request, Wait
from tests.harness.sandbox import Sandbox
from tests.harness.world import World
from tests.platforms.portant import workflow


def _document(world: World, sandbox: Sandbox) -> Request:
    workflow.connect(world, sandbox)
    workflow.set_up(sandbox)
    return workflow.request(world)


def _with_a_field_missing(world: World, sandbox: Sandbox) -> tuple[Request, str]:
    request = _document(world, sandbox)
    workflow.set_up(sandbox, error={"status": 422, "message": "Client.Email is missing"})
    return request, "Portant: Client.Email is missing"


CASES = (
    Case(
        effect="portant.trigger",
        request=_document,
        method="POST",
        path=f"{WORKFLOW}$",
        happened=workflow.MADE,
        refused=_with_a_field_missing,
        # Without a time to wait until it may have begun: no wait, see test_document_untold.py.
        waits=(Wait("Retry-After", {"retry_after": 17}, 17),),
        secrets=(WORKFLOW, workflow.SECRET),
        parks=True,
        wordless=True,  # Portant says nothing of its body, so nothing is read
        deliver=workflow.deliver,
    ),
)
WITHOUT_A_CALL = ("portant.await_document",)
