"""Portant: addresses that take data for a workflow, and what people do in the app itself."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from infra.sandbox.clock import Clock
from infra.sandbox.effects import Cause, Effects
from infra.sandbox.faults import Fault
from infra.sandbox.idempotency import Idempotency
from infra.sandbox.limits import Window, Windows
from infra.sandbox.platform import NoSuchCall
from infra.sandbox.portant.runs import Runs
from infra.sandbox.portant.seed import WORKFLOW
from infra.sandbox.portant.workflows import Workflows
from infra.sandbox.store import Shelf, Store
from infra.sandbox.wire import Answer, Document, NotJson, Request, decode_object, json_answer

_BODY_BYTES_MAX: Final = 1_000_000


class Portant:
    """The workflows of one account behind their addresses."""

    name = "portant"
    idempotency: Idempotency | None = None

    def __init__(self, store: Store, clock: Clock, effects: Effects) -> None:
        self._clock = clock
        self._limits = Shelf(store, "portant.limits")
        self._windows = Windows(store, "portant.windows")
        self._workflows = Workflows(store)
        self._runs = Runs(store, clock, effects, self._workflows)

    def tenant_of(self, request: Request) -> str:
        """Name the workflow it is sent to; nobody's where none listens."""
        address = _address(request)
        return address if self._workflows.at(address) is not None else ""

    def admit(self, request: Request, in_flight: int) -> Answer | None:  # noqa: ARG002 - no limit
        """Check the address and what may be posted to it; it is all the authorisation there is."""
        address = _address(request)
        if self._workflows.at(address) is None:
            return _said(404, "Not found")
        window = self._window()
        now = self._clock.now()
        if self._windows.remaining(address, window, now) == 0:
            return _rate_limited(self._windows.until_next(address, window, now))
        self._windows.take(address, window, now)
        return None

    def perform(self, request: Request, cause: Cause) -> Answer:
        """Take data in. A workflow that does not run by itself takes it and does nothing."""
        self._runs.wake()
        workflow = self._workflows.kept(_address(request))
        if request.method != "POST":
            return _said(405, "Method not allowed")
        if len(request.body) > _BODY_BYTES_MAX:
            return _said(413, "Payload too large")
        if workflow["error"]:
            return _said(int(workflow["error"]["status"]), str(workflow["error"]["message"]))
        try:
            fields = decode_object(request.body)
        except NotJson:
            return _said(400, "The request body must be a JSON object")
        if workflow["status"] == "COMPLETE" and workflow["auto_create"]:
            self._runs.begin(workflow, fields, cause)
        return Answer(200, b"ok", "text/plain; charset=utf-8")

    def finish(self, request: Request, answer: Answer) -> Answer:  # noqa: ARG002 - part of the protocol
        """Portant tells no remaining quota."""
        return answer

    def refuse(self, status: int) -> Answer:
        """Answer as whatever stands before Portant would."""
        return Answer(status, b"<html><body>error</body></html>", "text/html")

    def refuse_key(self, key: str) -> Answer:
        """Never asked: Portant has no idempotency keys."""
        return _said(400, f"unexpected key {key}")

    def rate_limited(self, fault: Fault) -> Answer:
        """429; a Retry-After only where the fault says so: Portant documents none."""
        return _rate_limited(fault.retry_after)

    def revoke(self, request: Request, *, only_access: bool) -> None:  # noqa: ARG002 - one address
        """Take the workflow's address away."""
        self._workflows.remove(_address(request))

    def restore_tokens(self) -> Document:
        """Put back every address that was taken away."""
        self._workflows.restore()
        return {"workflow": WORKFLOW}

    def set_limits(self, limits: Document) -> Document:
        """`minute`: calls to a workflow's address in any minute; None lifts it, as it begins."""
        if unknown := set(limits) - {"minute"}:
            raise ValueError(f"no such limit: {', '.join(sorted(unknown))}")
        for name, value in limits.items():
            self._limits.put(name, {"value": value})
        return {"minute": self._window().calls}

    def control(self, method: str, path: str, wish: Document) -> Document | Awaitable[Document]:
        """What people set up and see in Portant; see the README of the sandbox."""
        self._runs.wake()
        calls: Mapping[tuple[str, str], Callable[[], Document | Awaitable[Document]]] = {
            ("GET", "workflows"): lambda: {"workflows": self._workflows.all()},
            ("POST", "workflows"): lambda: self._workflows.add(wish),
            ("POST", "settings"): lambda: self._workflows.change(wish),
            ("GET", "runs"): lambda: {"runs": self._runs.all()},
            ("GET", "pending"): lambda: {"pending": self._runs.pending()},
            ("POST", "tell"): lambda: self._runs.tell_now(wish),
            ("POST", "forge"): lambda: self._runs.forge(wish),
        }
        call = calls.get((method, path))
        if call is None:
            raise NoSuchCall(f"{method} portant/{path}")
        return call()

    def _window(self) -> Window:
        kept = self._limits.get("minute")
        return Window("minute", 60, kept["value"] if kept else None, sliding=True)


def _address(request: Request) -> str:
    return request.path.strip("/")


def _said(status: int, message: str) -> Answer:
    return json_answer(status, {"message": message})


def _rate_limited(retry_after_s: int | None) -> Answer:
    headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
    return json_answer(429, {"message": "Too many requests"}, headers)
