"""The web application: endpoints, events, documentation, health, and the pages beside them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from sqlalchemy import text
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from infra.http import problems
from infra.http.requests import Requests, problem_of
from workers.api import actions, contacts, deals, integrations, invoices, subscriptions
from workers.api.documentation import Documentation
from workers.api.endpoint import BASE, Endpoint
from workers.api.events import Streams
from workers.api.serving import Service
from workers.console.routes import console_routes
from workers.fleet import Fleet

OPPORTUNITIES, DEALS = "/opportunities/", "/deals/"
_BY_TAG = {
    "Actions": actions.ENDPOINTS,
    "Integrations": integrations.ENDPOINTS,
    "Deals": (*deals.ENDPOINTS, *contacts.ENDPOINTS),
    "Invoices": invoices.ENDPOINTS,
    "Subscriptions": subscriptions.ENDPOINTS,
}
TAGS = tuple(_BY_TAG)
ENDPOINTS: tuple[Endpoint, ...] = tuple(
    replace(one, tag=tag) for tag, listed in _BY_TAG.items() for one in listed
)
QUIET = frozenset({"/healthz", "/readyz"})
READY_WITHIN_S = 3.0


def aliases(endpoint: Endpoint) -> Sequence[Endpoint]:
    """Return the endpoint and its other addresses: deals are opportunities."""
    if not endpoint.path.startswith(OPPORTUNITIES):
        return (endpoint,)
    path = DEALS + endpoint.path.removeprefix(OPPORTUNITIES)
    return endpoint, replace(endpoint, path=path, name=f"{endpoint.name}_of_deal")


ALL = tuple(one for endpoint in ENDPOINTS for one in aliases(endpoint))


def application(fleet: Fleet) -> tuple[Starlette, Service]:
    """Return the ASGI application, and what serves it (it is let go when the process stops)."""
    service = Service(fleet)
    streams = Streams(service)

    @asynccontextmanager
    async def working(_app: Starlette) -> AsyncIterator[None]:
        task = asyncio.create_task(service.watch.run())
        yield
        task.cancel()
        service.close()

    routes: list[BaseRoute] = [_route(service, one) for one in ALL]
    routes += [
        Route(BASE + "/events", streams.open, methods=["GET"]),
        Route("/healthz", _healthz, methods=["GET"]),
        Route("/readyz", _readyz(service), methods=["GET"]),
        *Documentation(fleet.catalogue, ALL, TAGS).routes,
        *console_routes(service, streams),
    ]
    made = Starlette(
        routes=routes,
        middleware=[Middleware(Requests, quiet=QUIET)],
        exception_handlers={HTTPException: _problem},
        lifespan=working,
    )
    made.router.redirect_slashes = False
    return made, service


def _route(service: Service, endpoint: Endpoint) -> Route:
    async def serve(request: Request) -> Response:
        return await service.serve(endpoint, request)

    return Route(BASE + endpoint.path, serve, methods=[endpoint.method], name=endpoint.name)


async def _problem(request: Request, error: Exception) -> Response:
    """Answer what the router itself refuses as a problem too."""
    return problems.response(problem_of(error), request.scope["request_id"])


async def _healthz(_request: Request) -> Response:
    """Tell that the process answers."""
    return PlainTextResponse("ok\n")


def _readyz(service: Service) -> Callable[[Request], Awaitable[Response]]:
    """Tell whether calls can be served: the database answers, and the process is not stopping."""

    async def readyz(_request: Request) -> Response:
        if service.watch.stopping.is_set():
            return PlainTextResponse("stopping\n", 503)
        try:
            async with asyncio.timeout(READY_WITHIN_S):
                await service.in_thread(_ping, service.fleet)
        except Exception:  # noqa: BLE001 - whatever it was, nothing can be served now
            return PlainTextResponse("the database does not answer\n", 503)
        return PlainTextResponse("ok\n")

    return readyz


def _ping(fleet: Fleet) -> Any:
    with fleet.database.reading() as tx:
        return tx.execute(text("SELECT 1")).scalar_one()
