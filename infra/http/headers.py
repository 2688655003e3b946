"""Request and answer headers the API reads and writes."""

import re

from infra.http.problems import HttpProblem

KEY_CHARACTERS_MAX = 200
_KEY = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
_WAIT = re.compile(r"(?:^|[,;\s])wait\s*=\s*\"?(\d{1,6})\"?(?=$|[,;\s])", re.IGNORECASE)


def bearer(header: str | None) -> str:
    """Return the key of an `Authorization: Bearer …` header.

    Raises:
        HttpProblem: there is none.
    """
    kind, _, key = (header or "").partition(" ")
    if kind.lower() != "bearer" or not key.strip():
        raise unauthenticated("send the API key as Authorization: Bearer tp_live_…")
    return key.strip()


def unauthenticated(detail: str) -> HttpProblem:
    """Return the refusal of a call nobody is known to make (RFC 6750)."""
    return HttpProblem(
        "unauthenticated", detail, headers={"WWW-Authenticate": 'Bearer realm="actionfleet"'}
    )


def idempotency_key(header: str | None) -> str | None:
    """Return the `Idempotency-Key`, with or without the quotes of a structured header.

    Raises:
        HttpProblem: it is empty, too long, or not printable ASCII.
    """
    if header is None:
        return None
    key = header[1:-1] if len(header) > 1 and header[0] == header[-1] == '"' else header
    if len(key) > KEY_CHARACTERS_MAX or not _KEY.fullmatch(key):
        words = f"Idempotency-Key must be 1 to {KEY_CHARACTERS_MAX} printable ASCII characters"
        raise HttpProblem("unreadable", words)
    return key


def preferred_wait(header: str | None, seconds_max: float) -> float | None:
    """Return how long the caller would wait (RFC 7240, `wait`); None: not at all."""
    found = _WAIT.search(header or "")
    return None if found is None else min(float(found[1]), seconds_max)


def rate_limit(calls: int, seconds: int, left: int, full_in_s: float) -> dict[str, str]:
    """Return what a caller may still do (draft-ietf-httpapi-ratelimit-headers-10).

    `r` calls are left at once; after `t` seconds of silence it is all of them again.
    """
    return {
        "RateLimit-Policy": f'"key";q={calls};w={seconds}',
        "RateLimit": f'"key";r={left};t={-int(-full_in_s // 1)}',
    }
