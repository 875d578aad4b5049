"""Work that goes on after the call that began it was answered: a host that reboots, a daemon that restarts."""

import asyncio
import logging
from collections.abc import Coroutine

log = logging.getLogger(__name__)


class Background:
    """Owns such work until it ends or the pool stops."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._ended)

    @property
    def busy(self) -> bool:
        """Whether something is going on."""
        return bool(self._running)

    async def idle(self) -> None:
        """Return when nothing is going on."""
        while self._running:
            await asyncio.wait(set(self._running))

    async def stop(self) -> None:
        """Give up what is still to come."""
        running = list(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("work in the background failed", exc_info=task.exception())
