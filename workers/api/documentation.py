"""What is served about the API: the page, the OpenAPI, the AsyncAPI, a JSON Schema per action."""

import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from infra.catalogue import Catalogue
from infra.http.problems import HttpProblem
from workers.api import asyncapi, openapi, schemas
from workers.api.endpoint import Endpoint
from workers.api.page import page

ASSETS = Path(__file__).parent / "assets"
POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'"
_PUBLIC = {"Cache-Control": "public, max-age=300"}


class Documentation:
    """Made when first asked for, then kept."""

    def __init__(
        self, catalogue: Catalogue, endpoints: Sequence[Endpoint], tags: Sequence[str]
    ) -> None:
        self._catalogue = catalogue
        self._endpoints = endpoints
        self._tags = tags

    @property
    def routes(self) -> list[Route]:
        """Where it is served."""
        return [
            Route("/docs", self._page, methods=["GET"]),
            Route("/docs/style.css", self._style, methods=["GET"]),
            Route("/openapi.json", self._openapi, methods=["GET"]),
            Route("/asyncapi.json", self._asyncapi, methods=["GET"]),
            Route("/schemas", self._list, methods=["GET"]),
            Route("/schemas/{action_type}", self._schema, methods=["GET"]),
        ]

    @cached_property
    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document."""
        return openapi.document(self._catalogue, self._endpoints, self._tags)

    @cached_property
    def _bodies(self) -> dict[str, bytes]:
        found = {name: schemas.document_of(self._catalogue, name) for name in self._names}
        bodies = {f"schema {name}": _json(told) for name, told in found.items()}
        return bodies | {
            "openapi": _json(self.openapi),
            "asyncapi": _json(asyncapi.document(self._catalogue)),
            "list": _json({"schemas": [f"/schemas/{name}" for name in self._names]}),
            "page": page(self.openapi, found).encode(),
            "style": (ASSETS / "docs.css").read_bytes(),
        }

    @property
    def _names(self) -> list[str]:
        return sorted(self._catalogue.actions)

    async def _page(self, _request: Request) -> Response:
        headers = _PUBLIC | {"Content-Security-Policy": POLICY}
        return Response(self._bodies["page"], headers=headers, media_type="text/html")

    async def _style(self, _request: Request) -> Response:
        return Response(self._bodies["style"], headers=_PUBLIC, media_type="text/css")

    async def _openapi(self, _request: Request) -> Response:
        return _answered(self._bodies["openapi"], "application/vnd.oai.openapi+json;version=3.1")

    async def _asyncapi(self, _request: Request) -> Response:
        return _answered(self._bodies["asyncapi"], "application/vnd.aai.asyncapi+json;version=3.0")

    async def _list(self, _request: Request) -> Response:
        return _answered(self._bodies["list"], "application/json")

    async def _schema(self, request: Request) -> Response:
        name = request.path_params["action_type"].removesuffix(".json")
        body = self._bodies.get(f"schema {name}")
        if body is None:
            known = ", ".join(self._names)
            raise HttpProblem("not_found", f"there is no action type {name[:60]!r}; known: {known}")
        return _answered(body, "application/schema+json")


def _answered(body: bytes, media_type: str) -> Response:
    return Response(body, headers=_PUBLIC, media_type=media_type)


def _json(told: Any) -> bytes:
    return json.dumps(told, ensure_ascii=False).encode()
