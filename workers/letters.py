"""What a person may do about a dead letter. Everything is recorded with who did it."""

from uuid import UUID

from infra.database import audit, dead_letters
from infra.database.audit import Deed, Subject
from workers.arrived import Arrived
from workers.commands import NotPossible
from workers.fleet import Fleet
from workers.intake import take_in


def requeue(fleet: Fleet, dead_letter_id: UUID, *, who: str) -> str:
    """Take a dead letter in again, as it is (after what made it unreadable was mended).

    Raises:
        NotPossible: there is no such open dead letter, or it is still unreadable.
    """
    now = fleet.now()
    with fleet.database.transaction() as tx:
        letter = dead_letters.find(tx, dead_letter_id)
        if letter is None:
            raise NotPossible(f"there is no open dead letter {dead_letter_id}")
        if letter.source not in {"celery", "plain"}:
            raise NotPossible(f"a message of source {letter.source!r} is no request")
        before = dead_letters.times_kept(tx, letter)
    identity = letter.headers.get("message_id")
    take_in(fleet, [Arrived(letter.body, letter.headers, letter.source, identity)])
    with fleet.database.transaction() as tx:
        kept_again = dead_letters.times_kept(tx, letter) != before
        if not kept_again:
            dead_letters.settle(tx, dead_letter_id, who=who, how="requeued", now=now)
            deed = Deed("requeue", who, "it was taken in")
            audit.record(tx, Subject("dead_letter", dead_letter_id), deed, now)
    if kept_again:
        raise NotPossible("it was taken in again and is still unreadable: it stays here")
    return "it was taken in"


def discard(fleet: Fleet, dead_letter_id: UUID, *, who: str) -> str:
    """Close a dead letter; it stays on record.

    Raises:
        NotPossible: there is no such open dead letter.
    """
    with fleet.database.transaction() as tx:
        now = fleet.now()
        if not dead_letters.settle(tx, dead_letter_id, who=who, how="discarded", now=now):
            raise NotPossible(f"there is no open dead letter {dead_letter_id}")
        said = "it is discarded (and kept on record)"
        audit.record(tx, Subject("dead_letter", dead_letter_id), Deed("discard", who, said), now)
    return said
