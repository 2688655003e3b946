"""Deliveries over https: the certificate counts, by the name that was asked for."""

import datetime as dt
import ssl
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from domain.events import EventType
from infra.exchange import Transport
from tests.conformance.carrying import with_transport
from tests.harness.receiver import receiving
from workers import subscriptions
from workers.execute import execute
from workers.subscribing import Wanted


def certificate(folder: Path, name: str) -> Path:
    """A key and a certificate of its own authority, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    begins = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    names = x509.SubjectAlternativeName([x509.DNSName(name), x509.IPAddress(ip_address("::2"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + dt.timedelta(days=36500))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{name}.pem"
    pem = serialization.Encoding.PEM
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    file.write_bytes(made.public_bytes(pem) + key.private_bytes(pem, *form))
    return file


@pytest.mark.parametrize(
    "case",
    [
        ("localhost", "trusted", None),
        ("localhost", "untrusted", "not_sent"),
        ("elsewhere.test", "trusted", "not_sent"),
    ],
)
def test_only_the_right_certificate_is_spoken_to(outgoing, tmp_path, monkeypatch, case) -> None:
    (name, trusted, error), fleet = case, outgoing.fleet
    file = certificate(tmp_path, name)
    if trusted == "trusted":
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    with receiving(context) as receiver:
        url = receiver.url.replace("http://127.0.0.1", "https://localhost")
        subscriptions.create(fleet, outgoing.world.workspace_id, Wanted(url))
        outgoing.emit(EventType.INVOICE_CREATED)
        outgoing.publish()
        fresh = Transport(2, 2, private_addresses=True)
        execute(with_transport(fleet, lambda _real: fresh), outgoing.only().id)
        row = outgoing.only()
        assert (row.error or {}).get("code") == error
        assert len(receiver.got) == (error is None)
