"""Undo: work of several steps, each with what takes it back; a failure half way leaves nothing behind, or says what."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import structlog

from podium.errors import Aborted, PodiumError, PoolError, Trail
from podium.xapi.errors import XapiError

log = structlog.get_logger(__name__)

UNDO_S: Final = 120.0
"""How long one step may take to be taken back."""

Undo = Callable[[], Awaitable[object]]
T = TypeVar("T")


class Steps:
    """The steps of one piece of work, used as `async with`.

    When it is left by an exception, the steps are taken back in the reverse order, and a PodiumError is told
    (`trail`) what was done, what of it was undone, and what remains. An abort waits for that, too, and becomes an
    Aborted, which can be told. `settle` is called when all is taken back: who reads then finds it so.
    """

    def __init__(self, settle: Undo | None = None) -> None:
        self._done: list[tuple[str, Undo | None]] = []
        self._settle = settle

    def done(self, what: str, undo: Undo | None = None) -> None:
        """A step was done. `what`: in words ("cloned the template"); `undo`: takes it back, if anything does."""
        self._done.append((what, undo))

    async def take_back(self) -> None:
        """Undo all of it although nothing failed: what was done for the time of the work only."""
        trail = await self._take_back()
        self._done.clear()
        if trail.left:
            raise PoolError(f"this could not be undone: {', '.join(trail.left)}")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if error is None or not self._done:
            return
        # a second abort must not stop this: what it leaves behind nobody would find again
        trail = await to_the_end(self._take_back())
        if isinstance(error, PodiumError):
            error.trail = trail.followed_by(error.trail)
        elif isinstance(error, asyncio.CancelledError) and Aborted.code in error.args:
            aborted = Aborted("the task was aborted")
            aborted.trail = trail
            raise aborted from error

    async def _take_back(self) -> Trail:
        undone: list[str] = []
        left: list[str] = []
        for what, undo in reversed(self._done):
            if undo is None:
                continue
            try:
                async with asyncio.timeout(UNDO_S):
                    await undo()
                undone.append(what)
            except (TimeoutError, PodiumError, XapiError) as error:
                log.warning("a step could not be undone", step=what, reason=str(error))
                left.append(what)
        if self._settle is not None:
            await self._settle()
        return Trail(tuple(what for what, _ in self._done), tuple(undone), tuple(left))


async def to_the_end(work: Coroutine[Any, Any, T]) -> T:
    """What the work comes to, for work that must not be stopped half way: an abort comes too late for it."""
    doing = asyncio.ensure_future(work)
    while not doing.done():
        try:
            await asyncio.shield(doing)
        except asyncio.CancelledError:
            if doing.cancelled():
                raise
    return doing.result()
