"""Trying a server out: one login, a few questions, and what a person wants to know before connecting."""

from datetime import datetime

import msgspec

from podium.errors import CertificateUntrusted, NotAXenServer, PoolUnreachable
from podium.xapi.address import Address
from podium.xapi.client import XapiClient
from podium.xapi.errors import XapiError, XapiTransportError
from podium.xapi.records import HostRecord, PoolRecord
from podium.xapi.session import Login, Session
from podium.xapi.trust import Trust, presented


class ProbedHost(msgspec.Struct, frozen=True):
    name_label: str
    address: str


class ProbedCertificate(msgspec.Struct, frozen=True, rename="camel"):
    fingerprint: str
    subject: str
    issuer: str
    self_signed: bool
    trusted: bool
    """The system's own authorities vouch for it."""
    not_after: datetime


class Probe(msgspec.Struct, frozen=True, rename="camel"):
    """What one login learned."""

    pool_id: str
    pool_name_label: str
    product_brand: str
    product_version: str
    hosts: tuple[ProbedHost, ...]
    certificate: ProbedCertificate | None
    """None without TLS."""


async def probe(address: Address, *, username: str, password: str, trust: Trust, proxy: str | None = None) -> Probe:
    """Log in once and log out. Raises PoolUnreachable, PoolRefused, CertificateUntrusted, NotAXenServer."""
    certificate = None
    if address.scheme == "https":
        seen = await presented(address)
        trusted = await _trusted(address)
        certificate = ProbedCertificate(
            seen.fingerprint, seen.subject, seen.issuer, seen.self_signed, trusted, seen.not_after
        )
    session = await Session.open([address], Login(username, password, trust, proxy))
    try:
        pools = msgspec.convert(await session.call("pool.get_all_records"), dict[str, PoolRecord], strict=False)
        hosts = msgspec.convert(await session.call("host.get_all_records"), dict[str, HostRecord], strict=False)
    except (XapiError, XapiTransportError) as error:
        raise PoolUnreachable(f"{address.url} took the login, then failed: {error}") from error
    except msgspec.ValidationError as error:
        raise NotAXenServer(f"{address.url} took the login, but answers in another shape: {error}") from error
    finally:
        await session.aclose()
    for pool in pools.values():
        master = hosts.get(pool.master)
        version = {} if master is None else master.software_version
        return Probe(
            pool_id=pool.uuid,
            pool_name_label=pool.name_label or ("" if master is None else master.name_label),
            product_brand=version.get("product_brand", ""),
            product_version=version.get("product_version", ""),
            hosts=tuple(ProbedHost(host.name_label, host.address) for host in hosts.values()),
            certificate=certificate,
        )
    raise NotAXenServer(f"{address.url} has no pool")


async def _trusted(address: Address) -> bool:
    """Whether the system's own authorities vouch for the certificate."""
    try:
        async with await XapiClient.open(address, Trust()) as client:
            await client.call("system.isAlive:podium", timeout_s=5.0)
    except CertificateUntrusted:
        return False
    except (XapiError, XapiTransportError, PoolUnreachable):
        return True
    return True
