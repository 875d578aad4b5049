"""HTTP/1.1 as uvicorn speaks it, with the bounds on size and time that the parser behind it does not have."""

import asyncio
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES: Final = 64 * 1024
HEAD_S: Final = 30.0
BODY_S: Final = 30.0
"""How often the pace of a body is looked at."""
BODY_BYTES_PER_S: Final = 1024
STALL_S: Final = 60.0
"""A client that takes not one byte of an answer for so long is gone."""

_REFUSAL: Final = (
    b"HTTP/1.1 %d %b\r\ncontent-type: application/problem+json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%b"
)


class BoundedHttp(HttpToolsProtocol):
    """llhttp collects a head of any size, and waits for a head or a body for any time.

    Here a head may have 64 KiB and take 30 s, a body must come at 1 KiB/s, and an answer must be taken: enough for
    everybody but those who want to fill memory or hold sockets.
    """

    _in_head = False
    _head_bytes = 0
    _in_body = False
    _body_bytes = 0
    _answering = False
    _deadline: asyncio.TimerHandle | None = None
    _stall: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in the base class
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_clock()
        self._stop_stall()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        if self._in_head:
            self._head_bytes += len(data)
        elif self._in_body:
            self._body_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > MAX_HEAD_BYTES:
            self._refuse(431, b"Request Header Fields Too Large", b"headers-too-large")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head, self._head_bytes = True, 0
        self._expect_head()

    def on_headers_complete(self) -> None:
        super().on_headers_complete()  # raises for an address that is none
        self._in_head, self._answering = False, True
        self._in_body, self._body_bytes = True, 0
        self._expect_body()

    def on_message_complete(self) -> None:
        self._in_body = False
        self._stop_clock()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        self._answering = False
        super().on_response_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch_writing()

    def resume_writing(self) -> None:
        self._stop_stall()
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 -- uvicorn's own words are for its log
        self._refuse(400, b"Bad Request", b"bad-request")

    def _expect_head(self) -> None:
        self._stop_clock()
        self._deadline = self.loop.call_later(HEAD_S, self._head_is_late)

    def _expect_body(self) -> None:
        self._stop_clock()
        self._deadline = self.loop.call_later(BODY_S, self._look_at_body, self._body_bytes)

    def _stop_clock(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _head_is_late(self) -> None:
        if self._answering:  # an earlier request of this connection: the next one may take its time meanwhile
            self._expect_head()
        else:
            self._refuse(408, b"Request Timeout", b"request-timeout")

    def _look_at_body(self, before: int) -> None:
        """While we ourselves do not read on, the client is not to blame."""
        if self.flow.read_paused or self._body_bytes - before >= BODY_S * BODY_BYTES_PER_S:
            self._expect_body()
        else:
            self._refuse(408, b"Request Timeout", b"request-timeout")

    def _watch_writing(self) -> None:
        self._stall = self.loop.call_later(STALL_S, self._look_at_writing, self.transport.get_write_buffer_size())

    def _look_at_writing(self, before: int) -> None:
        if self.transport.get_write_buffer_size() >= before:
            self.transport.abort()
        else:
            self._watch_writing()

    def _stop_stall(self) -> None:
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None

    def _refuse(self, status: int, phrase: bytes, code: bytes) -> None:
        self._stop_clock()
        if self.pipeline or (self._answering and self.cycle.response_started):
            self.transport.abort()  # in the middle of an answer there is nothing left to say
            return
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
