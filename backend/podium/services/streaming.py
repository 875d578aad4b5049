"""Streaming: one of XAPI's HTTP handlers at work, as a Task with progress that can be aborted.

A handler reports into a task of the pool, and that task alone tells how it went: the status has often been sent before
the work (PROTOCOL.md 7). Memory stays flat whatever is streamed: who takes slowly slows the giver down.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from podium.errors import InvalidParameters, PodiumError, PoolError, PoolUnreachable, TooManyAttempts
from podium.model.base import PoolObject
from podium.services.access import Viewer
from podium.services.gateway import Gateway
from podium.services.pipe import Pipe
from podium.services.tasks import Progress, Running, Tasks
from podium.xapi.channel import Channel, Query
from podium.xapi.errors import XapiTransportError

UNKNOWN_LENGTH: Final = 1 << 46
"""Bytes. XAPI's handlers take no chunked bodies: who does not know the length announces a huge one (PROTOCOL.md 7)."""
VERDICT_S: Final = 3600.0
"""After the last byte of an import the pool may still have work to do until it tells how it went."""
REASON_S: Final = 10.0
"""A handler that broke off says why in its task, most often before."""
MOST: Final = 16
"""Streams that one user may have under way at once."""
_LATE_FAILURE: Final = b"HTTP/1.1 5"
_OK: Final = 200
_NO_HANDLER: Final = frozenset({403, 404, 501})
"""Nothing that would report into a task has begun."""

Body = AsyncIterator[bytes]


@dataclass(frozen=True)
class Handler:
    """What a handler is asked for. `host`: the address of the member that has to answer; None: the coordinator."""

    about: PoolObject
    what: str
    path: str
    query: Query = field(default_factory=dict)
    host: str | None = None
    length: int | None = None
    """Bytes of the whole stream, where they are known."""


@dataclass(frozen=True)
class Outgoing:
    """A stream on its way to a client. Whoever has one calls `leave` at the end, or the pool goes on sending."""

    chunks: Body
    leave: Callable[[], Awaitable[None]]
    task_id: str
    filename: str
    media_type: str
    length: int | None
    """Bytes of the whole, where they are known."""
    start: int
    """The first byte that is sent: more than 0 where a transfer goes on that had broken off."""


class Streaming:
    """Runs handlers, in and out of pools."""

    def __init__(self, gateway: Gateway, tasks: Tasks) -> None:
        self._gateway = gateway
        self._tasks = tasks
        self._open_by: Counter[str] = Counter()

    @contextlib.contextmanager
    def counted(self, by: Viewer) -> Iterator[None]:
        """Raises TooManyAttempts when the user has as many streams as one may have: each takes a thread of a host."""
        if self._open_by[by.user_id] >= MOST:
            raise TooManyAttempts(f"you have {MOST} streams under way: wait for one to end", retry_after_s=5)
        self._open_by[by.user_id] += 1
        try:
            yield
        finally:
            self._open_by[by.user_id] -= 1
            if not self._open_by[by.user_id]:
                del self._open_by[by.user_id]

    async def outgoing(
        self,
        handler: Handler,
        *,
        by: Viewer,
        filename: str,
        operation: str | None = None,
        start: int = 0,
        media_type: str = "application/octet-stream",
    ) -> Outgoing:
        """Begin a download as a Task; returns with its first byte, and raises what came instead of one.

        `operation`: XAPI's name of what it does to the object, where that may be in somebody's way. The Task ends with
        the last byte, or when the client leaves.
        """
        pipe = Pipe()

        async def work(progress: Progress) -> None:
            try:
                with self.counted(by), self._gateway.busy.holding(handler.about, operation, task_id=progress.task_id):
                    await self._download(handler, pipe, skip=start, progress=progress)
                await pipe.finish()
            except BaseException as error:
                pipe.fail(error)
                raise

        about = handler.about
        running = await self._tasks.start(
            f"REST API: {handler.what}", work, viewer=by, about=(about.type, about.id), params={"filename": filename}
        )
        try:
            await pipe.began()
        except BaseException:
            await _leave(running)
            raise
        return Outgoing(
            pipe.chunks(), lambda: _leave(running), running.task_id, filename, media_type, handler.length, start
        )

    async def upload(self, handler: Handler, body: Body, *, progress: Progress) -> str:
        """Send `body` to a handler: the result of its task. Raises what it refused.

        Raises InvalidParameters when the body ends before the handler's `length`.
        """
        length = handler.length
        async with self._task(handler) as task:
            try:
                async with self._open("PUT", handler, task, UNKNOWN_LENGTH if length is None else length) as channel:
                    sent = await _send(channel, body, progress=progress, length=length)
                    if length is not None and sent < length and not channel.refused:
                        raise InvalidParameters(f"the body ended after {sent} of {length} bytes")
                    return await task.ended(VERDICT_S)
            except XapiTransportError as error:
                raise await task.refusal(str(error)) from error

    async def _download(self, handler: Handler, pipe: Pipe, *, skip: int, progress: Progress) -> None:
        async with self._task(handler) as task:
            try:
                async with self._open("GET", handler, task, None) as channel:
                    head = await channel.head()
                    if head.status in _NO_HANDLER:
                        raise PoolError(f"{handler.what}: the host answers {head.status}")
                    if head.status != _OK:
                        raise await task.refusal(f"the host answers {head.status}")
                    await _relay(channel, handler, task, pipe, skip=skip, progress=progress)
                    await task.ended(VERDICT_S)
            except XapiTransportError as error:
                raise await task.refusal(str(error)) from error

    @contextlib.asynccontextmanager
    async def _open(
        self, method: str, handler: Handler, task: "_XapiTask", length: int | None
    ) -> AsyncIterator[Channel]:
        query = {**handler.query, "task_id": task.ref}
        channel = await self._gateway.open(handler.about, method, handler.path, query, host=handler.host, length=length)
        async with channel:
            yield channel

    @contextlib.asynccontextmanager
    async def _task(self, handler: Handler) -> "AsyncIterator[_XapiTask]":
        """A task for the handler to report into; cancelled when we leave before its end, and destroyed in any case."""
        ref = str(await self._gateway.ask(handler.about, "task.create", f"podium: {handler.what}", handler.about.id))
        task = _XapiTask(self._gateway, handler, ref)
        try:
            yield task
        finally:
            await task.close()


class _XapiTask:
    """The task of the pool that a handler reports into."""

    def __init__(self, gateway: Gateway, handler: Handler, ref: str) -> None:
        self.ref = ref
        self._gateway = gateway
        self._handler = handler
        self._over = False

    async def ended(self, timeout_s: float) -> str:
        """Its result. Raises what it failed with, and PoolUnreachable when it does not end in time."""
        self._over = True
        return await self._gateway.follow(self._handler.about, self.ref, self._handler.what, within_s=timeout_s)

    async def refusal(self, otherwise: str) -> PodiumError:
        """Why the handler broke off: its task's failure, or else what we saw of it."""
        if not self._over:
            try:
                await self.ended(REASON_S)
            except PoolUnreachable:
                pass
            except PodiumError as error:
                return error
        return PoolError(f"{self._handler.what}: {otherwise}")

    async def close(self) -> None:
        if not self._over:
            self._over = True
            await self._gateway.dismiss(self._handler.about, self.ref)


async def _send(channel: Channel, body: Body, *, progress: Progress, length: int | None) -> int:
    """How many bytes of `body` were sent, until its end or the handler's refusal."""
    sent = 0
    async for chunk in body:
        await channel.write(chunk)
        sent += len(chunk)
        if length:
            progress.at(100 * sent / length)
        if channel.refused:
            break
    return sent


async def _relay(
    channel: Channel, handler: Handler, task: _XapiTask, pipe: Pipe, *, skip: int, progress: Progress
) -> None:
    """From the pool into the pipe, but for the first `skip` bytes."""
    got = 0
    length = handler.length
    while chunk := await channel.read():
        if not got and chunk.startswith(_LATE_FAILURE):  # a second head, as body: PROTOCOL.md 7
            raise await task.refusal("it failed after it had begun")
        got += len(chunk)
        if length:
            progress.at(100 * got / length)
        if got > skip:
            await pipe.put(chunk[max(0, len(chunk) - (got - skip)) :])
    if length is not None and got != length:
        raise await task.refusal(f"the pool sent {got} bytes of {length}")


async def _leave(running: Running[None]) -> None:
    """End the Task, if the last byte has not gone yet."""
    if not running.work.done():
        running.work.cancel()
    await asyncio.wait({running.attendant})
