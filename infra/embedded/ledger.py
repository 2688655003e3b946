"""The list of running processes, kept in the state folder for whoever has to clean up."""

import json
import os
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from infra.embedded.processes import Recorded


def read(file: Path) -> list[Recorded]:
    """What the file lists; nothing when it is absent or was never finished."""
    try:
        return [Recorded(**entry) for entry in json.loads(file.read_text(encoding="utf-8"))]
    except (FileNotFoundError, ValueError, TypeError):
        return []


def write(file: Path, processes: Iterable[Recorded]) -> None:
    """Replace the list in one step."""
    write_private(file, json.dumps([asdict(process) for process in processes]))


def write_private(file: Path, text: str) -> None:
    """Replace a file in one step, readable by its owner only."""
    unfinished = file.with_name(file.name + ".new")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    unfinished.replace(file)
