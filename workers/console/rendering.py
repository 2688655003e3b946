"""Pages as they are sent: templates, their filters, static files, and the headers of both.

Every page comes with one strict policy: scripts and styles from here alone, none inline, no frames
of others around it. Templates escape everything; what they are given is text and numbers.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import Response

from workers.console import wording
from workers.console.visit import HOME, TOKEN_FIELD, Visit

HERE = Path(__file__).parent
STATIC = f"{HOME}/static"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self';"
    " connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'"
)
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",
}
FOREVER = "public, max-age=31536000, immutable"
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Asset:
    """A static file."""

    body: bytes
    media_type: str


@cache
def assets() -> Mapping[str, Asset]:
    """Return every static file by name."""
    files = [one for one in (HERE / "static").iterdir() if one.suffix in _TYPES]
    return {one.name: Asset(one.read_bytes(), _TYPES[one.suffix]) for one in files}


@cache
def mark() -> str:
    """Return the part of every static file's address that changes when any of them does.

    They name each other by relative addresses, and are kept by browsers for ever.
    """
    read = hashlib.sha256(b"".join(one.body for _, one in sorted(assets().items())))
    return read.hexdigest()[:16]


def address_of(name: str) -> str:
    """Return the address of a static file."""
    return f"{STATIC}/{mark()}/{name}"


@cache
def _templates() -> Environment:
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"asset": address_of, "home": HOME, "token_field": TOKEN_FIELD}
    made.filters |= wording.FILTERS
    return made


def html(template: str, **given: Any) -> str:
    """Return a template filled in."""
    return _templates().get_template(template).render(**given)


def page(
    template: str,
    visit: Visit | None,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **given: Any,
) -> Response:
    """Return a page, or a part of one; templates know the visitor as `visitor`."""
    visitor = None if visit is None else visit.visitor
    body = html(template, visitor=visitor, **given)
    return Response(body, status, {**HEADERS, **(headers or {})}, "text/html")
