"""HTTP as a XenServer host speaks it: a parser and a connection, exact in what clients can notice."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from html import escape
from typing import cast

from xensim.stream import LINGER_S, Stream

log = logging.getLogger(__name__)
MAX_HEAD = 64 * 1024
MAX_RPC_BODY = 300 * 1024
BLOCK = 256 * 1024  # of a long body: written one at a time, so that 100 MB are never in memory at once
HIGH_WATER = 1024 * 1024
_NO_CACHE = ("cache-control", "no-cache, no-store")
_REASONS = {
    200: "OK",
    302: "Found",
    400: "Bad Request",
    401: "Unauthorised",
    403: "Forbidden",
    404: "Not Found",
    431: "Request Header Fields Too Large",
    500: "Internal Error",
    501: "Method not implemented",
    503: "Service Unavailable",
}


@dataclass(frozen=True, slots=True)
class Request:
    """`headers` have names in lower case."""

    method: str
    target: str
    version: str
    headers: dict[str, str]
    body: bytes = b""

    @property
    def path(self) -> str:
        return self.target.split("?", 1)[0]

    @property
    def keep_alive(self) -> bool:
        """HTTP/1.0 never stays open here, whatever it asks for."""
        return self.version == "1.1" and self.headers.get("connection", "").lower() != "close"


@dataclass(slots=True)
class Response:
    """`body` is in pieces; `headers` go out in this order, after the length; errors always end the connection.

    `forwarded`: written by another daemon behind XAPI, which spells headers in its own way. `length`: of a body that
    is to be announced longer than it is; the connection ends with it.
    """

    status: int = 200
    body: list[bytes] = field(default_factory=list)
    headers: list[tuple[str, str]] = field(default_factory=list)
    forwarded: bool = False
    length: int | None = None

    def head(self, request: Request | None, *, keep_alive: bool) -> bytes:
        if self.forwarded:
            return self._forwarded(keep_alive=keep_alive)
        version = request.version if request else "1.1"
        connection = ("connection", "keep-alive" if keep_alive else "close")
        middle = [connection, _NO_CACHE, *self.headers]
        if self.status >= 400:
            middle = [*self.headers[:1], connection, _NO_CACHE, *self.headers[1:]]
        lines = [f"HTTP/{version} {self.status} {_REASONS[self.status]}", f"content-length: {sum(map(len, self.body))}"]
        lines.extend(f"{name}: {value}" for name, value in middle)
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def _forwarded(self, *, keep_alive: bool) -> bytes:
        lines = [f"HTTP/1.1 {self.status} {_REASONS[self.status]}"]
        lines.append(f"Connection: {'keep-alive' if keep_alive else 'close'}")
        if self.status == 200:
            length = sum(map(len, self.body)) if self.length is None else self.length
            lines.append(f"Content-Length: {length}")
        lines += ["Cache-Control: no-cache, no-store", *(f"{name}: {value}" for name, value in self.headers)]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()


def page(status: int, title: str, text: str, *headers: tuple[str, str]) -> Response:
    """An HTML page of an error."""
    body = f"<html><body><h1>HTTP {status} {title}</h1>{text}</body></html>"
    return Response(status, [body.encode()], [("content-type", "text/html"), *headers])


def internal_error(text: str) -> Response:
    """The page of status 500, with the exception as the server prints it."""
    apology = (
        "An unexpected error occurred; please wait a while and try again. "
        "If the problem persists, please contact your support representative."
    )
    shown = escape(text, quote=True).replace("&#x27;", "&apos;").replace("\n", "\\n")
    return page(500, "internal server error", f"{apology}<h1> Additional information </h1>{shown}")


def unauthorised(realm: str) -> Response:
    text = "Please check your credentials and retry."
    return page(401, "unauthorised", text, ("WWW-Authenticate", f'Basic realm="{realm}"'))


def forbidden() -> Response:
    return page(403, "forbidden", "Access to the requested resource is forbidden.")


def not_implemented(method: str) -> Response:
    return page(501, "Method Not Implemented", f"<p>Unknown {method} not supported.<br /></p>")


class BadRequest(Exception):
    """A request that cannot be read on: the response to it is the last on its connection."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


def peek(buffer: bytearray) -> tuple[Request, int] | None:
    """The head of the first request in the buffer, and where its body begins; None while it is incomplete.

    Raises BadRequest.
    """
    end = buffer.find(b"\r\n\r\n")
    if end >= 0:
        return _head(bytes(buffer[:end])), end + 4
    if len(buffer) > MAX_HEAD:
        raise BadRequest(page(431, "request header fields too large", "The request header is too large."))
    return None


def parse(buffer: bytearray, *, rpc: bool = True) -> Request | None:
    """The first request in the buffer, taken out of it; None while it is incomplete. Raises BadRequest.

    `rpc`: a POST must say its length, and it is limited.
    """
    found = peek(buffer)
    if found is None:
        return None
    request, start = found
    length = _length(request, rpc=rpc)
    if len(buffer) < start + length:
        return None
    body = bytes(buffer[start : start + length])
    del buffer[: start + length]
    return Request(request.method, request.target, request.version, request.headers, body)


def _head(head: bytes) -> Request:
    first, *lines = head.decode("latin-1").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise BadRequest(internal_error(f"Http.Http_parse_failure({first!r})"))
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return Request(words[0], words[1], words[2][5:], headers)


def _length(request: Request, *, rpc: bool) -> int:
    text = request.headers.get("content-length", "")
    if rpc and request.method == "POST":
        if not text.isdecimal():
            raise BadRequest(internal_error('Failure("We require a content-length: HTTP header")'))
        if int(text) > MAX_RPC_BODY:
            raise BadRequest(internal_error("Http_svr.Client_requested_size_over_limit"))
    return int(text) if text.isdecimal() else 0


Handler = Callable[[Request], Awaitable[Response]]
Spoil = Callable[[list[bytes]], "tuple[list[bytes], bool]"]
Take = Callable[[Request, Stream], Awaitable[None]]


class Connection(asyncio.Protocol):
    """One connection: requests in order, pipelined or not; a client that goes away ends the request at work.

    A request that `takers` knows is not read to its end and answered: its taker gets the connection, for good.
    """

    def __init__(
        self,
        handler: Handler,
        spoil: Spoil,
        connections: set[Connection],
        *,
        rpc: bool = True,
        takers: Callable[[Request], Take | None] | None = None,
    ) -> None:
        self._rpc = rpc
        self._takers = takers
        self._stream: Stream | None = None
        self._handler = handler
        self._spoil = spoil
        self._connections = connections
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self._work: asyncio.Task[object] | None = None
        self._paused: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one without inheriting from it
        self._transport.set_write_buffer_limits(HIGH_WATER)
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the name is asyncio's
        self._connections.discard(self)
        self._transport = None
        if self._stream is not None:
            self._stream.lose()
        elif self._work is not None:
            self._work.cancel()

    def data_received(self, data: bytes) -> None:
        if self._stream is not None:
            self._stream.feed(data)
            return
        self._buffer += data
        if self._work is None:
            self._next()

    def eof_received(self) -> bool:
        """A client that has said all may still listen; over TLS there is no such thing."""
        if self._stream is None:
            return False
        self._stream.feed_eof()
        return not self._stream.secure

    def _next(self) -> None:
        try:
            if self._hand_over():
                return
            request = parse(self._buffer, rpc=self._rpc)
        except BadRequest as error:
            self._work = asyncio.create_task(self._send(error.response, None, keep_alive=False))
            return
        if request is not None:
            self._work = asyncio.create_task(self._serve(request))

    def _hand_over(self) -> bool:
        """Give the connection to who takes this request; false when that is nobody. Raises BadRequest."""
        if self._takers is None or self._transport is None or self._buffer.startswith(b"POST "):
            return False  # nobody takes a POST: the many calls are not looked at twice
        found = peek(self._buffer)
        if found is None:
            return False
        request, start = found
        take = self._takers(request)
        if take is None:
            return False
        length = None if request.method == "CONNECT" else _length(request, rpc=False)
        self._stream = Stream(self._transport, length)
        self._stream.feed(bytes(self._buffer[start:]))
        self._buffer.clear()
        self._work = asyncio.create_task(self._give(take, request, self._stream))
        return True

    async def _give(self, take: Take, request: Request, stream: Stream) -> None:
        try:
            await take(request, stream)
            await stream.linger(LINGER_S)
        finally:
            if self._transport is not None:
                self._transport.close()

    async def _serve(self, request: Request) -> None:
        try:
            response = await self._handler(request)
        except Exception:
            log.exception("%s %s failed", request.method, request.path)
            response = internal_error('Failure("xensim")')
        keep_alive = request.keep_alive and response.status < 400
        keep_alive = await self._send(response, request, keep_alive=keep_alive)
        self._work = None
        if keep_alive and self._buffer:
            self._next()

    async def _send(self, response: Response, request: Request | None, *, keep_alive: bool) -> bool:
        """Write a response as fast as the client takes it; whether the connection goes on."""
        if self._transport is None:
            return False
        head = response.head(request, keep_alive=keep_alive)
        body, complete = self._spoil(response.body)
        self._transport.write(head)  # XAPI sends head and body apart, and clients must take them so
        for block in _blocks(body):
            self._transport.write(block)
            await self._drained()
        if keep_alive and complete and response.length is None:
            return True
        self._buffer.clear()
        self._transport.close()
        return False

    def pause_writing(self) -> None:
        if self._stream is not None:
            self._stream.set_writable(writable=False)
            return
        self._paused = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        if self._stream is not None:
            self._stream.set_writable(writable=True)
        if self._paused is not None and not self._paused.done():
            self._paused.set_result(None)
        self._paused = None

    async def _drained(self) -> None:
        """Until the client has taken enough; a client that goes away cancels the wait."""
        if self._paused is not None:
            await self._paused

    async def end(self) -> None:
        """Stop working for this connection."""
        if self._work is not None:
            self._work.cancel()
            await asyncio.wait([self._work])

    def abort(self) -> None:
        """Drop the connection without a word."""
        if self._transport is not None:
            self._transport.abort()


def _blocks(pieces: list[bytes]) -> Iterator[bytes]:
    """The pieces in blocks of about BLOCK bytes; one block for most replies."""
    block: list[bytes] = []
    size = 0
    for piece in pieces:
        block.append(piece)
        size += len(piece)
        if size >= BLOCK:
            yield b"".join(block)
            block, size = [], 0
    if block:
        yield b"".join(block)
