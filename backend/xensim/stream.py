"""A connection in a handler's hands: a body of any length that comes in, bytes that go out, both at the peer's pace."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from dataclasses import dataclass

HIGH_WATER = 4 << 20  # bytes that wait on our side, in either direction, before the other one is made to wait
LOW_WATER = 1 << 20
LINGER_S = 0.5


@dataclass(slots=True)
class Limits:
    """What goes wrong on purpose with one transfer: its pace in bytes a second, and where it is cut; 0 is neither."""

    rate: float = 0.0
    cut_after: int = 0


class Stream:
    """Reads and writes raise what `fail` was told; after the peer went, reads end and writes raise ConnectionError."""

    def __init__(self, transport: asyncio.Transport, length: int | None) -> None:
        """`length`: of the body that comes, in bytes; None when it ends with the connection."""
        self.limits = Limits()
        self.moved = 0  # bytes read by the handler and written by it
        self._transport = transport
        self._left = length
        self._pieces: deque[bytes] = deque()
        self._waiting = 0
        self._ended = length == 0
        self._reading = True
        self._writable = True
        self._gone = False
        self._discarding = False
        self._error: Exception | None = None
        self._wake: set[asyncio.Future[None]] = set()
        transport.set_write_buffer_limits(HIGH_WATER, LOW_WATER)

    @property
    def socket_name(self) -> tuple[str, int]:
        """Address and port that the peer connected to."""
        name = self._transport.get_extra_info("sockname")
        return str(name[0]), int(name[1])

    @property
    def secure(self) -> bool:
        return self._transport.get_extra_info("sslcontext") is not None

    # reading

    async def read(self) -> bytes:
        """The next piece of the body, of any length; empty at its end."""
        while not self._pieces and not self._ended:
            await self._changed()
        self._check()
        if not self._pieces:
            return b""
        piece = self._pieces.popleft()
        self._waiting -= len(piece)
        if not self._reading and self._waiting <= LOW_WATER:
            self._reading = True
            if not self._gone:
                self._transport.resume_reading()
        await self._account(len(piece))
        return piece

    # writing

    def write(self, data: bytes) -> None:
        """Send; call `drain` before there is more."""
        self._check_peer()
        self._transport.write(data)

    async def send(self, data: bytes) -> None:
        """Send, and wait until the peer has taken enough of it."""
        self.write(data)
        await self.drain()
        await self._account(len(data))

    async def drain(self) -> None:
        """Until there is room for more; others get their turn in any case."""
        await asyncio.sleep(0)
        while not self._writable and not self._gone:
            await self._changed()
        self._check_peer()

    async def patience(self, seconds: float) -> None:
        """Wait so long, but not for a peer that has gone. Raises as writing does."""
        end = asyncio.get_running_loop().time() + seconds
        while (left := end - asyncio.get_running_loop().time()) > 0:
            try:
                await asyncio.wait_for(self._changed(), left)
            except TimeoutError:
                return
            self._check_peer()

    # what the connection tells

    def feed(self, data: bytes) -> None:
        """Bytes of the body; those beyond its length are nobody's."""
        if self._left is not None:
            data = data[: self._left]
            self._left -= len(data)
            self._ended = self._left == 0
        if data and not self._discarding:
            self._pieces.append(data)
            self._waiting += len(data)
        if self._waiting > HIGH_WATER and self._reading:
            self._reading = False
            self._transport.pause_reading()
        self._notify()

    def feed_eof(self) -> None:
        """The body is over, wherever it should have ended."""
        self._ended = True
        self._notify()

    def lose(self) -> None:
        """The peer has gone; what came from it can still be read."""
        self._gone = True
        self.feed_eof()

    def set_writable(self, *, writable: bool) -> None:
        self._writable = writable
        self._notify()

    def fail(self, error: Exception) -> None:
        """Whoever reads or writes, now or later, gets `error`; the first one counts."""
        self._error = self._error or error
        self._notify()

    def forgive(self) -> None:
        """Allow a last word after `fail`."""
        self._error = None

    async def linger(self, seconds: float) -> None:
        """Say that nothing more comes, and let the peer finish its sentence: to cut it off would cost it our answer."""
        if self._over:
            return
        self._error = None
        self._discarding = True
        self._pieces.clear()
        self._waiting = 0
        if not self._reading:
            self._transport.resume_reading()
        if self._transport.can_write_eof():
            self._transport.write_eof()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not self._over:
                    await self._changed()

    # helpers

    @property
    def _over(self) -> bool:
        return self._ended or self._gone

    async def _account(self, size: int) -> None:
        self.moved += size
        if self.limits.cut_after and self.moved >= self.limits.cut_after:
            self._transport.abort()
            self.lose()
            raise ConnectionResetError("cut on purpose")
        if self.limits.rate:
            await self.patience(size / self.limits.rate)

    async def _changed(self) -> None:
        self._check()
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._wake.add(waiter)
        try:
            await waiter
        finally:
            self._wake.discard(waiter)
        self._check()

    def _check(self) -> None:
        if self._error is not None:
            raise self._error

    def _check_peer(self) -> None:
        self._check()
        if self._gone:
            raise ConnectionResetError("the peer has gone")

    def _notify(self) -> None:
        for waiter in self._wake:
            if not waiter.done():
                waiter.set_result(None)
