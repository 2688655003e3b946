"""What the documentation tells a CRM to do works."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from domain.access import Scope
from infra.clock import utc_now
from workers.console.links import opened

PAGE = Path(__file__).parents[2] / "docs" / "console.md"


def test_the_link_a_crm_signs_opens() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)
    url = names["link"]("k", str(UUID(int=1)), str(UUID(int=2)), "Jo", ["invoices:read"])
    base, _, token = url.partition("?link=")
    assert base == "https://fleet.example.com/console/enter"
    link = opened(token, ("k",), utc_now(), timedelta(minutes=5))
    assert (link.deal_id, link.who, link.scopes) == (UUID(int=2), "Jo", {Scope.INVOICES_READ})
    assert link.at.tzinfo is UTC
    assert link.at <= datetime.now(UTC)  # noqa: TID251
