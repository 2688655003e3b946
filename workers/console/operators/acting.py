"""What an operator does to one action: resume, edit and resume, give up, cancel, state its fate."""

from collections.abc import Callable, Mapping
from typing import Any

from starlette.responses import Response

from infra.database import views
from infra.database.views import Row
from infra.http.problems import HttpProblem
from workers import commands
from workers.commands import NotPossible
from workers.console.operators import actions_page
from workers.console.operators.editing import Editing, edited, editing
from workers.console.operators.operating import looking, moved, operators, reach, shown
from workers.console.visit import Form, Visit

STATED_CHARACTERS_MAX = 200
GIVEN = ("", "happened", "did_not_happen")


def _acted(command: Callable[..., str]) -> Callable[[Visit], Response]:
    def act(visit: Visit) -> Response:
        row = action_in_reach(visit)
        try:
            given = _statement(visit.form) if command is not commands.cancel else {}
            command(visit.fleet, row["id"], who=visit.caller.who, seen=seen_in(visit.form), **given)
        except NotPossible as error:
            return actions_page.action(visit, 409, f"Nothing was done: {error}.")
        return moved(f"/actions/{row['id']}?done")

    return act


def action_in_reach(visit: Visit) -> Row:
    """Return the action of the address.

    Raises:
        HttpProblem: there is none within the visitor's reach.
    """
    with looking(visit) as tx:
        row = views.action(tx, visit.ids["action_id"], reach(visit))
    if row is None:
        raise HttpProblem("not_found", "There is no such action.")
    return row


def seen_in(form: Form) -> int:
    """Return the transition the person saw.

    Raises:
        NotPossible: the form does not say.
    """
    said = form.one("seen")
    if not (said.isascii() and said.isdigit() and len(said) < 19):
        raise NotPossible("the form does not say what you saw; load the page again")
    return int(said)


def _statement(form: Form) -> Mapping[str, Any]:
    """Return what the person states of an effect in doubt.

    Raises:
        NotPossible: it lacks what it needs.
    """
    given, external_id = form.one("given"), form.one("happened")[:STATED_CHARACTERS_MAX]
    if given not in GIVEN:
        raise NotPossible(f"{given[:40]!r} states nothing")
    if given == "happened":
        if not external_id:
            raise NotPossible("say what the platform calls it (its id)")
        return {"happened": external_id}
    return {"did_not_happen": True} if given == "did_not_happen" else {}


# --- edit and resume ------------------------------------------------------------------------------


def edit(visit: Visit) -> Response:
    """Show an action's params to be edited."""
    row, form = _editing(visit)
    return _form(visit, row, form)


def save(visit: Visit) -> Response:
    """Let an action go on with other params."""
    row, form = _editing(visit)
    limits = visit.fleet.settings.request_bytes_max, visit.fleet.settings.request_depth_max
    params, form = edited(form, visit.form, *limits)
    if params is None:
        return _form(visit, row, form, 422)
    try:
        commands.resume(
            visit.fleet, row["id"], who=visit.caller.who, params=params, seen=seen_in(visit.form)
        )
    except NotPossible as error:
        status = 422 if error.problems else 409
        return _form(visit, row, form.refused(error.problems, str(error)), status)
    return moved(f"/actions/{row['id']}?done")


def _editing(visit: Visit) -> tuple[Row, Editing]:
    """Return the action of the address and its params as a form.

    Raises:
        HttpProblem: there is none, or nobody could have asked for it.
    """
    row, catalogue = action_in_reach(visit), visit.fleet.catalogue
    if row["action_type"] not in catalogue.actions:
        raise HttpProblem("not_found", "Nobody asks for such an action: it has nothing to edit.")
    return row, editing(catalogue, row["action_type"], row["params"])


def _form(visit: Visit, row: Row, form: Editing, status: int = 200) -> Response:
    seen = visit.form.one("seen") or row["transition"]
    return shown(visit, "action_edit.html", "actions", status, action=row, form=form, seen=seen)


_ONE = "/actions/{action_id:uuid}"
PAGES = (
    operators("POST", _ONE + "/resume", _acted(commands.resume)),
    operators("POST", _ONE + "/give-up", _acted(commands.give_up)),
    operators("POST", _ONE + "/cancel", _acted(commands.cancel)),
    operators("GET", _ONE + "/edit", edit),
    operators("POST", _ONE + "/edit", save),
)
