"""What each accepted POST becomes: a while later its documents, and then the event of them."""

import asyncio
from contextlib import suppress
from typing import Any, Final
from uuid import uuid4

from infra.sandbox.clock import Clock, iso
from infra.sandbox.effects import BY_APP, Cause, Effects
from infra.sandbox.platform import NoSuchCall
from infra.sandbox.portant.documents import PDF, event_of
from infra.sandbox.portant.telling import UNHEARD, forged, tell
from infra.sandbox.portant.workflows import Workflows
from infra.sandbox.store import Shelf, Store
from infra.sandbox.wire import Document

MARK: Final = "wf_ref"


class Runs:
    """Portant's automations, in the order in which they began."""

    def __init__(self, store: Store, clock: Clock, effects: Effects, workflows: Workflows) -> None:
        self._store = store
        self._epoch = store.epoch
        self._clock = clock
        self._effects = effects
        self._workflows = workflows
        self._kept = Shelf(store, "portant.runs")
        self._open = {run["id"] for run in self._kept.records() if not run["done"]}
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._moved = asyncio.Event()
        clock.on_move(self._moved.set)

    def begin(self, workflow: Document, fields: Document, cause: Cause) -> None:
        """Begin one: the documents come after the workflow's delay."""
        now, mark = self._clock.now(), fields.get(MARK)
        run = {
            "id": f"aut_{uuid4().hex[:14]}",
            "workflow": workflow["workflow"],
            "fields": fields,
            "ref": None if mark is None else str(mark),
            "request_seq": cause.request_seq,
            "accepted_at": iso(now),
            "due_at": now + float(workflow["delay_s"]),
            "event": None,
            "done": False,  # with making and telling
            "heard": False,
            "deliveries": [],  # what each was answered
        }
        self._kept.put(run["id"], run)
        self._open.add(run["id"])
        self.wake()

    def wake(self) -> None:
        """Go on with what is not done; a restart may have come between."""
        for identity in self._open - self._under_way.keys():
            going = asyncio.get_running_loop().create_task(self._carry(identity))
            self._under_way[identity] = going

    def all(self) -> list[Document]:
        """Return every run."""
        return [{**run, "due_at": iso(float(run["due_at"]))} for run in self._kept.records()]

    def pending(self) -> list[Document]:
        """Return the events nobody has heard."""
        return [
            {"ref": run["ref"], "workflow": run["workflow"], "event": run["event"]}
            for run in self._unheard()
        ]

    async def tell_now(self, wish: Document) -> Document:
        """Tell once what nobody has heard; or the event of one `ref`, made and heard or not.

        Raises:
            NoSuchCall: no run of that reference.
        """
        chosen = self._unheard()
        if "ref" in wish:
            chosen = [run for run in self._kept.records() if run["ref"] == wish["ref"]]
            if not chosen:
                raise NoSuchCall(f"a run of {wish['ref']}")
        for run in chosen:
            self._make(run["id"])
        return {"statuses": [await self._tell(run["id"]) for run in chosen]}

    async def forge(self, wish: Document) -> Document:
        """Tell of documents that nobody made, without knowing the url's secret last part.

        Raises:
            ValueError: the workflow tells nobody.
        """
        named = {name: wish[name] for name in ("workflow",) if name in wish}
        workflow = self._workflows.change(named)
        if not workflow["callback_url"]:
            raise ValueError("the workflow has no `callback_url`")
        event = event_of(workflow, {MARK: str(wish.get("ref") or uuid4())})
        return {"status": await asyncio.to_thread(tell, forged(workflow["callback_url"]), event)}

    async def _carry(self, identity: str) -> None:
        try:
            await self._until_due(identity)
            if self._is_gone():
                return
            self._make(identity)
            workflow = self._workflows.kept(self._run(identity)["workflow"])
            if workflow["callback_url"] and not workflow["silent"]:
                await self._tell_as_set_up(identity, workflow)
            self._change(identity, done=True)
            self._open.discard(identity)
        finally:
            self._under_way.pop(identity, None)

    async def _until_due(self, identity: str) -> None:
        while (wait := float(self._run(identity)["due_at"]) - self._clock.now()) > 0:
            self._moved.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._moved.wait(), wait)

    async def _tell_as_set_up(self, identity: str, workflow: Document) -> None:
        for attempt in range(int(workflow["attempts"])):
            if attempt:
                await asyncio.sleep(float(workflow["retry_s"]))
            if 200 <= await self._tell(identity) < 300:
                break
        for _ in range(int(workflow["duplicate"])):
            await self._tell(identity)

    def _make(self, identity: str) -> None:
        """Make the documents, unless they are there."""
        run = self._run(identity)
        if run["event"] is not None:
            return
        event = event_of(self._workflows.kept(run["workflow"]), run["fields"])
        cause = Cause(run["request_seq"], run["workflow"], None, BY_APP)
        for file in event["data"]["documents"]:
            if file["mimetype"] != PDF:  # a copy is no effect of its own
                self._effects.record(cause, "portant", "document.created", file["id"], run["ref"])
        self._change(identity, event=event, made_at=iso(self._clock.now()))

    async def _tell(self, identity: str) -> int:
        run = self._run(identity)
        url = self._workflows.kept(run["workflow"])["callback_url"]
        status = await asyncio.to_thread(tell, url, run["event"]) if url else UNHEARD
        run = self._run(identity)
        heard = run["heard"] or 200 <= status < 300
        self._change(identity, heard=heard, deliveries=[*run["deliveries"], status])
        return status

    def _unheard(self) -> list[Document]:
        return [
            run for run in self._kept.records() if run["event"] is not None and not run["heard"]
        ]

    def _run(self, identity: str) -> Document:
        return self._kept.get(identity) or {}

    def _change(self, identity: str, **changes: Any) -> None:
        if self._is_gone():
            return
        self._kept.put(identity, {**self._run(identity), **changes})
        self._store.commit()

    def _is_gone(self) -> bool:
        """Did a reset come? The world it began in is gone."""
        return self._store.epoch != self._epoch
