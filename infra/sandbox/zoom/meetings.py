"""The meetings of the account: created, kept, and shown as Zoom shows them."""

import re
import secrets
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4
from zoneinfo import ZoneInfo

from infra.sandbox.clock import Clock
from infra.sandbox.effects import Cause, Effects
from infra.sandbox.store import Shelf, Store
from infra.sandbox.wire import Document
from infra.sandbox.zoom.drafting import FIXED_TIME, INSTANT, NO_FIXED_TIME
from infra.sandbox.zoom.recurrence import occurrences
from infra.sandbox.zoom.refusals import NO_MEETING, ZoomError

_FIRST_ID: Final = 81_000_000_000
_MARK: Final = re.compile(r"\[ref:([0-9a-fA-F-]{36})\]")
_SITE: Final = "https://us05web.zoom.test"


class Meetings:
    """Meetings by id, in the order in which they were created."""

    def __init__(self, store: Store, clock: Clock, effects: Effects) -> None:
        self._clock = clock
        self._effects = effects
        self._meetings = Shelf(store, "zoom.meetings")

    def create(self, host: Document, wish: Document, cause: Cause) -> Document:
        """Create a meeting from a checked draft and count the effect; return the record."""
        identity = _FIRST_ID + len(self._meetings) + 1
        now = self._clock.now()
        name = str(wish.get("timezone", host["timezone"]))
        starts = None if wish["type"] == NO_FIXED_TIME else _start(wish, ZoneInfo(name), now)
        meeting = {
            "id": identity,
            "uuid": b64encode(uuid4().bytes).decode(),
            "host_id": host["id"],
            "host_email": host["email"],
            "topic": wish["topic"],
            "type": wish["type"],
            "agenda": wish.get("agenda", ""),
            "duration": wish["duration"],
            "timezone": name,
            "starts": starts,
            "created": now,
            "deleted": False,
            "settings": {"approval_type": 2, "use_pmi": False, **wish.get("settings", {})},
            **_recurring(wish, starts, name),
            **_secrets(identity, wish),
        }
        self._meetings.put(str(identity), meeting)
        mark = _MARK.match(meeting["agenda"])
        self._effects.record(
            cause, "zoom", "meeting.created", str(identity), mark and mark[1].lower()
        )
        return meeting

    def named(self, identity: str) -> Document:
        """Return a meeting.

        Raises:
            ZoomError: 3001, there is none (any more).
        """
        found = self._meetings.get(identity)
        if found is None or found["deleted"]:
            raise ZoomError(NO_MEETING, f"Meeting does not exist: {identity}.")
        return found

    def delete(self, identity: str) -> Document:
        """Delete a meeting, as a person does."""
        meeting = {**self.named(identity), "deleted": True}
        self._meetings.put(identity, meeting)
        return meeting

    def change(self, identity: str, wish: Document) -> Document:
        """Change `agenda` or `topic`, as a person does."""
        if unknown := set(wish) - {"agenda", "topic"}:
            raise ValueError(f"no such field: {', '.join(sorted(unknown))}")
        meeting = {**self.named(identity), **wish}
        self._meetings.put(identity, meeting)
        return meeting

    def of(self, host: str) -> Iterator[Document]:
        """Yield a host's meetings."""
        for meeting in self._meetings.records():
            if meeting["host_id"] == host and not meeting["deleted"]:
                yield meeting

    def all(self) -> list[Document]:
        """Return every meeting there is, whole."""
        return [shown(one) for one in self._meetings.records() if not one["deleted"]]


def shown(meeting: Document) -> Document:
    """Return what creating or reading a meeting tells."""
    hidden = {"starts", "created", "deleted", "occurrences"}
    told = {name: value for name, value in meeting.items() if name not in hidden}
    if meeting["type"] == FIXED_TIME:
        told["occurrences"] = [
            {
                "occurrence_id": str(int(moment * 1_000)),
                "start_time": iso_z(moment),
                "duration": meeting["duration"],
                "status": "available",
            }
            for moment in meeting["occurrences"]
        ]
    elif meeting["starts"] is not None:
        told["start_time"] = iso_z(meeting["starts"])
    return {**told, "status": "waiting", "created_at": iso_z(meeting["created"])}


def iso_z(seconds: float) -> str:
    """Write a moment as Zoom does: UTC, whole seconds, a Z."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _start(wish: Document, zone: ZoneInfo, now: float) -> float:
    given = wish.get("start_time")
    if given is None or wish["type"] == INSTANT:
        return now
    start = datetime.fromisoformat(given)
    # A time the clocks skip is moved on by as much; of a time they show twice it is the first.
    return (start if start.tzinfo else start.replace(tzinfo=zone)).timestamp()


def _recurring(wish: Document, starts: float | None, name: str) -> Document:
    if wish["type"] != FIXED_TIME or starts is None:
        return {"occurrences": []}
    first = datetime.fromtimestamp(starts, UTC)
    rule = wish["recurrence"]
    return {"recurrence": rule, "occurrences": occurrences(first, ZoneInfo(name), rule)}


def _secrets(identity: int, wish: Document) -> Document:
    password = wish.get("password") or ""
    if wish.get("default_password") and not password:
        password = secrets.token_urlsafe(6)[:6]
    coded = f"{secrets.token_urlsafe(24)}.1"
    made = {
        "join_url": f"{_SITE}/j/{identity}" + (f"?pwd={coded}" if password else ""),
        "start_url": f"{_SITE}/s/{identity}?zak=eyJ0eXAiOiJKV1QifQ.{secrets.token_urlsafe(60)}."
        f"{secrets.token_urlsafe(32)}",
    }
    if not password:
        return made
    digits = str(secrets.randbelow(900_000) + 100_000)
    return {
        **made,
        "password": password,
        "h323_password": digits,
        "pstn_password": digits,
        "encrypted_password": coded,
    }
