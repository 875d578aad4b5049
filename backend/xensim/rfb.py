"""The remote framebuffer protocol, the server's side: shows a Screen to one client, and takes its keys.

Source: RFC 6143. Versions 3.3, 3.7 and 3.8; no security, for the session was checked before; encoding Raw alone, which
every client must take.
"""

from __future__ import annotations

import asyncio
import struct
from dataclasses import dataclass
from functools import lru_cache

from xensim.screen import CELL_HEIGHT, HEIGHT, ROWS, WIDTH, Screen
from xensim.source import Source
from xensim.stream import Stream

VERSION = b"RFB 003.008\n"
_SHADES = (0, 170)  # of BLACK and GREY, out of 255
_LONGEST_CUT = 256 * 1024


class Wrong(Exception):
    """A message that a client does not send."""


@dataclass(frozen=True, slots=True)
class Format:
    """How a client wants its pixels; `maximum` and `shift` are of red, green and blue."""

    bits: int = 32
    depth: int = 24
    big_endian: bool = False
    true_colour: bool = True
    maximum: tuple[int, int, int] = (255, 255, 255)
    shift: tuple[int, int, int] = (16, 8, 0)

    def encode(self) -> bytes:
        flags = (self.bits, self.depth, self.big_endian, self.true_colour)
        return struct.pack(">BB??HHHBBB3x", *flags, *self.maximum, *self.shift)

    @staticmethod
    def decode(data: bytes) -> Format:
        """Raises Wrong for formats that we cannot make."""
        bits, depth, big, true, *rest = struct.unpack(">BB??HHHBBB3x", data)
        if bits not in (8, 16, 32) or not true:
            raise Wrong(f"{bits} bits a pixel")
        return Format(bits, depth, big, true, (rest[0], rest[1], rest[2]), (rest[3], rest[4], rest[5]))

    def pixel(self, shade: int) -> bytes:
        """A pixel of this grey."""
        value = sum((shade * top // 255) << shift for top, shift in zip(self.maximum, self.shift, strict=True))
        return (value & (1 << self.bits) - 1).to_bytes(self.bits // 8, "big" if self.big_endian else "little")


class Session:
    """One client that looks at a screen."""

    def __init__(self, stream: Stream, screen: Screen, name: str) -> None:
        self._stream = stream
        self._source = Source(stream.read)
        self._screen = screen
        self._name = name
        self._format = Format()
        self._wanted = False  # the client waits for a picture
        self._wake = asyncio.Event()  # it asked for one, or there is something new
        self._seen = [0] * ROWS  # the versions of the rows that the client has

    async def run(self) -> None:
        """Until the client leaves. Raises Wrong, EOFError and what the stream raises."""
        await self._greet()
        painter = asyncio.create_task(self._paint())
        self._screen.watchers.add(self._wake)
        try:
            while True:
                await self._message()
        finally:
            self._screen.watchers.discard(self._wake)
            painter.cancel()
            await asyncio.wait([painter])

    async def _greet(self) -> None:
        await self._stream.send(VERSION)
        version = await self._source.exactly(len(VERSION))
        if not version.startswith(b"RFB 003."):
            raise Wrong(f"version {version!r}")
        minor = int(version[8:11])
        if minor < 7:
            await self._stream.send(struct.pack(">I", 1))
        else:
            await self._stream.send(b"\x01\x01")
            if await self._source.exactly(1) != b"\x01":
                raise Wrong("a kind of security that was not offered")
            if minor >= 8:
                await self._stream.send(bytes(4))
        await self._source.exactly(1)  # whether others may look too: they may
        name = self._name.encode()
        size = struct.pack(">HH", WIDTH, HEIGHT)
        await self._stream.send(size + self._format.encode() + struct.pack(">I", len(name)) + name)

    async def _message(self) -> None:
        take = self._source.exactly
        match (await take(1))[0]:
            case 0:
                self._format = Format.decode((await take(19))[3:])
                self._seen = [0] * ROWS
            case 2:
                (count,) = struct.unpack(">xH", await take(3))
                await take(4 * count)  # all of them take Raw
            case 3:
                incremental, _x, y, _width, height = struct.unpack(">BHHHH", await take(9))
                self._want(y, height, incremental=bool(incremental))
            case 4:
                down, symbol = struct.unpack(">BxxI", await take(7))
                if down:
                    self._screen.key(symbol)
            case 5:
                buttons, x, y = struct.unpack(">BHH", await take(5))
                self._screen.point(x, y, buttons)
            case 6:
                (length,) = struct.unpack(">3xI", await take(7))
                if length > _LONGEST_CUT:
                    raise Wrong(f"{length} bytes of clipboard")
                self._screen.paste((await take(length)).decode("latin-1"))
            case other:
                raise Wrong(f"message {other}")

    def _want(self, y: int, height: int, *, incremental: bool) -> None:
        """A client asks for news of a part: rows of characters are all we cut pictures into."""
        if not incremental:
            for row in range(y // CELL_HEIGHT, min(ROWS, -(-(y + height) // CELL_HEIGHT))):
                self._seen[row] = 0
        self._wanted = True
        self._wake.set()

    async def _paint(self) -> None:
        """Answer each request when there is something new, and not before."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            stale = [row for row in range(ROWS) if self._seen[row] != self._screen.versions[row]]
            if self._wanted and stale:
                self._wanted = False
                await self._stream.send(b"".join([struct.pack(">BxH", 0, len(stale)), *map(self._rectangle, stale)]))

    def _rectangle(self, row: int) -> bytes:
        self._seen[row] = self._screen.versions[row]
        head = struct.pack(">HHHHi", 0, row * CELL_HEIGHT, WIDTH, CELL_HEIGHT, 0)
        return head + _pixels(self._screen.picture(row), self._format)


@lru_cache(maxsize=256)
def _pixels(picture: bytes, format_: Format) -> bytes:
    black, grey = (format_.pixel(shade) for shade in _SHADES)
    return b"".join([grey if dot else black for dot in picture])
