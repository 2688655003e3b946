"""Every address of the console."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from domain.access import Scope
from infra.database import sessions
from infra.http.problems import HttpProblem
from workers.api.events import EventFilter, Streams
from workers.api.serving import Service
from workers.console import (
    contact,
    deal_page,
    deals_page,
    invoice_card,
    invoice_new,
    invoice_send,
    letter,
    operators,
    product_page,
    progress_page,
    rendering,
    sync_page,
)
from workers.console.serving import Console
from workers.console.sign_in import SignIn
from workers.console.visit import HOME, Page

PAGES: tuple[Page, ...] = (
    *deals_page.PAGES,
    *deal_page.PAGES,
    *product_page.PAGES,
    *progress_page.PAGES,
    *contact.PAGES,
    # Fixed words before ids: the first address that fits is the one that counts.
    *invoice_new.PAGES,
    *letter.PAGES,
    *sync_page.PAGES,
    *invoice_send.PAGES,
    *invoice_card.PAGES,
    *operators.PAGES,
)


def console_routes(service: Service, streams: Streams) -> Sequence[BaseRoute]:
    """Return what the web process serves to people, beside the API."""
    console = Console(service)

    async def begin(request: Request) -> Response:
        return await console.answered(request, lambda: _home(console, request))

    async def events(request: Request) -> Response:
        return await console.answered(request, lambda: _events(console, streams, request))

    return (
        Route(HOME, begin, methods=["GET"]),
        *SignIn(console).routes,
        Route(f"{rendering.STATIC}/{{mark}}/{{name}}", static, methods=["GET"]),
        Route(HOME + "/deals/{deal_id:uuid}/events", events, methods=["GET"]),
        *(console.route(one) for one in PAGES),
    )


async def _home(console: Console, request: Request) -> Response:
    """Send to where a visitor begins: the deals, the one deal their link opens, or operating."""
    visit = await console.visit(request)
    one = visit.visitor.deal_id
    there = f"{HOME}/deals" if one is None else f"{HOME}/deals/{one}"
    if not visit.visitor.may(Scope.INTEGRATIONS_READ):
        there = HOME + operators.ROOT
    return RedirectResponse(there, 303, rendering.HEADERS)


async def _events(console: Console, streams: Streams, request: Request) -> Response:
    """Answer with the deal's events as they happen (as `GET /events` of the API)."""
    visit = await console.visit(request)
    deal_id = visit.ids["deal_id"]
    if not visit.of_deal(deal_id):
        raise HttpProblem("not_found", "Your link opens one deal, and this is not it.")
    return await streams.opened(request, visit.caller, EventFilter(deal_id=deal_id), sessions.opens)


async def static(request: Request) -> Response:
    """Answer with a static file; its address changes with its content."""
    found = rendering.assets().get(request.path_params["name"])
    if found is None or request.path_params["mark"] != rendering.mark():
        raise HttpProblem("not_found", "there is no such file")
    headers = {"Cache-Control": rendering.FOREVER, "Cross-Origin-Resource-Policy": "same-origin"}
    return Response(found.body, headers=headers, media_type=found.media_type)
