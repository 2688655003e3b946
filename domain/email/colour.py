"""Colours that can be read on each other (WCAG 2.2, "Contrast (Minimum)", relative luminance)."""

import re

DARK, LIGHT = "#000000", "#ffffff"
"""One of them has a contrast of at least 4.5 with any colour; nothing paler than black would."""
_HEX = re.compile(r"#[0-9a-fA-F]{6}")
_SHORT = re.compile(r"#[0-9a-fA-F]{3}")


def normal(colour: str) -> str | None:
    """Return a colour as `#rrggbb`, or None when it is none."""
    if _SHORT.fullmatch(colour):
        return "#" + "".join(2 * digit for digit in colour[1:]).lower()
    return colour.lower() if _HEX.fullmatch(colour) else None


def text_on(background: str) -> str:
    """Return dark or light, whichever is read better on `background` (`#rrggbb`)."""
    return max((LIGHT, DARK), key=lambda text: contrast(text, background))


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours: 1 (none) to 21."""
    brighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return 0.2126 * _linear(red) + 0.7152 * _linear(green) + 0.0722 * _linear(blue)


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
