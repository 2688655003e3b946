"""The guard: ends what a dead process has left running.

Its standard input is a pipe whose other end only the guarded process holds, so end of file means
that process is gone, however it went. This works on every POSIX system and, unlike a parent-death
signal, does not depend on which thread started a child.
"""

import os
import signal
import sys
from pathlib import Path


def main(ledger_file: Path) -> None:
    """Wait for the guarded process to end, then end everything still in its ledger."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # it must outlive the one it guards
    while os.read(sys.stdin.fileno(), 1):
        pass
    # Imported only now: until then, which may be weeks, it needs little memory.
    from infra.embedded import ledger, processes  # noqa: PLC0415

    processes.end(ledger.read(ledger_file))
    ledger.write(ledger_file, [])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
