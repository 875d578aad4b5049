"""Undo: work of several steps, each with what takes it back; a failure half way leaves nothing behind, or says what."""

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Final, Self

import structlog

from podium.errors import PodiumError, Trail
from podium.xapi.errors import XapiError

log = structlog.get_logger(__name__)

UNDO_S: Final = 120.0
"""How long one step may take to be taken back."""

Undo = Callable[[], Awaitable[object]]


class Steps:
    """The steps of one piece of work, used as `async with`.

    When it is left by an exception, the steps are taken back in the reverse order, and a PodiumError is told
    (`trail`) what was done, what of it was undone, and what remains. An abort waits for that, too.
    """

    def __init__(self) -> None:
        self._done: list[tuple[str, Undo | None]] = []

    def done(self, what: str, undo: Undo | None = None) -> None:
        """A step was done. `what`: in words ("cloned the template"); `undo`: takes it back, if anything does."""
        self._done.append((what, undo))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if error is None or not self._done:
            return
        # a second abort must not stop this: what it leaves behind nobody would find again
        undoing = asyncio.ensure_future(self._take_back())
        while not undoing.done():
            try:
                await asyncio.shield(undoing)
            except asyncio.CancelledError:
                if undoing.cancelled():
                    raise
        if isinstance(error, PodiumError):
            error.trail = undoing.result()

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
        return Trail(tuple(what for what, _ in self._done), tuple(undone), tuple(left))
