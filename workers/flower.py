"""Flower, as the fleet runs it: to look and not to meddle, and with a password for who is not here.

Its own variables hold (`FLOWER_PORT`, `FLOWER_BASIC_AUTH` …); only `FLOWER_ADDRESS` defaults to
this machine, and `FLOWER_READ_ONLY` to true.
"""

import ipaddress
import os
import sys
from collections.abc import Mapping

AUTHENTICATION = ("FLOWER_BASIC_AUTH", "FLOWER_AUTH_PROVIDER")
LOCAL = "127.0.0.1"


class Unprotected(Exception):  # noqa: N818 - named for what it would be
    """It would show itself to others without asking who they are."""


def arguments(environment: Mapping[str, str]) -> list[str]:
    """Return Flower's own arguments.

    Raises:
        Unprotected: it would listen beyond this machine without authentication.
    """
    address = environment.get("FLOWER_ADDRESS") or LOCAL
    open_api = environment.get("FLOWER_UNAUTHENTICATED_API", "").lower() in {"1", "true", "yes"}
    if not _is_local(address) and (open_api or not any(map(environment.get, AUTHENTICATION))):
        cure = "unset FLOWER_UNAUTHENTICATED_API" if open_api else "set FLOWER_BASIC_AUTH=user:word"
        raise Unprotected(
            f"Flower would listen on {address} without authentication: {cure},"
            f" or let it listen on {LOCAL} (FLOWER_ADDRESS)"
        )
    chosen = [f"--address={address}"]
    if "FLOWER_READ_ONLY" not in environment:
        chosen.append("--read_only=true")
    return chosen


def _is_local(address: str) -> bool:
    try:
        return ipaddress.ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return address == "localhost"


def main() -> None:
    """Run the flower process."""
    try:
        chosen = arguments(os.environ)
    except Unprotected as refused:
        sys.exit(str(refused))
    from workers.app import app  # noqa: PLC0415 - only where it may start

    app.conf.broker_transport = None  # kombu's own: Flower knows the broker by its URL's scheme
    app.start(["flower", *chosen])


if __name__ == "__main__":
    main()
