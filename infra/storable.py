"""What PostgreSQL can keep of plain JSON: texts and numbers exist that it refuses."""

import math
import re
from collections.abc import Mapping
from typing import Any

_REFUSED = re.compile("[\0\ud800-\udfff]")


def storable(value: Any) -> Any:
    r"""Return `value` (plain JSON) as PostgreSQL can keep it: NUL as `\0`, half a pair as `\ud800`.

    Numbers that are not finite become their names.
    """
    if isinstance(value, str):
        return _REFUSED.sub(_escaped, value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Mapping):
        return {storable(key): storable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [storable(item) for item in value]
    return value


def _escaped(found: re.Match[str]) -> str:
    return "\\0" if found[0] == "\0" else f"\\u{ord(found[0]):04x}"
