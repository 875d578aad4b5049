"""Virtual hard disks, dynamic and differencing, written and read as one pass over a stream.

Source: Microsoft, Virtual Hard Disk Image Format Specification, version 1.0. Numbers are big-endian; a disk is cut into
blocks of 2 MiB, each preceded by a bitmap of its sectors.
"""

from __future__ import annotations

import struct
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from xensim.content import BLOCK
from xensim.source import Source

SECTOR = 512
DYNAMIC, DIFFERENCING = 3, 4
LARGEST = 2040 << 30  # bytes; what a VHD can hold
_NONE = 0xFFFFFFFF
_EPOCH = 946684800  # 2000-01-01 in Unix time: dates count from there
_FOOTER = struct.Struct(">8sIIQI4sI4sQQHBBII16sB427x")
_HEADER = struct.Struct(">8sQQIIII16sII512s")
_LOCATOR = struct.Struct(">4sIIIQ")


class Broken(Exception):
    """Bytes that are no VHD that can be read in one pass."""


@dataclass(frozen=True, slots=True)
class Footer:
    """What opens and closes a VHD. `size` is the disk's in bytes, `kind` DYNAMIC or DIFFERENCING."""

    size: int
    kind: int = DYNAMIC
    identity: bytes = field(default_factory=lambda: uuid.uuid4().bytes)
    created: float = float(_EPOCH)

    def encode(self) -> bytes:
        cylinders, heads, sectors = _geometry(self.size // SECTOR)
        fields = [
            b"conectix", 2, 0x10000, SECTOR, max(0, int(self.created) - _EPOCH), b"caml", 0x10000, b"\0\0\0\0",
            self.size, self.size, cylinders, heads, sectors, self.kind, 0, self.identity, 0,
        ]  # fmt: skip
        fields[14] = checksum(_FOOTER.pack(*fields))
        return _FOOTER.pack(*fields)


@dataclass(frozen=True, slots=True)
class Parent:
    """The disk that a differencing VHD builds on; `name` is a file name."""

    identity: bytes
    name: str
    created: float = float(_EPOCH)


def checksum(data: bytes) -> int:
    """The complement of the sum of the bytes, with zeros where the checksum goes."""
    return ~sum(data) & 0xFFFFFFFF


def prologue(footer: Footer, blocks: list[int], parent: Parent | None = None) -> bytes:
    """All that comes before the first block: footer, header and the table of where each block lies."""
    entries = -(-footer.size // BLOCK)
    table_size = -(-entries * 4 // SECTOR) * SECTOR
    table_at = SECTOR + 2 * SECTOR
    name = parent.name.encode("utf-16-be")[:512].ljust(512, b"\0") if parent else bytes(512)
    locator = parent.name.encode("utf-16-le")[:SECTOR].ljust(SECTOR, b"\0") if parent else b""
    locator_at = table_at + table_size
    fields = [
        b"cxsparse", 0xFFFFFFFFFFFFFFFF, table_at, 0x10000, entries, BLOCK, 0, parent.identity if parent else bytes(16),
        max(0, int(parent.created) - _EPOCH) if parent else 0, 0, name,
    ]  # fmt: skip
    locators = _LOCATOR.pack(b"W2ru", 1, 2 * len(parent.name), 0, locator_at) if parent else b""
    tail = locators.ljust(448, b"\0")
    fields[6] = checksum(_HEADER.pack(*fields) + tail)
    first = (locator_at + len(locator)) // SECTOR
    table = [_NONE] * entries
    for at, block in enumerate(blocks):
        table[block] = first + at * (1 + BLOCK // SECTOR)
    packed = struct.pack(f">{entries}I", *table).ljust(table_size, b"\xff")
    return b"".join((footer.encode(), _HEADER.pack(*fields), tail, packed, locator))


def block(pieces: Iterator[bytes]) -> bytes:
    """One block with every sector marked as present."""
    return FULL + b"".join(pieces)


FULL = b"\xff" * SECTOR  # the bitmap of a block whose every sector is there


async def read(source: Source, opened: Callable[[Footer], None], write: Callable[[int, bytes], object]) -> None:
    """Read a VHD: `opened` hears of its footer, then `write` of each run of sectors, as offset in bytes and data.

    Raises Broken for what is no VHD, EOFError for one that is cut off.
    """
    footer, header_at = _footer(await source.exactly(SECTOR))
    opened(footer)
    await _pass_to(source, header_at)
    table_at, entries, size = _header(await source.exactly(2 * SECTOR))
    await _pass_to(source, table_at)
    table = struct.unpack(f">{entries}I", await source.exactly(entries * 4))
    bitmap_size = -(-size // SECTOR // 8 // SECTOR) * SECTOR
    for sector, index in sorted((sector, index) for index, sector in enumerate(table) if sector != _NONE):
        await _pass_to(source, sector * SECTOR)
        bitmap = await source.exactly(bitmap_size)
        data = await source.exactly(size)
        for start, end in _runs(bitmap, size // SECTOR):
            run = data if end - start == size // SECTOR else data[start * SECTOR : end * SECTOR]
            write(index * size + start * SECTOR, run)
    await source.exactly(SECTOR)  # the footer again


async def _pass_to(source: Source, offset: int) -> None:
    if offset < source.position:
        raise Broken("a part that lies before what was read")
    await source.skip(offset - source.position)


def _footer(data: bytes) -> tuple[Footer, int]:
    """The footer and the offset of the header."""
    fields = _FOOTER.unpack(data)
    if fields[0] != b"conectix":
        raise Broken("no footer")
    if fields[14] != checksum(data[:64] + bytes(4) + data[68:]):
        raise Broken("wrong checksum of the footer")
    if fields[13] not in (DYNAMIC, DIFFERENCING):
        raise Broken(f"disk type {fields[13]}")
    return Footer(fields[9], fields[13], fields[15], float(fields[4] + _EPOCH)), int(fields[3])


def _header(data: bytes) -> tuple[int, int, int]:
    """Offset and number of entries of the table, and the size of blocks, in bytes."""
    fields = _HEADER.unpack_from(data)
    if fields[0] != b"cxsparse":
        raise Broken("no header")
    if fields[6] != checksum(data[:36] + bytes(4) + data[40:]):
        raise Broken("wrong checksum of the header")
    size = int(fields[5])
    if size < SECTOR or size & (size - 1) or size > 64 << 20:
        raise Broken(f"blocks of {size} bytes")
    return int(fields[2]), int(fields[4]), size


def _runs(bitmap: bytes, sectors: int) -> Iterator[tuple[int, int]]:
    """The runs of sectors that are present, as first and one past the last."""
    if bitmap.startswith(b"\xff" * (sectors // 8)) and sectors >= 8:
        yield 0, sectors
        return
    bits = f"{int.from_bytes(bitmap, 'big'):0{len(bitmap) * 8}b}"[:sectors]
    start = bits.find("1")
    while start >= 0:
        end = bits.find("0", start)
        end = sectors if end < 0 else end
        yield start, end
        start = bits.find("1", end)


def _geometry(sectors: int) -> tuple[int, int, int]:
    """Cylinders, heads and sectors per track, by the specification's own rule."""
    sectors = min(sectors, 65535 * 16 * 255)
    if sectors >= 65535 * 16 * 63:
        per_track, heads = 255, 16
        return sectors // per_track // heads, heads, per_track
    per_track = 17
    tracks = sectors // per_track
    heads = max(4, -(-tracks // 1024))
    if tracks >= heads * 1024 or heads > 16:
        per_track, heads = 31, 16
        tracks = sectors // per_track
    if tracks >= heads * 1024:
        per_track, heads = 63, 16
        tracks = sectors // per_track
    return tracks // heads, heads, per_track
