"""HTTP/1.1 to one XenServer, as a transport of httpx: asyncio's own connections, and llhttp to read the answers.

A pool in which something always happens is asked twenty times a second, and its first answers are 100 MB. httpx's own
transport, made for many servers and two kinds of event loop, spends ten times as much on each (docs/decisions/0017).
"""

import asyncio
import ssl
from typing import Final

import httptools
import httpx

from podium.xapi.address import Address

LIMIT: Final = "limit_bytes"
"""The request extension that says how long the answer's body may be."""
LONGEST: Final = 10
"""An answer that keeps trickling in may take so many times its time limit."""

_HEAD_BYTES: Final = 64 * 1024


class Transport(httpx.AsyncBaseTransport):
    """Connections to one address, kept open between calls, at most `limit` at once. `context` None: without TLS."""

    def __init__(self, address: Address, context: ssl.SSLContext | None, *, limit: int) -> None:
        self._address = address
        self._context = context
        self._turn = asyncio.Semaphore(limit)
        self._idle: list[_Connection] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One exchange. Raises the exceptions of httpx."""
        limits: dict[str, float] = request.extensions["timeout"]
        limit_bytes: int = request.extensions[LIMIT]
        async with self._turn:
            connection = self._idle_one() or await self._connect(limits["connect"])
            try:
                answer = await connection.exchange(_encoded(request), limits["read"], limit_bytes)
            except BaseException:
                connection.close()
                raise
            if connection.reusable:
                self._idle.append(connection)
            else:
                connection.close()
        return answer

    async def aclose(self) -> None:
        """Close what is idle; calls in flight belong to their callers."""
        while self._idle:
            self._idle.pop().close()

    def _idle_one(self) -> "_Connection | None":
        while self._idle:
            connection = self._idle.pop()
            if connection.reusable:
                return connection
            connection.close()
        return None

    async def _connect(self, limit_s: float) -> "_Connection":
        address = self._address
        name = None if self._context is None else address.host
        try:
            async with asyncio.timeout(limit_s):
                _, connection = await asyncio.get_running_loop().create_connection(
                    _Connection, address.host, address.port, ssl=self._context, server_hostname=name
                )
        except TimeoutError as error:
            raise httpx.ConnectTimeout("timed out") from error
        except (OSError, ValueError) as error:  # ssl.SSLError is the one, a name that is none the other
            raise httpx.ConnectError(str(error)) from error
        return connection


class _Connection(asyncio.Protocol):
    """One connection, one exchange at a time."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._answered: asyncio.Future[httpx.Response] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._began = self._heard = 0.0
        self._limit_bytes = 0
        self._keep = True
        self._parser = httptools.HttpResponseParser(self)
        self._names: set[bytes] = set()
        self._head_bytes = 0
        self._body: list[bytes] = []
        self._body_bytes = 0
        self._until_end = False

    @property
    def reusable(self) -> bool:
        return self._keep and self._transport is not None and not self._transport.is_closing()

    async def exchange(self, data: bytes, limit_s: float, limit_bytes: int) -> httpx.Response:
        """Send a request, wait for the whole answer; `limit_s` may pass without a sign of it."""
        if self._transport is None:
            raise httpx.ConnectError("the connection was closed")
        self._begin()
        self._answered = self._loop.create_future()
        self._began = self._heard = self._loop.time()
        self._limit_bytes = limit_bytes
        self._timer = self._loop.call_later(limit_s, self._look, limit_s)
        self._transport.write(data)
        try:
            return await self._answered
        finally:
            self._timer.cancel()
            self._answered = None

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    # asyncio calls these

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # a stream's transport, which uvloop does not derive

    def data_received(self, data: bytes) -> None:
        self._heard = self._loop.time()
        if self._answered is None:
            self._keep = False  # nobody asked
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._fail(httpx.RemoteProtocolError(str(error.__context__ or error)))

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._until_end and exc is None:
            self.on_message_complete()
        else:
            self._fail(httpx.ReadError(str(exc)) if exc else httpx.RemoteProtocolError("the answer was cut off"))

    # httptools calls these

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head_bytes += len(name) + len(value) + 4
        if self._head_bytes > _HEAD_BYTES:
            raise httptools.HttpParserError("the head of the answer has no end")
        self._names.add(name.lower())

    def on_headers_complete(self) -> None:
        if b"content-encoding" in self._names:
            raise httptools.HttpParserError("the answer is encoded, and nobody asked for that")
        self._until_end = self._names.isdisjoint((b"content-length", b"transfer-encoding"))

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        if self._body_bytes > self._limit_bytes:
            raise httptools.HttpParserError("the answer is too long")
        self._body.append(body)

    def on_message_complete(self) -> None:
        self._keep = self._parser.should_keep_alive()
        self._until_end = False
        if self._answered is not None and not self._answered.done():
            # without its headers: nobody reads them, and to take them in costs as much as all the rest
            answer = httpx.Response(self._parser.get_status_code(), content=b"".join(self._body))
            self._answered.set_result(answer)
            self._body.clear()

    def _begin(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._names = set()
        self._head_bytes = self._body_bytes = 0
        self._body.clear()
        self._until_end = False

    def _look(self, limit_s: float) -> None:
        """Time may be up; but if something arrived meanwhile it counts from there, for a while."""
        left = min(self._heard + limit_s, self._began + LONGEST * limit_s) - self._loop.time()
        if left > 0:
            self._timer = self._loop.call_later(left, self._look, limit_s)
        else:
            self._fail(httpx.ReadTimeout("timed out"))

    def _fail(self, error: httpx.HTTPError) -> None:
        self._keep = False
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(error)


async def read_bounded(response: httpx.Response, limit_bytes: int) -> bytes:
    """The body of an answer that came through httpx's own transport (a proxy), under the same bounds."""
    try:
        if "content-encoding" in response.headers:
            raise httpx.RemoteProtocolError("the answer is encoded, and nobody asked for that")
        parts: list[bytes] = []
        size = 0
        async for part in response.aiter_raw():
            size += len(part)
            if size > limit_bytes:
                raise httpx.RemoteProtocolError("the answer is too long")
            parts.append(part)
        return b"".join(parts)
    finally:
        await response.aclose()


def _encoded(request: httpx.Request) -> bytes:
    lines = [b"%b %b HTTP/1.1" % (request.method.encode(), request.url.raw_path)]
    lines += [b"%b: %b" % header for header in request.headers.raw]
    return b"\r\n".join([*lines, b"", request.content])
