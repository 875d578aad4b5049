"""A channel: one HTTP exchange with a host whose body is a stream of bytes: an export, an import, a console.

Beside `client.py`, which is for calls: nothing is collected here, and whoever does not read holds the sender up.
"""

import asyncio
import base64
import ssl
from typing import Final, Self
from urllib.parse import quote, unquote, urlsplit

import httptools

from podium.errors import CertificateUntrusted, NotSupported, PoolUnreachable
from podium.xapi.address import Address
from podium.xapi.errors import XapiGarbage, XapiTransportError
from podium.xapi.trust import Trust, context_for, untrusted

CONNECT_S: Final = 10.0
HEAD_S: Final = 60.0
"""How long a host may take until it answers: for an export it first looks at every disk."""
STALL_S: Final = 300.0
"""A host that takes or gives not one byte for so long is gone."""
CHUNK: Final = 1 << 20
"""Bytes: of what is read ahead, and of one read."""
_HEAD_BYTES: Final = 64 * 1024
_OK: Final = 200
_FAILURE: Final = 300

Query = dict[str, str]


class Head:
    """The head of an answer. Names of headers are in lower case."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")


class Channel:
    """An open connection to one host. Used as `async with`, or closed with `close`."""

    def __init__(self, address: Address, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.address = address
        self._reader = reader
        self._writer = writer
        self._left: int | None = None
        self._early: asyncio.Task[Head] | None = None

    @classmethod
    async def open(cls, address: Address, trust: Trust, *, proxy: str | None = None) -> Self:
        """Connect; the certificate is judged before anything is sent.

        Raises PoolUnreachable, CertificateUntrusted, NotAXenServer, NotSupported (an HTTP proxy that we cannot use).
        """
        context = await context_for(address, trust) if address.scheme == "https" else None
        try:
            async with asyncio.timeout(CONNECT_S):
                if proxy is None:
                    name = address.host if context is not None else None
                    reader, writer = await asyncio.open_connection(
                        address.host, address.port, ssl=context, server_hostname=name, limit=CHUNK
                    )
                else:
                    reader, writer = await _through(proxy, address, context)
        except ssl.SSLCertVerificationError as error:
            refused: CertificateUntrusted = await untrusted(address, error)
            raise refused from error
        except (OSError, TimeoutError, ValueError) as error:
            raise PoolUnreachable(f"{address.url} does not answer: {str(error) or 'timed out'}") from error
        return cls(address, reader, writer)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._early is not None:
            self._early.cancel()
        self._writer.transport.abort()

    @property
    def refused(self) -> bool:
        """Whether the host has answered with a failure, or has left, while we still send. Success may come so early."""
        if self._early is None or not self._early.done():
            return False
        return self._early.exception() is not None or self._early.result().status >= _FAILURE

    async def ask(
        self, method: str, path: str, query: Query, *, cookie: str, length: int | None = None, version: str = "1.1"
    ) -> None:
        """Send the head of a request. `cookie`: the session, which is to be in no address. `length`: of the body."""
        pairs = "&".join(f"{quote(name, safe='')}={quote(value, safe=':')}" for name, value in query.items())
        lines = [
            f"{method} {path}?{pairs} HTTP/{version}",
            f"Host: {self.address.url.partition('://')[2]}",
            f"Cookie: {cookie}",
            "User-Agent: podium",
            "Connection: close",
        ]
        if length is not None:
            lines.append(f"Content-Length: {length}")
        await self.write("\r\n".join([*lines, "", ""]).encode())
        if length is not None:
            self._early = asyncio.create_task(_read_head(self._reader, timeout_s=None))

    async def head(self, *, timeout_s: float = HEAD_S) -> Head:
        """The head of the answer. Raises XapiTransportError, XapiGarbage."""
        found = await _read_head(self._reader, timeout_s)
        if "transfer-encoding" in found.headers:
            raise XapiGarbage(f"{self.address.url} answers in an encoding that XAPI does not use")
        length = found.headers.get("content-length", "")
        self._left = int(length) if length.isdigit() else None
        return found

    async def read(self, size: int = CHUNK, *, stall_s: float | None = STALL_S) -> bytes:
        """What has come, `size` bytes at most; b"" at the end. Raises XapiTransportError when it was cut off.

        `stall_s`: nothing for so long is the end; None where silence is in order, as on a screen that stands still.
        """
        if self._left == 0:
            return b""
        try:
            async with asyncio.timeout(stall_s):
                data = await self._reader.read(size if self._left is None else min(size, self._left))
        except (OSError, TimeoutError, ssl.SSLError) as error:
            raise self._lost(error) from error
        if self._left is not None:
            if not data:
                raise XapiTransportError(f"{self.address.url} ended too early: {self._left} bytes are missing")
            self._left -= len(data)
        return data

    async def write(self, data: bytes) -> None:
        """Returns when the host has room for more. Raises XapiTransportError."""
        try:
            self._writer.write(data)
            async with asyncio.timeout(STALL_S):
                await self._writer.drain()
        except (OSError, TimeoutError, ssl.SSLError) as error:
            raise self._lost(error) from error

    def _lost(self, error: BaseException) -> XapiTransportError:
        return XapiTransportError(f"{self.address.url}: {str(error) or 'the connection stands still'}")


async def _read_head(reader: asyncio.StreamReader, timeout_s: float | None) -> Head:
    found = Head()
    try:
        async with asyncio.timeout(timeout_s):
            raw = await reader.readuntil(b"\r\n\r\n")
        if len(raw) > _HEAD_BYTES:
            raise XapiGarbage("the head of the answer has no end")
        parser = httptools.HttpResponseParser(found)
        parser.feed_data(raw)
        found.status = parser.get_status_code()
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, httptools.HttpParserError) as error:
        raise XapiGarbage(f"that is no answer of a XenServer: {error}") from error
    except (OSError, TimeoutError, ssl.SSLError) as error:
        raise XapiTransportError(str(error) or "no answer in time") from error
    return found


async def _through(
    proxy: str, address: Address, context: ssl.SSLContext | None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A tunnel through an HTTP proxy (CONNECT), with TLS to the host inside of it."""
    parts = urlsplit(proxy)
    if parts.scheme not in {"http", "https"} or parts.hostname is None:
        raise NotSupported("streams go through http:// and https:// proxies only")
    secure = parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    outer = await asyncio.to_thread(ssl.create_default_context) if secure else None
    reader, writer = await asyncio.open_connection(parts.hostname, port, ssl=outer, limit=CHUNK)
    target = address.url.partition("://")[2]
    lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
    if parts.username is not None:
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        lines.append(f"Proxy-Authorization: Basic {base64.b64encode(login.encode()).decode()}")
    writer.write("\r\n".join([*lines, "", ""]).encode())
    try:
        head = await _read_head(reader, CONNECT_S)
        if head.status != _OK:
            raise PoolUnreachable(f"the HTTP proxy does not let us through to {address.url}: {head.status}")
        if context is not None:
            await writer.start_tls(context, server_hostname=address.host)
    except XapiTransportError as error:
        writer.transport.abort()
        raise PoolUnreachable(f"the HTTP proxy does not answer: {error}") from error
    except BaseException:
        writer.transport.abort()
        raise
    return reader, writer
