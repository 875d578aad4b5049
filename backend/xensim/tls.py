"""Certificates of the hosts: self-signed, TLS 1.2 only, as XenServer has them."""

import hashlib
import ssl
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

YEARS = 10


@dataclass(frozen=True, slots=True)
class Identity:
    """A key with its certificate, and the dates that a Certificate record shows."""

    key_pem: bytes
    cert_pem: bytes
    cert_der: bytes
    not_before: datetime
    not_after: datetime

    @property
    def sha256(self) -> str:
        return colons(hashlib.sha256(self.cert_der).hexdigest())

    @property
    def sha1(self) -> str:
        return colons(hashlib.sha1(self.cert_der, usedforsecurity=False).hexdigest())


def colons(digest: str) -> str:
    """A digest as fingerprints are shown: AB:CD:..."""
    return ":".join(digest[at : at + 2] for at in range(0, len(digest), 2)).upper()


def make(name: str, address: str) -> Identity:
    """A new self-signed identity of a host."""
    # Real hosts have RSA keys; an elliptic one is made in a thousandth of the time, and no client minds.
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64] or address)])
    now = datetime.now(UTC).replace(microsecond=0)
    not_before, not_after = now - timedelta(days=1), now + timedelta(days=365 * YEARS)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    key_pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    cert_pem = certificate.public_bytes(serialization.Encoding.PEM)
    return Identity(key_pem, cert_pem, certificate.public_bytes(serialization.Encoding.DER), not_before, not_after)


def context() -> ssl.SSLContext:
    """A server's context that speaks TLS 1.2 and nothing else."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = made.maximum_version = ssl.TLSVersion.TLSv1_2
    return made


def install(made: ssl.SSLContext, identity: Identity) -> None:
    """Show this certificate from the next handshake on."""
    with tempfile.TemporaryDirectory(prefix="xensim-") as folder:
        path = Path(folder) / "identity.pem"  # the ssl module reads keys from files only
        path.touch(mode=0o600)
        path.write_bytes(identity.key_pem + identity.cert_pem)
        made.load_cert_chain(path)
