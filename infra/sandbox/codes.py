"""Authorization codes, as both platforms where people sign in give them out.

A code is good for 5 minutes and once. Sources: RFC 6749 (4.1), RFC 7636 (4.2: S256, plain).
"""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Final
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

from infra.sandbox.clock import Clock
from infra.sandbox.store import Shelf, Store
from infra.sandbox.wire import Answer, Document

CODE_MS: Final = 300_000


class Codes:
    """The codes given out, and what each stands for."""

    def __init__(self, store: Store, clock: Clock, shelf: str) -> None:
        self._kept = Shelf(store, shelf)
        self._clock = clock

    def give(self, asked: Mapping[str, str], granted: Document) -> str:
        """Return a new code for what was asked of the consent page."""
        code = uuid4().hex
        self._kept.put(
            code,
            {
                "granted": granted,
                "redirect_uri": asked["redirect_uri"],
                "challenge": asked.get("code_challenge", ""),
                "method": asked.get("code_challenge_method", "plain"),
                "expires_ms": self._clock.now_ms() + CODE_MS,
            },
        )
        return code

    def redeem(self, form: Mapping[str, str]) -> Document | None:
        """Take a code and return what was granted; None: unknown, used, too old or another's."""
        code, verifier = form.get("code", ""), form.get("code_verifier", "")
        kept = self._kept.get(code)
        self._kept.remove(code)
        if kept is None or kept["expires_ms"] <= self._clock.now_ms():
            return None
        if kept["redirect_uri"] != form.get("redirect_uri"):
            return None
        hashed = _s256(verifier) if verifier and kept["method"] == "S256" else verifier
        if kept["challenge"] != hashed:
            return None
        granted: Document = kept["granted"]
        return granted


def may_be_redirected_to(asked: Mapping[str, str]) -> bool:
    """Whether the redirect URI is https, or http on this machine."""
    uri = urlsplit(asked.get("redirect_uri", ""))
    local = uri.scheme == "http" and uri.hostname in {"localhost", "127.0.0.1"}
    return bool(uri.scheme == "https" and uri.hostname) or local


def redirect(asked: Mapping[str, str], answer: Mapping[str, str]) -> Answer:
    """Send the person back to the app with the answer, and the state it came with."""
    query = {**answer, **({"state": asked["state"]} if "state" in asked else {})}
    uri = asked["redirect_uri"]
    location = f"{uri}{'&' if '?' in uri else '?'}{urlencode(query)}"
    return Answer(302, b"", None, {"Location": location})


def _s256(verifier: str) -> str:
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
