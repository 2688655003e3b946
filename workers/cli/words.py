"""Colours for what the fleet's states are called; the words are `workers.words`'."""

from collections.abc import Mapping

from rich.text import Text

from workers.words import (
    OUTCOMES,
    SOURCES,
    STEPS,
    age,
    moment,
    money,
    read_span,
    result_words,
    seconds,
    short,
    span,
    why,
)

__all__ = [
    "OUTCOMES",
    "SOURCES",
    "STEPS",
    "age",
    "moment",
    "money",
    "payment",
    "read_span",
    "result_words",
    "seconds",
    "short",
    "span",
    "status",
    "why",
]

STATUS_STYLES: Mapping[str, tuple[str, str]] = {
    "queued": ("○", "cyan"),
    "running": ("◐", "bold cyan"),
    "waiting": ("◔", "yellow"),
    "reconciling": ("◑", "magenta"),
    "parked": ("■", "bold red"),
    "succeeded": ("●", "green"),
    "rejected": ("✗", "red"),
    "cancelled": ("-", "dim"),
    "pending": ("○", "cyan"),
    "started": ("◐", "bold cyan"),
    "unknown": ("?", "bold magenta"),
    "abandoned": ("-", "dim"),
    "deferred": ("◔", "yellow"),
    "absent": ("∅", "yellow"),
}
PAYMENT_STYLES: Mapping[str, str] = {
    "unpaid": "dim",
    "deposit_invoiced": "yellow",
    "invoiced": "cyan",
    "paid": "bold green",
}


def status(value: str) -> Text:
    """Return a status with its sign and colour."""
    sign, style = STATUS_STYLES.get(value, ("·", ""))
    return Text(f"{sign} {value}", style=style, no_wrap=True)


def payment(value: str) -> Text:
    """Return a payment status in its colour."""
    return Text(value.replace("_", " "), style=PAYMENT_STYLES.get(value, ""))
