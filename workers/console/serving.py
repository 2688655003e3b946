"""How a page is served: who visits, may they, what do they send, carry it out, answer."""

import hmac
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qsl, quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from infra.http.bodies import read_body
from infra.http.problems import KINDS, HttpProblem
from infra.http.requests import problem_of
from infra.logging import bind_contextvars
from infra.storable import storable
from workers.api.serving import Service
from workers.console import rendering, sessions
from workers.console.rendering import page
from workers.console.sessions import NotSignedIn
from workers.console.visit import HOME, TOKEN_FIELD, Form, Page, Visit, Visitor

SIGN_IN = f"{HOME}/sign-in"
_TOKEN_HEADER = "x-csrf-token"  # noqa: S105 - the header's name


class Console:
    """Serves pages over the API's service."""

    def __init__(self, service: Service) -> None:
        self.service = service

    def route(self, one: Page) -> BaseRoute:
        """Return the route of a page."""

        async def serve(request: Request) -> Response:
            return await self.answered(request, lambda: self._page(one, request))

        return Route(HOME + one.path, serve, methods=[one.method])

    async def answered(
        self, request: Request, answer: Callable[[], Awaitable[Response]]
    ) -> Response:
        """Answer, and put whatever goes wrong into a page."""
        try:
            return await answer()
        except NotSignedIn:
            return _to_sign_in(request)
        except Exception as error:  # noqa: BLE001 - what nobody foresaw is logged, and told as ours
            return problem_page(request, problem_of(error))

    async def _page(self, one: Page, request: Request) -> Response:
        visit = await self.visit(request, with_form=one.method != "GET")
        one.check(visit)
        run = self.service.asking if one.asks_platform else self.service.in_thread
        return await run(one.handle, visit)

    async def visit(self, request: Request, *, with_form: bool = False) -> Visit:
        """Return who visits and what they send.

        Raises:
            NotSignedIn: nobody who is known.
            HttpProblem: the form is not one of ours.
        """
        fleet = self.service.fleet
        secret = sessions.secret_in(fleet, request)
        visitor = await self.service.in_thread(sessions.visitor_of, fleet, secret)
        bind_contextvars(
            workspace=str(visitor.caller.workspace_id), session=str(visitor.caller.key_id)
        )
        form = await self.form(request) if with_form else Form()
        if with_form:
            _check_sender(request, visitor, form)
        return Visit(
            fleet=fleet,
            visitor=visitor,
            ids=request.path_params,
            query=self.read(request.url.query),
            form=form,
            request_id=request.scope["request_id"],
            is_part=_is_part(request),
        )

    async def form(self, request: Request) -> Form:
        """Return the form that was sent.

        Raises:
            HttpProblem: it is too large, or cannot be read.
        """
        chosen = self.service.fleet.settings
        raw = await read_body(request, chosen.request_bytes_max, chosen.web_body_within_s)
        return self.read(raw.decode("utf-8", "replace"))

    def read(self, text: str) -> Form:
        """Read what a browser sends of a form, or a query string.

        Raises:
            HttpProblem: it has too many fields.
        """
        limit = self.service.fleet.settings.console_fields_max
        try:
            pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=limit)
        except ValueError as error:
            raise HttpProblem("unreadable", f"at most {limit} fields are taken") from error
        values: dict[str, tuple[str, ...]] = {}
        for name, value in pairs:
            values[name] = (*values.get(name, ()), str(storable(value)))
        return Form(values)


def _check_sender(request: Request, visitor: Visitor, form: Form) -> None:
    token = request.headers.get(_TOKEN_HEADER) or form.one(TOKEN_FIELD)
    known = hmac.compare_digest(token.encode(), visitor.csrf.encode())
    if not known or not sessions.comes_from_here(request):
        words = "This page is from an earlier session, or not from here. Load it again."
        raise HttpProblem("forbidden", words)


def _is_part(request: Request) -> bool:
    return request.headers.get("hx-request") == "true"


def _to_sign_in(request: Request) -> Response:
    """Send to the sign-in page, and back here afterwards."""
    if _is_part(request):
        return Response(status_code=401, headers={**rendering.HEADERS, "HX-Redirect": SIGN_IN})
    there = f"{SIGN_IN}?next={quote(request.url.path)}" if request.method == "GET" else SIGN_IN
    return RedirectResponse(there, 303, rendering.HEADERS)


def problem_page(request: Request, problem: HttpProblem) -> Response:
    """Return a problem as a page, or as a notice on the page that asked for a part."""
    template = "notice.html" if _is_part(request) else "problem.html"
    title = KINDS[problem.kind][1]
    return page(
        template,
        None,
        problem.status,
        problem.headers,
        title=title,
        detail=problem.detail,
        request_id=request.scope["request_id"],
    )
