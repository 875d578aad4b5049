"""gzip and zstd, as they go by: packing what a handler sends, unpacking what it receives."""

from __future__ import annotations

import asyncio
import zlib
from importlib.util import find_spec
from typing import Protocol

from xensim.source import Read, Source

GZIP_MAGIC, ZSTD_MAGIC = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_GZIP = 16 + zlib.MAX_WBITS
_PIECE = 256 * 1024
_ROOM = 1 << 20  # bytes that one step of unpacking may make


class Broken(Exception):
    """Bytes that cannot be unpacked."""


class Packer(Protocol):
    """A compressor of one stream; both methods give what is ready."""

    def compress(self, data: bytes, /) -> bytes: ...

    def flush(self) -> bytes: ...


class Plain:
    """No compression."""

    def compress(self, data: bytes, /) -> bytes:
        return data

    def flush(self) -> bytes:
        return b""


def available(name: str) -> bool:
    """Whether we can pack with `name`: "gzip" always, "zstd" where its library is installed, "" is none."""
    return name in {"", "gzip"} or (name == "zstd" and find_spec("zstandard") is not None)


def packer(name: str) -> Packer:
    """A packer for "gzip", "zstd" or "" (none), fast rather than thorough, as the server's own are."""
    if name == "gzip":
        return zlib.compressobj(1, wbits=_GZIP)
    if name == "zstd":
        import zstandard

        return zstandard.ZstdCompressor(level=1).compressobj()
    return Plain()


async def pack(with_: Packer, data: bytes) -> bytes:
    """Pack a large piece without keeping others waiting."""
    if isinstance(with_, Plain):
        return data
    return await asyncio.to_thread(with_.compress, data)


async def unpacked(source: Source) -> Source:
    """The same stream unpacked, whichever way it was packed, or as it is."""
    magic = await source.peek(4)
    if magic.startswith(GZIP_MAGIC):
        return Source(_gunzip(source))
    if magic == ZSTD_MAGIC and available("zstd"):
        return Source(_unzstd(source))
    return source


def _gunzip(source: Source) -> Read:
    state = zlib.decompressobj(_GZIP)

    async def read() -> bytes:
        nonlocal state
        while True:
            if state.eof:
                state = zlib.decompressobj(_GZIP)  # gzip files may follow one another
            packed = state.unconsumed_tail or await source.some(_PIECE)
            if not packed:
                return b""
            try:
                data = await asyncio.to_thread(state.decompress, packed, _ROOM)
            except zlib.error as error:
                raise Broken(str(error)) from error
            if data:
                return data

    return read


def _unzstd(source: Source) -> Read:
    import zstandard

    state = zstandard.ZstdDecompressor().decompressobj(read_across_frames=True)

    async def read() -> bytes:
        while True:
            packed = await source.some(_PIECE // 8)  # zeros pack 1 to 10,000: small bites keep the result small
            if not packed:
                return b""
            try:
                data = await asyncio.to_thread(state.decompress, packed)
            except zstandard.ZstdError as error:
                raise Broken(str(error)) from error
            if data:
                return data

    return read
