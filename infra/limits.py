"""How many calls a platform takes: windows, and how many at once."""

from dataclasses import dataclass


class UnsafeDeclaration(Exception):  # noqa: N818
    """A declaration that could repeat an effect blindly; the process refuses to start."""


@dataclass(frozen=True, slots=True)
class Window:
    """At most `calls` in any `seconds`; `reserve` of them only for people.

    `header` is the answer header that says how many are left: fewer than counted here, and somebody
    else calls too. More raises the limit where it `grows` (its size is the platform's to say), and
    empties a window that `restarts` (the platform begins it anew at a time of its own). One that is
    `daily` counts the calls of the current UTC day.
    """

    name: str
    calls: int
    seconds: int
    reserve: int = 0
    header: str | None = None
    grows: bool = False
    restarts: bool = False
    daily: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """A platform's budget: windows per tenant, calls in flight, windows over `all_tenants`.

    `of_kind` are those of one kind of effect (emails a day), counted per `scope` within the tenant
    where it is given (messages a second to one channel). `in_flight_reserve` places in flight are
    only for people.
    """

    in_flight: int
    windows: tuple[Window, ...] = ()
    of_kind: tuple[Window, ...] = ()
    scope: str = ""
    all_tenants: tuple[Window, ...] = ()
    in_flight_reserve: int = 0

    def __post_init__(self) -> None:
        if any(window.daily for window in (*self.windows, *self.all_tenants)):
            raise UnsafeDeclaration("only windows of one kind of effect are counted by the day")
