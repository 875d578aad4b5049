"""Tar archives as the server writes them, member by member, and as it reads them, in one pass.

Source: the heads of wire/11-001, which are those of Unix version 7: no magic, mode 0400.
"""

from collections.abc import AsyncGenerator

from xensim.source import Source

Members = AsyncGenerator[tuple[str, int], None]
BLOCK = 512
END = bytes(2 * BLOCK)


class Broken(Exception):
    """Bytes that are no head of a member."""


def head(name: str, size: int, mtime: float) -> bytes:
    """The head of a member of `size` bytes."""
    fields = name.encode().ljust(100, b"\0") + b"0000400\0" + b"0000000\0" * 2 + b"%011o\0%011o\0" % (size, int(mtime))
    total = sum(fields) + 8 * 32  # the sum counts its own field as spaces
    return (fields + b"%07o\0" % total).ljust(BLOCK, b"\0")


def padding(size: int) -> bytes:
    """What fills up the last block of a member."""
    return bytes(-size % BLOCK)


def member(name: str, data: bytes, mtime: float) -> bytes:
    return head(name, len(data), mtime) + data + padding(len(data))


async def members(source: Source) -> Members:
    """Name and size of each member, until the end of the archive or of the bytes.

    The caller reads exactly its size between two steps. Raises Broken, and EOFError in the middle of a member.
    """
    while await source.peek(1):
        block = await source.exactly(BLOCK)
        if block == bytes(BLOCK):
            return
        name, size, kind = _parse(block)
        if kind in b"\x000":
            yield name, size
        else:
            await source.skip(size)  # a directory, or names too long for the old form
        await source.skip(-size % BLOCK)


def _parse(block: bytes) -> tuple[str, int, bytes]:
    try:
        expected = int(block[148:156].strip(b"\0 ") or b"x", 8)
        size = int(block[124:136].strip(b"\0 ") or b"0", 8)
    except ValueError as error:
        raise Broken("no number where one must be") from error
    if size < 0 or expected != sum(block[:148]) + 8 * 32 + sum(block[156:]):
        raise Broken("wrong sum, or size")
    name = block[:100].rstrip(b"\0").decode("utf-8", "replace")
    return name, size, block[156:157]
