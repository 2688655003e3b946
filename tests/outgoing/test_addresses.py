"""Whom a subscription can make the fleet talk to: the public internet, judged as it connects."""

import contextlib
import socket
import threading
import time
from dataclasses import replace
from datetime import timedelta

import pytest
import urllib3

from infra import addresses
from infra.clock import utc_now
from infra.exchange import Broken, Caution, Exchange, Transport

CAUTION = Caution(seconds_max=1.0, answer_bytes_max=1000)
NOT_PUBLIC = [
    "127.0.0.1", "127.8.9.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1",
    "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "not-an-address",
    # What a network may translate to its own IPv4, and what is given out to nobody.
    "64:ff9b:1::a00:1", "::a00:1", "::ffff:0:a00:1", "fec0::1", "5f00::1",
]  # fmt: skip
PUBLIC = ["93.184.215.14", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_this_machine_its_network_and_reserved_addresses_are_not_public(address) -> None:
    assert not addresses.is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_the_internet_is_public(address) -> None:
    assert addresses.is_public(address)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://example.com/x", "https"),
        ("ftp://example.com/x", "https"),
        ("https://", "whole URL"),
        ("example.com", "https"),
        ("https://user:secret@example.com/", "user or password"),
        ("https://example.com/#part", "fragment"),
        ("https://example.com/a b", "ASCII"),
        ("https://example.com\\@evil.test/", "ASCII"),
        ("https://exämple.com/", "ASCII"),
        ("https://127.0.0.1/", "public"),
        ("https://localhost/", "public"),
        ("https://[::1]/", "public"),
        ("https://[fd00:ec2::254]/", "public"),
        ("https://169.254.169.254/latest", "public"),
        ("http://127.0.0.1/", "https"),
        ("https://example.com:99999/", "URL"),
        ("https://[", "URL"),
    ],
)
def test_an_url_that_cannot_be_right_is_refused(url, words) -> None:
    assert words in (addresses.problem_with(url, private=False) or "")


def test_what_is_right() -> None:
    assert addresses.problem_with("https://hooks.example.com:8443/a?b=c", private=False) is None
    assert addresses.problem_with("http://localhost:8080/a", private=True) is None
    assert addresses.problem_with("https://10.0.0.1/a", private=True) is None
    assert addresses.problem_with("http://10.0.0.1/a", private=True) is not None


def carried(url: str, transport: Transport, caution: Caution | None = CAUTION) -> Exchange:
    now, late = utc_now(), time.monotonic() + 30
    exchange = Exchange("POST", url, {}, b"{}", now + timedelta(seconds=30), late, late)
    exchange.caution = caution
    with contextlib.suppress(Broken):
        transport.carry(exchange)
    return exchange


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.3)
        yield server


@pytest.fixture
def resolves(monkeypatch):
    """Let names resolve to what a test says; each look-up takes the next answer."""
    real = socket.getaddrinfo

    def resolve_to(*answers: str, port: int | None = None) -> list[str]:
        asked: list[str] = []

        def getaddrinfo(host, wanted, *args, **more):
            if host not in {"evil.test", "also.test"}:
                return real(host, wanted, *args, **more)
            asked.append(host)
            address = answers[min(len(asked), len(answers)) - 1]
            return real(address, port or wanted, type=socket.SOCK_STREAM)

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        return asked

    return resolve_to


def test_a_name_of_this_machine_is_not_even_connected_to(resolves, listener) -> None:
    resolves("127.0.0.1")
    exchange = carried(f"https://evil.test:{listener.getsockname()[1]}/", Transport(1, 1))
    assert not exchange.sent
    assert "of this machine or its network" in (exchange.error or "")
    with pytest.raises(TimeoutError):
        listener.accept()


def test_the_address_judged_is_the_one_connected_to(resolves, listener, monkeypatch) -> None:
    """Rebinding: public when first asked, this machine when asked again."""
    asked = resolves("203.0.113.9", "127.0.0.1")
    monkeypatch.setattr(addresses, "is_public", lambda said: said != "127.0.0.1")
    exchange = carried(f"https://evil.test:{listener.getsockname()[1]}/", Transport(0.2, 1))
    assert asked == ["evil.test"]
    assert exchange.status is None
    with pytest.raises(TimeoutError):
        listener.accept()


def test_a_kept_connection_of_somebody_else_is_not_used(resolves, receiver) -> None:
    resolves("127.0.0.1")
    port = urllib3.util.parse_url(receiver.url).port
    transport = Transport(1, 1)
    assert carried(f"http://evil.test:{port}/", transport, None).status == 200
    sock = socket.create_connection(("127.0.0.1", port))
    with pytest.raises(addresses.NotPublic), sock:
        addresses.refuse_private(sock)
    exchange = carried(f"http://evil.test:{port}/", transport)
    assert len(receiver.got) == 1
    assert not exchange.sent


def test_http_is_for_this_machine_alone(resolves, receiver) -> None:
    resolves("127.0.0.1")
    port = urllib3.util.parse_url(receiver.url).port
    allowed = Transport(1, 1, private_addresses=True)
    assert carried(f"http://127.0.0.1:{port}/", allowed).status == 200
    assert not carried(f"http://evil.test:{port}/", allowed).sent
    assert not carried(f"http://127.0.0.1:{port}/", Transport(1, 1)).sent


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_who_answers_byte_by_byte_is_left(listener, scheme) -> None:
    """A handshake, or a head, that never ends: every read is in time, the whole is not."""
    done = threading.Event()

    def drip() -> None:
        with contextlib.suppress(OSError):
            taken, _ = listener.accept()
            with taken:
                # The beginning of a TLS record as long as they get, or of a status line.
                said = iter(b"\x16\x03\x03\x40\x00" if scheme == "https" else b"HTTP/1.1 ")
                while not done.wait(0.2):
                    taken.send(bytes([next(said, 48)]))

    listener.settimeout(5)
    thread = threading.Thread(target=drip)
    thread.start()
    began = time.monotonic()
    url = f"{scheme}://127.0.0.1:{listener.getsockname()[1]}/"
    exchange = carried(url, Transport(3, 3, private_addresses=True))
    done.set()
    thread.join(5)
    assert exchange.status is None
    assert time.monotonic() - began < 2.5


def test_the_setting_is_off_by_default(base_settings) -> None:
    assert replace(base_settings).deliver_to_private_addresses is False
