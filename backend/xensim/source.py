"""Exact amounts out of a stream of pieces: what readers of file formats want."""

from collections.abc import Awaitable, Callable

Read = Callable[[], Awaitable[bytes]]


class Source:
    """Reads by count from a function that gives pieces of any length, and nothing at the end."""

    def __init__(self, read: Read) -> None:
        self.position = 0  # bytes given out or skipped
        self._read = read
        self._kept: list[bytes] = []
        self._size = 0

    async def exactly(self, size: int) -> bytes:
        """The next `size` bytes. Raises EOFError when there are fewer."""
        while self._size < size:
            await self._more()
        return self._take(size)

    async def some(self, limit: int) -> bytes:
        """The next bytes, `limit` at most and as they came; nothing at the end."""
        if not self._size:
            try:
                await self._more()
            except EOFError:
                return b""
        return self._take(min(limit, len(self._kept[0])))

    async def skip(self, size: int) -> None:
        """Pass over `size` bytes. Raises EOFError when there are fewer."""
        while size:
            piece = await self.some(size)
            if not piece:
                raise EOFError
            size -= len(piece)

    async def peek(self, size: int) -> bytes:
        """The next `size` bytes, or fewer at the end, which stay where they are."""
        try:
            while self._size < size:
                await self._more()
        except EOFError:
            pass
        whole = b"".join(self._kept)
        self._kept = [whole] if whole else []
        return whole[:size]

    async def _more(self) -> None:
        piece = await self._read()
        if not piece:
            raise EOFError
        self._kept.append(piece)
        self._size += len(piece)

    def _take(self, size: int) -> bytes:
        taken: list[bytes] = []
        missing, at = size, 0
        while missing:
            piece = self._kept[at]
            if len(piece) > missing:
                taken.append(piece[:missing])
                self._kept[at] = piece[missing:]
                missing = 0
            else:
                taken.append(piece)
                missing -= len(piece)
                at += 1
        del self._kept[:at]
        self._size -= size
        self.position += size
        return taken[0] if len(taken) == 1 else b"".join(taken)
