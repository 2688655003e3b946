"""The journal: what people did, when, and what they were answered."""

from starlette.responses import Response

from infra.database import audit
from workers.console.operators.operating import looking, operators, reach, shown
from workers.console.visit import Visit

PAGE = 50


def show(visit: Visit) -> Response:
    """Show the latest deeds."""
    said = visit.query.one("before")
    before = int(said) if said.isascii() and said.isdigit() and len(said) < 19 else None
    with looking(visit) as tx:
        rows = audit.listed(tx, reach(visit), before, PAGE + 1)
    last = rows[PAGE - 1]["id"] if len(rows) > PAGE else None
    template = "journal_rows.html" if visit.is_part else "journal.html"
    return shown(visit, template, "journal", deeds=rows[:PAGE], last=last)


PAGES = (operators("GET", "/journal", show),)
