"""HTTP/1.1 as uvicorn speaks it, with the bound on a request's head that the parser behind it does not have."""

import asyncio
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES: Final = 64 * 1024
HEAD_S: Final = 30.0

_REFUSAL: Final = (
    b"HTTP/1.1 %d %b\r\ncontent-type: application/problem+json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%b"
)


class BoundedHttp(HttpToolsProtocol):
    """llhttp collects a head of any size, for any time, before the application hears of it.

    Here it may have 64 KiB and take 30 s: enough for everybody but those who want to fill memory or hold sockets.
    """

    _in_head = False
    _head_bytes = 0
    _answering = False
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in the base class
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_clock()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > MAX_HEAD_BYTES:
            self._refuse(431, b"Request Header Fields Too Large", b"headers-too-large")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head, self._head_bytes = True, 0
        self._expect_head()

    def on_headers_complete(self) -> None:
        self._in_head, self._answering = False, True
        self._stop_clock()
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        self._answering = False
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 -- uvicorn's own words are for its log
        self._refuse(400, b"Bad Request", b"bad-request")

    def _expect_head(self) -> None:
        self._stop_clock()
        self._deadline = self.loop.call_later(HEAD_S, self._too_slow)

    def _stop_clock(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        self._deadline = None
        if not self._answering:
            self._refuse(408, b"Request Timeout", b"request-timeout")

    def _refuse(self, status: int, phrase: bytes, code: bytes) -> None:
        body = b'{"type":"/problems/%b","title":"%b","status":%d,"detail":"%b","code":"%b","error":"%b"}' % (
            code,
            phrase,
            status,
            phrase,
            code,
            phrase,
        )
        self.transport.write(_REFUSAL % (status, phrase, len(body), body))
        self.transport.close()
