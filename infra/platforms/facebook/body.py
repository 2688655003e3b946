"""What goes out, as bytes: one line for the events of each effect, so that they can be told apart.

JSON does not mind the line breaks. The token is added only where the bytes leave.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import parse_qs, urlencode
from uuid import UUID

from domain.actions.outcome import JsonObject

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_STORED, _SENT = ('{"data":[', '{"test_event_code":'), "data="
_OPENS, _ENDS, _CLOSES = "[\n", ",\n", "\n]"


def line_of(events: Iterable[JsonObject]) -> str:
    """Write one effect's events as one line."""
    return ",".join(json.dumps(event, separators=(",", ":")) for event in events)


def written(lines: Sequence[str], test_event_code: str | None) -> bytes:
    """Write a request without its token, as it is stored."""
    code = "" if test_event_code is None else f'"test_event_code":{json.dumps(test_event_code)},'
    return f'{{{code}"data":{_array(lines)}}}'.encode()


def form_of(body: bytes, access_token: str) -> bytes:
    """Return a stored request as the form that is sent, the token one of its fields."""
    code = json.loads(body).get("test_event_code")
    more = {} if code is None else {"test_event_code": code}
    fields = {"data": _array(lines_of(body)), **more, "access_token": access_token}
    return urlencode(fields).encode()


def _array(lines: Sequence[str]) -> str:
    return _OPENS + _ENDS.join(lines) + _CLOSES


def lines_of(body: bytes) -> list[str]:
    """Return the lines of a request, stored or sent; none where it is no request."""
    text = body.decode(errors="replace")
    if text.startswith(_SENT):
        text = parse_qs(text).get("data", [""])[0]
    elif not text.startswith(_STORED):
        return []
    _, opened, rest = text.partition(_OPENS)
    inside, closed, _ = rest.rpartition(_CLOSES)
    return inside.split(_ENDS) if opened and closed else []


def own_parts(body: bytes, places: Mapping[UUID, int]) -> dict[UUID, bytes]:
    """Cut a request into the events of each effect, without the token; an answer is everybody's."""
    lines = dict(enumerate(lines_of(body)))
    if not lines:
        return dict.fromkeys(places, body)
    return {
        effect_id: f'{{"data":[{lines.get(place, "")}]}}'.encode()
        for effect_id, place in places.items()
    }
