"""Addresses of XenServer hosts as people write them."""

import ipaddress
import re
from typing import Final

import msgspec

_FORM: Final = re.compile(
    r"^(?:(?P<scheme>(?i:https?))://)?(?:\[(?P<v6>[0-9a-fA-F:.%]+)\]|(?P<host>[\w.-]+))(?::(?P<port>\d{1,5}))?/?$"
)


class Address(msgspec.Struct, frozen=True):
    """Where one host listens."""

    scheme: str
    host: str
    """A name or an IP address, IPv6 without brackets."""
    port: int

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    def at(self, host: str) -> "Address":
        """The same door at another host of the pool: members are reached with the server's scheme and port."""
        return Address(self.scheme, host.strip("[]"), self.port)


def parse_address(text: str) -> Address:
    """`[scheme://]host[:port]`, IPv6 bare or in brackets; https and 443 by default. Raises ValueError in words."""
    text = text.strip()
    try:
        return Address("https", str(ipaddress.IPv6Address(text)), 443)
    except ValueError:
        pass
    found = _FORM.match(text)
    if found is None:
        raise ValueError(f"{text[:100]!r} is not an address of the form [https://]host[:port]")
    scheme = (found["scheme"] or "https").lower()
    port = int(found["port"] or (443 if scheme == "https" else 80))
    if not 0 < port < 65536:
        raise ValueError(f"{port} is not a port")
    host = found["v6"] or found["host"]
    if found["v6"]:
        ipaddress.IPv6Address(host.partition("%")[0])
    try:
        host.encode("idna")
    except UnicodeError as error:  # a label is empty, or longer than 63 characters
        raise ValueError(f"{host[:100]!r} is not the name of a host") from error
    return Address(scheme, host, port)
