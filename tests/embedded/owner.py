"""A process that owns a state folder; run by the tests, to be killed: `owner.py KIND FOLDER`."""

import contextlib
import sys
import time
from pathlib import Path

from infra.embedded.claim import CHECKOUT, FolderClaim
from infra.embedded.program import Program
from infra.embedded.stack import embedded_stack
from workers.local_fleet import LocalFleet, Options
from workers.supervisor import Supervisor

CHILD = "import subprocess, time; subprocess.Popen(['sleep', '600']); print('ready', flush=True); "


def say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


def program(folder: Path, name: str) -> Program:
    code = CHILD + "time.sleep(600)"
    argv = (sys.executable, "-I", "-S", "-c", code)
    log = folder / f"{name}.log"
    return Program(name, argv, {"PATH": "/usr/bin:/bin"}, CHECKOUT, log, "ready", stop_seconds=2)


def main(kind: str, folder: Path) -> None:
    if kind == "stack":
        with embedded_stack(folder) as stack:
            say(f"{stack.database_url} {stack.broker_url}")
            time.sleep(600)
    elif kind == "supervisor":
        with FolderClaim(folder) as claim:
            supervisor = Supervisor(claim)
            supervisor.start([program(folder, "one"), program(folder, "two")])
            supervisor.wait_ready(10)
            say("ready")
            time.sleep(600)
    else:
        env = {"DATABASE_URL": "postgresql://nowhere", "BROKER_URL": "redis://nowhere"}
        options = Options(
            sandbox=False, environment=env, processes=lambda _env, state: (program(state, "one"),)
        )
        # A signal may come before run() waits for it.
        with contextlib.suppress(KeyboardInterrupt), LocalFleet(folder, options) as fleet:
            fleet.wait_ready()
            say("ready")
            fleet.run()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
