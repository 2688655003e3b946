"""How an endpoint is served: who calls, may they, what do they say, carry it out, answer.

Nothing here blocks the event loop: endpoints run in threads, one kind for what only asks the
database and one for what waits for a platform; waiting for an outcome takes no thread at all.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from functools import cache, partial
from typing import Any, TypeVar
from uuid import UUID

import orjson
from pydantic import TypeAdapter
from starlette.requests import Request
from starlette.responses import Response

from infra.database import api_keys
from infra.database.pacing import PACE_S
from infra.envelope import Problem, Refused
from infra.http import headers
from infra.http.bodies import read_body, read_object
from infra.http.problems import HttpProblem, invalid
from infra.logging import bind_contextvars
from workers.api.checking import checked_body, checked_query
from workers.api.endpoint import Accepted, Asked, Caller, Endpoint, ParamsBody
from workers.api.shapes import Action, action_of
from workers.api.stripping import without_money
from workers.api.watch import Watch
from workers.api_keys import digest_of
from workers.commands import NotPossible
from workers.fleet import Fleet
from workers.reading import NotReadable
from workers.subscriptions import NotFound

T = TypeVar("T")
ASKING_THREADS = 16
"""Calls that wait for a platform at the same time; each may take as long as one exchange."""


@dataclass(slots=True)
class Service:
    """What serves endpoints."""

    fleet: Fleet
    watch: Watch = field(init=False)
    _threads: ThreadPoolExecutor = field(init=False)
    _asking: ThreadPoolExecutor = field(init=False)

    def __post_init__(self) -> None:
        pool = self.fleet.settings.database_pool_max
        self._threads = ThreadPoolExecutor(pool, "api")
        self._asking = ThreadPoolExecutor(ASKING_THREADS, "asking")
        self.watch = Watch(self.fleet, self.in_thread)

    def close(self) -> None:
        """Let go of the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._asking.shutdown(wait=False, cancel_futures=True)

    async def in_thread(self, work: Callable[..., T], *given: Any) -> T:
        """Do what asks the database."""
        return await _run_in(self._threads, work, *given)

    async def asking(self, work: Callable[..., T], *given: Any) -> T:
        """Do what waits for a platform."""
        return await _run_in(self._asking, work, *given)

    async def admit(self, request: Request) -> Caller:
        """Find out who calls, and count the call.

        Raises:
            HttpProblem: nobody known, or too often.
        """
        key = headers.bearer(request.headers.get("authorization"))
        caller, limits, wait_s = await self.in_thread(self._admit, key)
        request.scope["answer_headers"] |= limits
        bind_contextvars(workspace=str(caller.workspace_id), caller=str(caller.key_id))
        if wait_s is not None:
            seconds = int(wait_s) + 1
            words = f"this key has made its calls of this minute; ask again in {seconds} s"
            raise HttpProblem("too_many", words, headers={"Retry-After": str(seconds)})
        return caller

    def _admit(self, key: str) -> tuple[Caller, Mapping[str, str], float | None]:
        calls = self.fleet.settings.web_calls_per_minute
        with self.fleet.database.transaction() as tx:
            known = api_keys.admit(tx, digest_of(key), calls)
        if known is None:
            raise headers.unauthenticated("the API key is unknown or revoked")
        limits = headers.rate_limit(calls, PACE_S, known.left, known.full_in_s)
        who = f"API key {known.name} ({known.prefix}…)"
        caller = Caller(known.workspace_id, known.scopes, who, known.key_id)
        return caller, limits, known.refused_for_s

    async def serve(self, endpoint: Endpoint, request: Request) -> Response:
        """Answer one call."""
        caller = await self.admit(request)
        caller.needs(endpoint.scope)
        asked = await self._asked(endpoint, request, caller)
        run = self.asking if endpoint.asks_platform else self.in_thread
        answer = await run(carried_out, endpoint, asked)
        if not isinstance(answer, Accepted):
            return await self.in_thread(_answered, endpoint.answer, answer, caller)
        return await self._accepted(answer.action_id, request, caller)

    async def _asked(self, endpoint: Endpoint, request: Request, caller: Caller) -> Asked:
        chosen = self.fleet.settings
        key = headers.idempotency_key(request.headers.get("idempotency-key"))
        query = checked_query(endpoint.query, request.query_params.multi_items())
        body: Any = None
        if endpoint.body is not None:
            raw = await read_body(request, chosen.request_bytes_max, chosen.web_body_within_s)
            limits = chosen.request_bytes_max, chosen.request_depth_max
            body = checked_body(endpoint.body, read_object(request, raw, *limits))
        ids: Mapping[str, UUID] = request.path_params
        request_id = request.scope["request_id"]
        trace = request.headers.get("traceparent")
        return Asked(self.fleet, caller, ids, query, body, key, request_id, trace)

    async def _accepted(self, action_id: UUID, request: Request, caller: Caller) -> Response:
        """Answer 202 with the action, or 200 once it has ended, if the caller waits for that."""
        chosen = self.fleet.settings
        wait_s = headers.preferred_wait(request.headers.get("prefer"), chosen.web_wait_max_s)
        may_wait = wait_s is not None and self.watch.waiting < chosen.web_waiting_max
        action = await self.in_thread(self._action, action_id, caller)
        if may_wait and wait_s and action.status.is_due_by_itself:
            await self.watch.ended(action_id, wait_s)
            action = await self.in_thread(self._action, action_id, caller)
        more = {"Location": action.url}
        if may_wait:
            more["Preference-Applied"] = f"wait={wait_s:.0f}"
        status = 200 if may_wait and action.is_final else 202
        return await self.in_thread(_answered, Action, action, caller, status, more)

    def _action(self, action_id: UUID, caller: Caller) -> Action:
        return action_of(self.fleet, caller.workspace_id, action_id)


async def _run_in(threads: ThreadPoolExecutor, work: Callable[..., T], *given: Any) -> T:
    """Run in a thread, with the context that logs are written in."""
    bound = partial(copy_context().run, work, *given)
    return await asyncio.get_running_loop().run_in_executor(threads, bound)


def carried_out(endpoint: Endpoint, asked: Asked) -> Any:
    """Carry out, and put what the fleet refuses into problems.

    Raises:
        HttpProblem: it is refused.
    """
    try:
        return endpoint.handle(asked)
    except Refused as refused:
        raise invalid(_as_named(endpoint, refused)) from refused
    except NotPossible as error:
        raise HttpProblem("not_possible", str(error)) from error
    except NotFound as error:
        raise HttpProblem("not_found", f"{error} in this workspace") from error
    except NotReadable as error:
        wait = timedelta(seconds=5) if error.until is None else error.until - asked.fleet.now()
        seconds = str(max(1, int(wait.total_seconds()) + 1))
        raise HttpProblem("unavailable", str(error), headers={"Retry-After": seconds}) from error


def _as_named(endpoint: Endpoint, refused: Refused) -> list[Problem]:
    """Name fields as the caller knows them: params stand at the top where they are the body."""
    if not isinstance(endpoint.body, ParamsBody) and endpoint.query is None:
        return refused.problems
    return [Problem(p.field.removeprefix("params."), p.problem) for p in refused.problems]


def _answered(
    shape: type,
    answer: Any,
    caller: Caller,
    status: int = 200,
    more: Mapping[str, str] | None = None,
) -> Response:
    plain = _adapter(shape).dump_python(answer)
    if not caller.sees_money:
        plain = without_money(plain)
    return Response(_json(plain), status, dict(more or {}), "application/json")


def _json(plain: Any) -> bytes:
    try:
        return orjson.dumps(plain, default=_written)
    except TypeError:  # a number of more than 64 bits, which JSON allows
        return json.dumps(plain, default=_as_json).encode()


def _as_json(value: Any) -> Any:
    return orjson.loads(orjson.dumps(value, default=_written))


@cache
def _adapter(shape: type) -> TypeAdapter[Any]:
    return TypeAdapter(shape)


def _written(value: Any) -> str:
    """Write a decimal exactly, without the zeros a database adds beyond two places."""
    if not isinstance(value, Decimal):
        raise TypeError
    trimmed = value.normalize()
    places = max(2, -int(trimmed.as_tuple().exponent))
    return f"{trimmed:.{places}f}"
