"""What the fleet offers, told from the declarations: each action's params, limits, guarantees."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from domain.actions.retry import Guarantee
from infra.catalogue import Catalogue
from infra.platform import ActionType, EffectType, Limits, Window
from infra.wire import params_adapter

Json = dict[str, Any]
FORMATS = {"uuid": "UUID", "date": "date", "date-time": "date and time"}


@dataclass(frozen=True, slots=True)
class Param:
    """One param: what it may be, in words, and its default (None: there is none)."""

    name: str
    kind: str
    required: bool
    default: str | None


@dataclass(frozen=True, slots=True)
class Safety:
    """How one effect of an action is kept from happening twice."""

    effect: str
    words: str


@dataclass(frozen=True, slots=True)
class Offer:
    """One action."""

    name: str
    platform: str
    summary: str
    needs_deal: bool
    params: tuple[Param, ...]
    effects: tuple[Safety, ...]
    note: str
    limits: tuple[str, ...]


def offers(catalogue: Catalogue) -> list[Offer]:
    """Return every action, by platform and in the order declared."""
    return [_offer(catalogue, action) for action in catalogue.actions.values()]


def _offer(catalogue: Catalogue, action: ActionType) -> Offer:
    platform = catalogue.platform_of(action.name)
    kinds = [catalogue.effect(name)[1] for name in action.effects]
    return Offer(
        name=action.name,
        platform=platform.name,
        summary=action.summary,
        needs_deal=action.needs_deal,
        params=tuple(_params(params_adapter(action.params).json_schema())),
        effects=tuple(Safety(kind.name, _safety(kind)) for kind in kinds),
        note=action.guarantee,
        limits=tuple(dict.fromkeys([*_of_platform(platform.limits), *_of_kinds(kinds)])),
    )


def _safety(kind: EffectType) -> str:
    if kind.told is not None:
        return "told by callback, then parked when unknown"
    return safety(kind.guarantee)


def safety(guarantee: Guarantee) -> str:
    """Say what happens when an outcome is unknown."""
    if not guarantee.changes:
        return "reads only"
    window = guarantee.deduplicates_for
    words = [] if window is None else [f"deduplicated by the platform for {span(window)}"]
    words.append("found by look-up" if guarantee.can_find else "parked when unknown")
    return ", then ".join(words)


def span(length: timedelta) -> str:
    """Write a length of time in its largest whole unit."""
    seconds = int(length.total_seconds())
    for unit, name in ((86_400, "day"), (3_600, "h"), (60, "min")):
        if seconds and seconds % unit == 0:
            number = seconds // unit
            plural = "s" if name == "day" and number != 1 else ""
            return f"{number} {name}{plural}"
    return f"{seconds} s"


def _of_platform(limits: Limits) -> Iterator[str]:
    for window in limits.windows:
        yield _window(window)
    yield f"{limits.in_flight} at once"
    for window in limits.all_tenants:
        yield f"{_window(window)} for all together"


def _of_kinds(kinds: Sequence[EffectType]) -> Iterator[str]:
    for kind in kinds:
        for window in kind.limits:
            yield f"{_window(window)} ({window.name})"
        if kind.batch is not None:
            yield f"up to {kind.batch.weight_max or kind.batch.size} in one call"


def _window(window: Window) -> str:
    length = "a UTC day" if window.daily else span(timedelta(seconds=window.seconds))
    return f"{window.calls:,} in {length}"


# --- params ---------------------------------------------------------------------------------------


def _params(schema: Json) -> Iterator[Param]:
    required = set(schema.get("required", ()))
    for name, one in schema.get("properties", {}).items():
        default = one.get("default")
        written = None if default is None else json.dumps(default).strip('"')
        yield Param(name, _kind(one, schema.get("$defs", {})), name in required, written)


def _kind(one: Json, named: Json) -> str:
    """Put the kind of value a JSON Schema allows into words."""
    if "$ref" in one:
        return _kind(named[one["$ref"].rpartition("/")[2]], named)
    for several in ("anyOf", "oneOf"):
        if several in one:
            kinds = [_kind(each, named) for each in one[several] if each.get("type") != "null"]
            return " or ".join(dict.fromkeys(kinds))
    if "enum" in one:
        return ", ".join(str(each) for each in one["enum"])
    if "const" in one:
        return str(one["const"])
    return _plain(one, named)


def _plain(one: Json, named: Json) -> str:
    kind = one.get("type")
    if kind == "array":
        each, most = _kind(one.get("items", {}), named), one.get("maxItems")
        return f"list of {each}" + (f", {most} at most" if most else "")
    if kind == "string":
        return _text(one)
    names = {"boolean": "true or false", "integer": "whole number", "number": "number"}
    return names.get(str(kind), "object")


def _text(one: Json) -> str:
    word = FORMATS.get(one.get("format", ""), "text")
    limit, pattern = one.get("maxLength"), one.get("pattern")
    words = [
        word,
        f"{limit:,} characters at most" if limit else "",
        f"like {pattern}" if pattern else "",
        *(f"such as {each}" for each in one.get("examples", ())),
    ]
    return ", ".join(filter(None, words))


# --- as a page ------------------------------------------------------------------------------------

HEAD = """# Catalogue

Every action, as declared; `fleet catalogue --markdown` writes this page, and a test keeps it true.
How an unknown outcome ends: *deduplicated by the platform* (the same bytes go out again under the
same key), *found by look-up* (the platform is asked), *told by callback* (the platform says so by
itself), *parked when unknown* (a person is asked, and nothing is repeated).

| action | does | changes, each once | limits for each tenant |
|---|---|---|---|
"""


def markdown(told: Sequence[Offer]) -> str:
    """Write the catalogue as a page."""
    return HEAD + "".join(map(_row, told)) + "".join(map(_section, told))


def _row(one: Offer) -> str:
    changes = "<br>".join(f"`{each.effect}`: {each.words}" for each in one.effects) or "reads only"
    return f"| `{one.name}` | {one.summary} | {changes} | {'<br>'.join(one.limits)} |\n"


def _section(one: Offer) -> str:
    deal = " Needs `data.deal.id`." if one.needs_deal else ""
    rows = "".join(map(_param, one.params))
    table = f"\n| param | is | default |\n|---|---|---|\n{rows}" if rows else "\nNo params.\n"
    return f"\n## {one.name}\n\n{one.summary}.{deal}\n{table}"


def _param(one: Param) -> str:
    kind = one.kind.replace("|", "\\|")
    return f"| `{one.name}` | {kind} | {'required' if one.required else one.default or ''} |\n"
