"""Who operates, and over what; how an operators' page is read and shown."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from psycopg.errors import QueryCanceled
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from starlette.responses import RedirectResponse, Response

from domain.access import NO_WORKSPACE, Scope
from infra.database.engine import Transaction
from infra.http.problems import HttpProblem
from workers import words
from workers.console import rendering
from workers.console.visit import HOME, Page, Visit

ROOT = "/operate"
OPERATE = HOME + ROOT
STATEMENT_S_MAX = 5
"""A look at the database takes no longer, whatever is asked for."""
NOWHERE = "There is no such page."
SECTIONS = (
    ("overview", "", "Overview"),
    ("actions", "/actions", "Actions"),
    ("letters", "/dead-letters", "Dead letters"),
    ("integrations", "/integrations", "Integrations"),
    ("deals", "/deals", "Deals"),
    ("journal", "/journal", "Journal"),
)
FLEET_ONLY = frozenset({"letters"})
"""Dead letters belong to no workspace: nobody could read whose they are."""

Handle = Callable[[Visit], Response]


def reach(visit: Visit) -> UUID | None:
    """Return the workspace that the visitor operates; None: every one.

    Raises:
        HttpProblem: they operate none, and are told no more than that there is no such page.
    """
    visitor = visit.visitor
    if visitor.deal_id is not None or not visitor.may(Scope.OPERATE):
        raise HttpProblem("not_found", NOWHERE)
    whose = visitor.caller.workspace_id
    return None if whose == NO_WORKSPACE else whose


def everywhere(visit: Visit) -> None:
    """Refuse who operates one workspace only.

    Raises:
        HttpProblem: they do.
    """
    if reach(visit) is not None:
        raise HttpProblem("not_found", NOWHERE)


def operators(method: str, path: str, handle: Handle) -> Page:
    """Return a page that is there for operators alone; `path` is below theirs."""

    def guarded(visit: Visit) -> Response:
        reach(visit)
        return handle(visit)

    return Page(method, ROOT + path, guarded)


@contextmanager
def looking(visit: Visit) -> Iterator[Transaction]:
    """Open a transaction that only reads, and not for long.

    Raises:
        HttpProblem: it took too long.
    """
    try:
        with visit.fleet.database.reading() as tx:
            tx.execute(text(f"SET LOCAL statement_timeout = '{STATEMENT_S_MAX}s'"))
            yield tx
    except OperationalError as error:
        if not isinstance(error.orig, QueryCanceled):
            raise
        sentence = (
            f"This took longer than {STATEMENT_S_MAX} s and was stopped."
            " Narrow it down: say whose it is, or from when."
        )
        raise HttpProblem("unavailable", sentence) from error


def shown(visit: Visit, template: str, section: str, status: int = 200, **given: Any) -> Response:
    """Return an operators' page, or a part of one."""
    everything = reach(visit) is None
    sections = [one for one in SECTIONS if everything or one[0] not in FLEET_ONLY]
    return rendering.page(
        f"operators/{template}",
        visit,
        status,
        operate=OPERATE,
        sections=sections,
        section=section,
        everything=everything,
        now=visit.fleet.now(),
        words=words,
        as_json=as_json,
        **given,
    )


def as_json(value: Any) -> str:
    """Write a value as JSON for people."""
    return json.dumps(value, ensure_ascii=False, indent=2, default=str)


def moved(path: str) -> Response:
    """Send to another operators' page after something was done."""
    return RedirectResponse(OPERATE + path, 303, rendering.HEADERS)
