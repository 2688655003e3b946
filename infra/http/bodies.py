"""Bodies of requests: whole, in time, not too large, and strict JSON."""

import asyncio
from typing import Any

from starlette.requests import Request

from infra.envelope import Unreadable
from infra.http.problems import HttpProblem


async def read_body(request: Request, bytes_max: int, within_s: float) -> bytes:
    """Return the whole body.

    Raises:
        HttpProblem: it is too large, or does not come in time.
        starlette.requests.ClientDisconnect: the caller went away.
    """
    said = request.headers.get("content-length", "")
    if said.isascii() and said.isdigit() and int(said[:20]) > bytes_max:
        raise _too_large(bytes_max)
    try:
        async with asyncio.timeout(within_s):
            parts, size = [], 0
            async for part in request.stream():
                size += len(part)
                if size > bytes_max:
                    raise _too_large(bytes_max)
                parts.append(part)
    except TimeoutError as error:
        words = f"the body did not come whole within {within_s:g} s"
        raise HttpProblem("too_slow", words, headers={"Connection": "close"}) from error
    return b"".join(parts)


def read_object(request: Request, body: bytes, bytes_max: int, depth_max: int) -> dict[str, Any]:
    """Return a body as a JSON object; an empty body is an empty object.

    Raises:
        HttpProblem: it is declared as something else, is not JSON, or cannot be kept.
    """
    from infra.wire import check_storable, read_json  # noqa: PLC0415 - loads pydantic

    if not body:
        return {}
    declared = request.headers.get("content-type", "application/json").partition(";")[0].strip()
    if declared.lower() != "application/json" and not declared.lower().endswith("+json"):
        raise HttpProblem("unsupported", "send the body as Content-Type: application/json")
    try:
        value = read_json(body, bytes_max)
        check_storable(value, depth_max)
    except Unreadable as refused:
        raise HttpProblem("unreadable", str(refused)[:500], tuple(refused.problems[:50])) from None
    if not isinstance(value, dict):
        raise HttpProblem("unreadable", "the body must be a JSON object")
    return value


def _too_large(bytes_max: int) -> HttpProblem:
    words = f"at most {bytes_max} bytes are accepted"
    return HttpProblem("too_large", words, headers={"Connection": "close"})
