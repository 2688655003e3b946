"""A refused invoice: every problem at once, each with its place and its cure."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong: `path` is the field (`params.deal_product_ids[1]`), `message` a sentence."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


class InvoiceRefused(Exception):  # noqa: N818 - named for what could not be
    """Nothing may be sent: the request is refused whole. `problems` holds every reason."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(map(str, self.problems)))
