"""Coming in and leaving: by an API key, or by a signed link."""

from collections.abc import Callable, Coroutine
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from infra.http.problems import HttpProblem
from workers.console import rendering, sessions
from workers.console.links import NotALink
from workers.console.rendering import page
from workers.console.serving import SIGN_IN, Console
from workers.console.sessions import Begun, NotSignedIn
from workers.console.visit import HOME

Answer = Callable[[Request], Coroutine[Any, Any, Response]]
UNKNOWN = "That key is not known here, has been revoked, or may not read integrations."


class SignIn:
    """The pages around a session."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._service = console.service

    @property
    def routes(self) -> list[BaseRoute]:
        """Where they are."""
        return [
            Route(SIGN_IN, self._wrapped(self._ask), methods=["GET"]),
            Route(SIGN_IN, self._wrapped(self._by_key), methods=["POST"]),
            Route(f"{HOME}/enter", self._wrapped(self._by_link), methods=["GET"]),
            Route(f"{HOME}/sign-out", self._wrapped(self._leave), methods=["POST"]),
        ]

    def _wrapped(self, handle: Answer) -> Answer:
        async def serve(request: Request) -> Response:
            return await self._console.answered(request, lambda: handle(request))

        return serve

    async def _ask(self, request: Request) -> Response:
        there = _local(self._console.read(request.url.query).one("next"))
        return page("sign_in.html", None, next=there, problem=None)

    async def _by_key(self, request: Request) -> Response:
        if not sessions.comes_from_here(request):
            raise HttpProblem("forbidden", "This form is not from here. Sign in on this page.")
        form = await self._console.form(request)
        there, key = _local(form.one("next")), form.one("key")
        begun = await self._service.in_thread(sessions.begun_by_key, self._service.fleet, key)
        if begun is None:
            return page("sign_in.html", None, 422, next=there, problem=UNKNOWN)
        return self._entered(request, begun, there)

    async def _by_link(self, request: Request) -> Response:
        if request.method == "HEAD":  # of who looks where a link leads: it opens once, for a person
            return Response(headers=rendering.HEADERS)
        fleet = self._service.fleet
        token = self._console.read(request.url.query).one("link")
        try:
            begun = await self._service.in_thread(sessions.begun_by_link, fleet, token)
        except NotALink as error:
            return await self._not_a_link(request, str(error))
        return self._entered(request, begun, f"{HOME}/deals/{begun.opening.deal_id}")

    async def _not_a_link(self, request: Request, words: str) -> Response:
        """Say so; who is signed in already (a link opened twice) may go on."""
        try:
            visit = await self._console.visit(request)
        except NotSignedIn:
            visit = None
        deal_id = visit and visit.visitor.deal_id
        return page("link.html", None, 403, problem=words, deal_id=deal_id)

    async def _leave(self, request: Request) -> Response:
        visit = await self._console.visit(request, with_form=True)
        await self._service.in_thread(sessions.ended, visit.fleet, visit.visitor)
        answer = RedirectResponse(SIGN_IN, 303, rendering.HEADERS)
        sessions.set_cookie(visit.fleet, request, answer, None)
        answer.headers["Clear-Site-Data"] = '"cache"'
        return answer

    def _entered(self, request: Request, begun: Begun, there: str) -> Response:
        answer = RedirectResponse(there, 303, rendering.HEADERS)
        sessions.set_cookie(self._service.fleet, request, answer, begun.secret)
        return answer


def _local(there: str) -> str:
    """Return an address of the console, whatever was asked for."""
    within = there == HOME or there.startswith(f"{HOME}/")
    plain = there.isascii() and there.isprintable() and "\\" not in there and "//" not in there
    return there if within and plain else HOME
