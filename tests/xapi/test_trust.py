"""Certificates: verified, pinned, or explicitly not looked at; and each way to be wrong has its own error."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

import xensim
from podium.errors import CertificateUntrusted, NotAXenServer, PodiumError, PoolRefused, PoolUnreachable
from podium.xapi.address import Address, parse_address
from podium.xapi.probe import probe
from podium.xapi.session import Login, Session
from podium.xapi.trust import Trust, context_for, presented


async def login(address: Address, trust: Trust, password: str = "xensim") -> None:
    session = await Session.open([address], Login("root", password, trust))
    await session.aclose()


async def test_a_self_signed_certificate_is_refused_until_it_is_pinned() -> None:
    async with xensim.serve(hosts=1, vms=0, seed=1, tls=True, port=0) as sim:
        address = parse_address(sim.url)
        with pytest.raises(CertificateUntrusted) as caught:
            await login(address, Trust())
        assert (caught.value.fingerprint, caught.value.reason) == (sim.fingerprint, "self-signed")
        await login(address, Trust(frozenset({sim.fingerprint})))
        await login(address, Trust(unverified=True))
        with pytest.raises(CertificateUntrusted) as changed:
            await login(address, Trust(frozenset({"AA:" * 31 + "AA"})))
        assert (changed.value.fingerprint, changed.value.reason) == (sim.fingerprint, "changed")


async def test_a_wrong_password_is_told_from_a_wrong_address() -> None:
    async with xensim.serve(hosts=1, vms=0, seed=1, tls=True, port=0, login_penalty_s=0) as sim:
        address = parse_address(sim.url)
        with pytest.raises(PoolRefused, match="refused the user root"):
            await login(address, Trust(unverified=True), "wrong")
    with pytest.raises(PoolUnreachable):
        await login(address, Trust(unverified=True))


async def test_a_probe_tells_what_is_there() -> None:
    async with xensim.serve(hosts=2, vms=0, seed=1, tls=True, port=0) as sim:
        found = await probe(parse_address(sim.url), username="root", password="xensim", trust=Trust(unverified=True))
        assert len(found.hosts) == 2
        assert found.product_brand == "XCP-ng"
        assert found.certificate is not None
        assert (found.certificate.fingerprint, found.certificate.trusted) == (sim.fingerprint, False)


def certificate(folder: Path, *, days: int) -> tuple[Path, Path]:
    """A self-signed certificate that ends in so many days, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=400))
        .not_valid_after(now + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    paths = folder / "cert.pem", folder / "key.pem"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return paths


@asynccontextmanager
async def something(reply: bytes, context: ssl.SSLContext | None = None) -> AsyncIterator[Address]:
    """A server that answers every request with `reply`."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1 << 16)
        writer.write(reply)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with server:
        yield Address("https" if context else "http", "127.0.0.1", server.sockets[0].getsockname()[1])


async def test_an_expired_certificate_has_its_own_reason(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate(tmp_path, days=-1))
    async with something(b"", context) as address:
        seen = await presented(address)
        with pytest.raises(CertificateUntrusted) as caught:
            await login(address, Trust(frozenset({seen.fingerprint})))
    assert caught.value.reason == "expired"
    assert caught.value.fingerprint == seen.fingerprint


HTML = b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 6\r\n\r\n<html>"
MOVED = b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n"
OTHER_JSON = b'HTTP/1.1 200 OK\r\ncontent-length: 13\r\n\r\n{"result": 1}'


@pytest.mark.parametrize("reply", [HTML, MOVED, OTHER_JSON, b"SSH-2.0-OpenSSH_9\r\n"])
async def test_something_else_is_not_a_xenserver(reply: bytes) -> None:
    async with something(reply) as address:
        with pytest.raises(PodiumError) as caught:
            await login(address, Trust())
    assert isinstance(caught.value, NotAXenServer | PoolUnreachable)


async def test_a_door_without_tls_is_not_a_xenserver() -> None:
    async with something(HTML) as plain:
        with pytest.raises(NotAXenServer, match="does not speak TLS"):
            await context_for(Address("https", plain.host, plain.port), Trust(frozenset({"x"})))
