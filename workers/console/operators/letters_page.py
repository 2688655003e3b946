"""Dead letters: listed, shown whole, taken in again, or discarded. For who operates everything."""

from collections.abc import Callable

from starlette.responses import Response

from infra.database import audit, dead_letters
from infra.http.problems import HttpProblem
from workers import letters
from workers.commands import NotPossible
from workers.console.operators.action_query import place_of
from workers.console.operators.operating import everywhere, looking, moved, operators, shown
from workers.console.visit import Visit

PAGE = 50
BYTES_SHOWN = 16_384


def list_letters(visit: Visit) -> Response:
    """Show the newest dead letters."""
    everywhere(visit)
    settled = visit.query.has("settled")
    with looking(visit) as tx:
        rows = dead_letters.listed(tx, settled=settled, after=place_of(visit.query), limit=PAGE + 1)
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    template = "letters_rows.html" if visit.is_part else "letters.html"
    return shown(visit, template, "letters", letters=rows[:PAGE], last=last, settled=settled)


def show_letter(visit: Visit) -> Response:
    """Show one dead letter."""
    return _letter(visit)


def _letter(visit: Visit, status: int = 200, problem: str = "") -> Response:
    everywhere(visit)
    letter_id = visit.ids["letter_id"]
    with looking(visit) as tx:
        row = dead_letters.shown(tx, letter_id, BYTES_SHOWN)
        deeds = audit.about(tx, letter_id)
    if row is None:
        raise HttpProblem("not_found", "There is no such dead letter.")
    body = bytes(row["body"]).decode("utf-8", "backslashreplace")
    return shown(
        visit, "letter.html", "letters", status,
        letter=row, body=body, deeds=deeds, problem=problem,
        is_cut=row["size"] > BYTES_SHOWN, can_requeue=row["source"] in {"celery", "plain"},
    )  # fmt: skip


def _acted(command: Callable[..., str]) -> Callable[[Visit], Response]:
    def act(visit: Visit) -> Response:
        everywhere(visit)
        letter_id = visit.ids["letter_id"]
        try:
            command(visit.fleet, letter_id, who=visit.caller.who)
        except NotPossible as error:
            return _letter(visit, 409, f"Nothing was done: {error}.")
        return moved(f"/dead-letters/{letter_id}")

    return act


_ONE = "/dead-letters/{letter_id:uuid}"
PAGES = (
    operators("GET", "/dead-letters", list_letters),
    operators("GET", _ONE, show_letter),
    operators("POST", _ONE + "/requeue", _acted(letters.requeue)),
    operators("POST", _ONE + "/discard", _acted(letters.discard)),
)
