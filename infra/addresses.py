"""Addresses that somebody else chose: only public ones are connected to, as resolved at that time.

A name may resolve to this machine, its network or a cloud's metadata service, and to another
address each time it is asked. So it is resolved once, every address is judged, and the connection
is made to the address that was judged.
"""

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

TRIED_MAX = 3
"""Addresses of one name: a name may have any number, and each may take its whole timeout."""
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address
_UNICAST = IPv6Network("2000::/3")
"""All that is given out as public addresses (RFC 4291, IANA). The rest is reserved, or stands for
others: a network may translate `64:ff9b:1::/48`, `::/96` or `::ffff:0:0:0/96` to its own IPv4."""


class NotPublic(OSError):  # noqa: N818 - named for what it says of the address
    """The address is of this machine or its network; nothing was sent to it."""


def is_public(said: str) -> bool:
    """Is it an address of the public internet? What is no address is not."""
    try:
        address = ip_address(said.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        inside = _inside(address)
        if inside is not None:
            return is_public(str(inside))
        if address not in _UNICAST:
            return False
    return address.is_global and not address.is_multicast


def _inside(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that an IPv6 one stands for."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo and teredo[1])


def connect(host: str, port: int, timeout: float, *, private: bool) -> socket.socket:
    """Connect to a host, by an address of it that is public; to any where `private`.

    Raises:
        NotPublic: it has none that is.
        OSError: it cannot be resolved or reached.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    allowed = [one for one in found if private or is_public(str(one[4][0]))]
    if not allowed:
        raise NotPublic("the host's address is of this machine or its network, or is reserved")
    failed: OSError | None = None
    for family, kind, protocol, _, address in allowed[:TRIED_MAX]:
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(timeout)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.connect(address)
        except OSError as error:
            sock.close()
            failed = error
        else:
            return sock
    raise failed or OSError("no address")


def refuse_private(sock: socket.socket) -> None:
    """Go on only where the other end of a connection is public.

    Raises:
        NotPublic: it is not.
    """
    if not is_public(str(sock.getpeername()[0])):
        raise NotPublic("the other end of the connection is of this machine or its network")


def problem_with(url: str, *, private: bool) -> str | None:
    """Say what is wrong with the URL of a receiver; None: nothing is.

    `private`: this machine and its network are allowed, and `http` to this machine.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "is not a URL"
    spoken = not url.isascii() or not url.isprintable() or " " in url or "\\" in url
    plain = parts.scheme == "http" and private and is_loopback(host)
    reserved = is_loopback(host) or (_is_address(host) and not is_public(host))
    user = parts.username is not None or parts.password is not None
    found = (
        (spoken, "must be ASCII without spaces; encode other characters"),
        (parts.scheme != "https" and not plain, "must begin with https://"),
        (not host or port == 0, "must be a whole URL: https://host/path"),
        (user, "must not hold a user or password; the signature proves who calls"),
        (bool(parts.fragment), "must not have a fragment (#...): it is never sent"),
        (not private and reserved, "must be a public address"),
    )
    return next((words for wrong, words in found if wrong), None)


def is_loopback(host: str) -> bool:
    """Does the host say that it is this machine?"""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    return _is_address(host) and ip_address(host).is_loopback


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
