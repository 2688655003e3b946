"""As whom PostgreSQL can run here, and whose its data folder must be."""

import os
import pwd
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from infra.embedded import unprivileged

PROBE_SECONDS = 10.0


class NoWayToRun(RuntimeError):  # noqa: N818 - named for what happened
    """Nobody this process could become may run PostgreSQL here."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What to put before a command, and the uid its files belong to as seen from here."""

    prefix: tuple[str, ...]
    owner: int


def choose(folder: Path, binary: Path, ways: tuple[str, ...] | None = None) -> Identity:
    """Find a way to run `binary` with its data below `folder`, trying those given in order.

    By default: as ourselves if PostgreSQL accepts us, else in a user namespace, else as `nobody`.

    Raises:
        NoWayToRun: every way is closed; says what each one lacked.
    """
    refusals = []
    for way in ways or _ways():
        if way == "self":
            return Identity((), os.geteuid())
        script = str(Path(unprivileged.__file__))
        prefix = (sys.executable, "-I", "-S", script, way, str(folder))
        probe = subprocess.run(  # noqa: S603 - our own script
            [*prefix, str(binary), "--version"],
            capture_output=True,
            text=True,
            timeout=PROBE_SECONDS,
            check=False,
        )
        if probe.returncode == 0:
            ambient = way == "ambient"
            return Identity(prefix, unprivileged.nobody().pw_uid if ambient else os.geteuid())
        refusals.append(probe.stderr.strip() or f"{way}: exit status {probe.returncode}")
    raise NoWayToRun(
        "PostgreSQL does not run as root or as a user without a name, and no other way is open "
        f"here ({'; '.join(refusals)}). Run this as an ordinary user, or set DATABASE_URL."
    )


def _ways() -> tuple[str, ...]:
    uid = os.geteuid()
    if uid == 0:
        return ("namespace", "ambient")
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return ("namespace",)
    return ("self",)


def hand_over(folder: Path, owner: int) -> None:
    """Make the folder's files the owner's, should an earlier start have left them to another.

    Raises:
        PermissionError: they are somebody else's and we may not change that.
    """
    if folder.stat().st_uid == owner:
        return
    if os.geteuid() != 0:
        raise PermissionError(f"{folder} belongs to uid {folder.stat().st_uid}, not to {owner}")
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, owner, -1, follow_symlinks=False)
