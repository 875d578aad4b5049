"""Whom we speak to: TLS certificates verified by the system, pinned by fingerprint, or (explicitly) not at all."""

import asyncio
import hashlib
import ssl
from datetime import UTC, datetime
from typing import Final

import msgspec
from cryptography import x509

from podium.errors import CertificateUntrusted, NotAXenServer, PoolUnreachable
from podium.xapi.address import Address

HANDSHAKE_S: Final = 10.0


class Certificate(msgspec.Struct, frozen=True):
    """What a server presented."""

    fingerprint: str
    """SHA-256, upper-case hex with colons: XAPI's own form."""
    subject: str
    issuer: str
    not_after: datetime
    pem: str

    @property
    def self_signed(self) -> bool:
        return self.subject == self.issuer


class Trust(msgspec.Struct, frozen=True):
    """How a server's certificate is judged."""

    pins: frozenset[str] = frozenset()
    """Fingerprints accepted by a human, or learned from the pool itself over a trusted connection."""
    unverified: bool = False

    @property
    def mode(self) -> str:
        return "unverified" if self.unverified else "pinned" if self.pins else "verified"


def fingerprint_of(der: bytes) -> str:
    return ":".join(f"{byte:02X}" for byte in hashlib.sha256(der).digest())


async def context_for(address: Address, trust: Trust) -> ssl.SSLContext:
    """The TLS context for one address. With pins it trusts exactly the one certificate that was seen and is pinned.

    Raises CertificateUntrusted when the certificate seen is not a pinned one, PoolUnreachable, NotAXenServer.
    """
    if trust.unverified:
        return _unverified()
    if not trust.pins:
        return await asyncio.to_thread(ssl.create_default_context)
    seen = await presented(address)
    if seen.fingerprint not in trust.pins:
        raise CertificateUntrusted(
            f"{address.url} presents another certificate than the one accepted before",
            fingerprint=seen.fingerprint,
            reason="changed",
        )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False  # the certificate itself is known; the name in it says nothing more
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(cadata=seen.pem)
    return context


async def presented(address: Address) -> Certificate:
    """The certificate a server presents, trusted or not. Nothing is sent but the handshake.

    Raises PoolUnreachable, NotAXenServer (no TLS there).
    """
    try:
        async with asyncio.timeout(HANDSHAKE_S):
            _, writer = await asyncio.open_connection(
                address.host, address.port, ssl=_unverified(), server_hostname=address.host
            )
    except ssl.SSLError as error:
        raise NotAXenServer(f"{address.url} does not speak TLS: {error.reason or error}") from error
    except (OSError, TimeoutError, ValueError) as error:  # ValueError: a name that is none
        raise PoolUnreachable(f"{address.url} does not answer: {str(error) or 'timed out'}") from error
    try:
        der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    finally:
        writer.transport.abort()
    found = x509.load_der_x509_certificate(der)
    return Certificate(
        fingerprint=fingerprint_of(der),
        subject=found.subject.rfc4514_string(),
        issuer=found.issuer.rfc4514_string(),
        not_after=found.not_valid_after_utc.astimezone(UTC),
        pem=ssl.DER_cert_to_PEM_cert(der),
    )


async def untrusted(address: Address, error: ssl.SSLCertVerificationError) -> CertificateUntrusted:
    """The error for a certificate that verification refused, with the fingerprint to accept and the reason in words."""
    expired = error.verify_code == _EXPIRED
    try:
        seen = await presented(address)
    except (PoolUnreachable, NotAXenServer):
        fingerprint = ""
    else:
        fingerprint = seen.fingerprint
    reason = "expired" if expired else "self-signed" if error.verify_code in _SELF_SIGNED else "untrusted"
    return CertificateUntrusted(
        f"the certificate of {address.url} is not trusted: {error.verify_message}",
        fingerprint=fingerprint,
        reason=reason,
    )


_EXPIRED: Final = 10  # X509_V_ERR_CERT_HAS_EXPIRED
_SELF_SIGNED: Final = frozenset({18, 19})  # ..._DEPTH_ZERO_SELF_SIGNED_CERT, ..._SELF_SIGNED_CERT_IN_CHAIN


def _unverified() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
