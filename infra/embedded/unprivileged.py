"""Runs a program as somebody else than root: `python -I -S unprivileged.py WAY FOLDER PROGRAM …`.

PostgreSQL refuses to run as root, and both it and its initdb want a user that has a name. Two ways:

- `namespace`: a user namespace in which the caller appears as `nobody`. Outside it stays who it
  is, so every file the caller can reach, also below a folder of mode 0700, is reached as before.
- `ambient`: really become `nobody`, keeping the one capability to pass closed folders. For root
  in containers that forbid namespaces. What is written then belongs to `nobody`.

A script of its own, with the standard library only, so that nothing of this happens in the
process that starts it.
"""

import ctypes
import os
import pwd
import sys
from pathlib import Path

IMPOSSIBLE = 77
"""Exit status: this way is closed here; another may be open."""

CLONE_NEWUSER = 0x10000000
PR_SET_KEEPCAPS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 8, 47, 2
CAP_VERSION_3 = 0x20080522
CAP_DAC_OVERRIDE = 1


def nobody() -> pwd.struct_passwd:
    """Find the user to appear as: `nobody`, or on systems without one any but root."""
    try:
        return pwd.getpwnam("nobody")
    except KeyError:
        return next(user for user in pwd.getpwall() if user.pw_uid != 0)


def enter_namespace() -> None:
    """Appear as nobody in a namespace of our own."""
    user, uid, gid = nobody(), os.geteuid(), os.getegid()
    _call("unshare", CLONE_NEWUSER)
    own = Path("/proc/self")
    (own / "setgroups").write_text("deny", encoding="ascii")  # the kernel demands it before gid_map
    (own / "uid_map").write_text(f"{user.pw_uid} {uid} 1", encoding="ascii")
    (own / "gid_map").write_text(f"{user.pw_gid} {gid} 1", encoding="ascii")


def become_nobody() -> None:
    """Become nobody for good, but one who passes closed folders."""
    user = nobody()
    _call("prctl", PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setgroups([])
    os.setresgid(user.pw_gid, user.pw_gid, user.pw_gid)
    os.setresuid(user.pw_uid, user.pw_uid, user.pw_uid)
    header = (ctypes.c_uint32 * 2)(CAP_VERSION_3, 0)
    one = 1 << CAP_DAC_OVERRIDE  # effective, permitted, inheritable; then the upper 32 of each
    _call("capset", header, (ctypes.c_uint32 * 6)(one, one, one, 0, 0, 0))
    _call("prctl", PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0)


def _call(name: str, *arguments: object) -> None:
    function = getattr(ctypes.CDLL(None, use_errno=True), name)
    # prctl is variadic and reads whole registers
    words = [ctypes.c_ulong(a) if isinstance(a, int) else a for a in arguments]
    if function(*words) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def main(way: str, folder: str, argv: list[str]) -> None:
    """Change, see that the folder can be written, and turn into the program."""
    try:
        {"namespace": enter_namespace, "ambient": become_nobody}[way]()
        trial = Path(folder) / "write.trial"  # access(2) would not count the capability
        trial.write_bytes(b"")
        trial.unlink()
    except (OSError, AttributeError, StopIteration) as closed:
        sys.stderr.write(f"{way}: {closed}\n")
        sys.exit(IMPOSSIBLE)
    os.execv(argv[0], argv)  # noqa: S606 - an argv list, no shell


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
