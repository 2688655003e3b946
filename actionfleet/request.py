"""What a request is made of. The typed ones are in `actionfleet.requests`, generated."""

import datetime as dt
import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The params of one action type. What is None is not sent: the fleet's default counts."""

    action_type: ClassVar[str]

    def params(self) -> Json:
        """Return them as plain JSON."""
        plain: Json = plain_json(self)
        return plain


@dataclass(frozen=True, slots=True)
class AnyRequest:
    """An action type this package does not know (yet), with its params."""

    action_type: str
    given: Mapping[str, Any] = field(default_factory=dict)

    def params(self) -> Json:
        """Return them as plain JSON."""
        plain: Json = plain_json(self.given)
        return plain


def plain_json(value: Any) -> Any:
    """Write ids, dates and exact decimals as text; leave out what is None in a dataclass.

    Raises:
        TypeError: JSON has no such thing. Amounts are Decimal or text: a float is not exact.
    """
    if isinstance(value, enum.Enum):
        return value.value
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, UUID | Decimal | dt.date):
        return value.isoformat() if isinstance(value, dt.date) else str(value)
    if is_dataclass(value) and not isinstance(value, type):
        given = ((one.name, getattr(value, one.name)) for one in fields(value))
        return {name: plain_json(item) for name, item in given if item is not None}
    if isinstance(value, Mapping):
        return {str(key): plain_json(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [plain_json(item) for item in value]
    raise TypeError(f"a request cannot hold {type(value).__name__}: {value!r:.60}")


def request_json(
    request: Request | AnyRequest,
    *,
    deal_id: UUID | str | None,
    data: Mapping[str, Any] | None,
    requested_by: str | None,
) -> Json:
    """Return a request as every way in takes it, but for its id and its integration's."""
    told: Json = {"action_type": request.action_type, "params": request.params()}
    context: Json = dict(plain_json(data or {}))
    if deal_id is not None:
        context["deal"] = {**context.get("deal", {}), "id": str(deal_id)}
    if context:
        told["data"] = context
    if requested_by is not None:
        told["requested_by"] = requested_by
    return told
