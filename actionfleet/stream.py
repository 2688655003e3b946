"""Server-sent events (WHATWG HTML, 9.2.6), from lines."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(slots=True)
class Message:
    """One message of the stream; `retry_s` where the server said how long to wait."""

    data: str
    retry_s: float | None = None


def messages(chunks: Iterable[bytes]) -> Iterator[Message]:
    """Read messages; one that has no data only tells `retry_s`."""
    data: list[str] = []
    for line in _lines(chunks):
        if not line:
            if data:
                yield Message("\n".join(data))
            data = []
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            data.append(value)
        elif name == "retry" and value.isascii() and value.isdigit():
            yield Message("", int(value) / 1000)


def _lines(chunks: Iterable[bytes]) -> Iterator[str]:
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).replace(b"\r\n", b"\n").split(b"\n")
        for line in whole:
            yield line.decode("utf-8", "replace")
