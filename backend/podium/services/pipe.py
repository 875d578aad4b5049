"""Pipe: hands a stream from the Task that reads it to the answer that sends it, a few chunks at once at most."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from podium.errors import Aborted

_AHEAD: Final = 2
"""Chunks waiting: the reader fetches the next one while this one is sent."""


class Pipe:
    """One writer, one reader. Whoever is faster waits for the other."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue(_AHEAD)
        self._began = asyncio.Event()
        self._failure: BaseException | None = None

    async def put(self, chunk: bytes) -> None:
        await self._queue.put(chunk)
        self._began.set()

    async def finish(self) -> None:
        """All is written."""
        await self._queue.put(None)
        self._began.set()

    def fail(self, error: BaseException) -> None:
        """It ends here. The reader hears it at once: what waits is worth nothing without the rest."""
        self._failure = Aborted("the task was aborted") if isinstance(error, asyncio.CancelledError) else error
        while not self._queue.empty():
            self._queue.get_nowait()
        self._queue.put_nowait(None)
        self._began.set()

    async def began(self) -> None:
        """Returns when there is something to send. Raises what the writer failed with before that."""
        await self._began.wait()
        if self._failure is not None:
            raise self._failure

    async def chunks(self) -> AsyncIterator[bytes]:
        """Raises what the writer failed with."""
        while (chunk := await self._queue.get()) is not None:
            yield chunk
        if self._failure is not None:
            raise self._failure
