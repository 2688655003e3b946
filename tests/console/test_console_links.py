"""Signed links: what opens, and everything that does not."""

import json
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.access import Scope
from infra.settings import comma_separated
from workers.console.links import NotALink, opened, signed

NOW = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
WORKSPACE, DEAL = UUID(int=1), UUID(int=2)
AGE_MAX = timedelta(minutes=5)


def _signed(key: str = "key", who: str = "Jo Marsh") -> str:
    return signed(key, WORKSPACE, DEAL, who, {Scope.INVOICES_READ}, NOW)


def test_a_link_says_who_for_which_deal_and_what_they_may() -> None:
    link = opened(_signed(), ("key",), NOW, AGE_MAX)
    assert (link.workspace_id, link.deal_id, link.who) == (WORKSPACE, DEAL, "Jo Marsh")
    assert (link.scopes, link.at) == ({Scope.INVOICES_READ}, NOW)
    assert opened(_signed(), ("key",), NOW, AGE_MAX).id != link.id


def test_the_key_before_still_opens_and_a_strange_one_never() -> None:
    assert comma_separated(" new , old ,") == ["new", "old"]
    assert opened(_signed("old"), ("new", "old"), NOW, AGE_MAX)
    for keys in (("new",), ()):
        with pytest.raises(NotALink, match="not signed"):
            opened(_signed("old"), keys, NOW, AGE_MAX)


@pytest.mark.parametrize("after", [timedelta(minutes=6), timedelta(minutes=-2), timedelta(days=9)])
def test_it_opens_for_minutes_only(after: timedelta) -> None:
    with pytest.raises(NotALink, match="too old"):
        opened(_signed(), ("key",), NOW + after, AGE_MAX)


def test_a_claim_cannot_be_changed() -> None:
    text, _, signature = _signed().partition(".")
    other, _, _ = _signed(who="Somebody else").partition(".")
    for token in (f"{other}.{signature}", f"{text}.{signature[:-2]}", text, "", ".", "é.é"):
        with pytest.raises(NotALink, match="not signed"):
            opened(token, ("key",), NOW, AGE_MAX)


@pytest.mark.parametrize(
    "claims",
    [
        [],
        {},
        {"id": "1"},
        {"who": ""},
        {"who": "a\nb"},
        {"scopes": ["everything"]},
        {"at": "soon"},
        {"at": 10**18},
        {"deal": None},
    ],
)
def test_claims_that_make_no_sense_open_nothing(claims: object) -> None:
    import workers.console.links as module  # noqa: PLC0415

    given = json.loads(_unpadded(_signed().partition(".")[0]))
    said = {**given, **claims} if isinstance(claims, dict) and claims else claims
    text = urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")
    token = f"{text}.{module._signature('key', text)}"
    with pytest.raises(NotALink, match="does not say"):
        opened(token, ("key",), NOW, AGE_MAX)


def _unpadded(text: str) -> bytes:
    import workers.console.links as module  # noqa: PLC0415

    return module._decoded(text)
