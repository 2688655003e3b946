"""Keeping out of memory what a library loads only because it is there."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def hidden(package: str) -> Iterator[None]:
    """Let a package count as not installed for whatever is imported inside."""
    known = sys.modules.get(package)
    sys.modules[package] = None  # type: ignore[assignment]  # as the import system says "not to be had"
    try:
        yield
    finally:
        del sys.modules[package]
        if known is not None:
            sys.modules[package] = known
