"""Watchers: the background task manager, one named task per server, each guarded from the others."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Final, Self

import structlog

from podium.cache.objects import Objects
from podium.errors import PodiumError, PoolUnreachable
from podium.model.base import Projection
from podium.watch.state import ServerConfig, State, WatchState
from podium.watch.watcher import Claims, Watcher
from podium.xapi.events import POLL_S

log = structlog.get_logger(__name__)

AFTER_FAILURE_S: Final = 30.0
"""After a failure of our own, which trying again at once would only repeat."""


class Watchers:
    """Owns every watcher. Used as `async with`: leaving it ends and awaits all of them.

    `loaded` is called each time a pool's whole state has been taken in.
    """

    def __init__(
        self,
        *,
        objects: Objects,
        projections: Mapping[str, Projection],
        notify: Callable[[WatchState], None],
        loaded: Callable[[], None] = lambda: None,
        poll_s: float = POLL_S,
    ) -> None:
        self._objects = objects
        self._projections = projections
        self._notify = notify
        self._loaded = loaded
        self._poll_s = poll_s
        self._claims = Claims()
        self._states: dict[str, WatchState] = {}
        self._watchers: dict[str, Watcher] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._changed: dict[str, asyncio.Event] = {}
        self._awaited: dict[str, dict[str, asyncio.Event]] = {}
        self._something = asyncio.Event()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def state(self, server_id: str) -> WatchState:
        """The connection's state; of an unknown server: disconnected."""
        return self._states.get(server_id) or WatchState(server_id, State.DISCONNECTED, time.time())

    async def start(self, config: ServerConfig) -> None:
        """Begin to watch. A watcher that runs with another configuration is replaced, an equal one is left alone."""
        running = self._watchers.get(config.id)
        task = self._tasks.get(config.id)
        if running is not None and running.config == config and task is not None and not task.done():
            return
        await self._end(config.id)
        watcher = Watcher(
            config,
            objects=self._objects,
            projections=self._projections,
            claims=self._claims,
            notify=self._heard,
            loaded=self._loaded,
            awaited=self.awaited,
            poll_s=self._poll_s,
        )
        self._watchers[config.id] = watcher
        self._heard(watcher.state)
        self._tasks[config.id] = asyncio.create_task(self._guard(watcher), name=f"watch {config.id}")

    async def stop(self, server_id: str, *, forget: bool) -> None:
        """Stop watching. `forget`: the pool's objects leave the cache; otherwise they stay as they were last known."""
        known = self.state(server_id)
        await self._end(server_id)
        pool_id = known.pool_id
        if forget and pool_id is not None and not self._held(pool_id):
            ids = [entry.id for entry in self._objects.of_pool(pool_id)]
            for start in range(0, len(ids), 1000):
                self._objects.apply(pool_id, [], ids[start : start + 1000])
                await asyncio.sleep(0)
        self._heard(WatchState(server_id, State.DISCONNECTED, time.time()))

    async def first_result(self, server_id: str) -> WatchState:
        """Wait until the watcher has something to tell: connected, refused, or a first failure."""
        changed = self._changed.setdefault(server_id, asyncio.Event())
        while True:
            state = self.state(server_id)
            if state.state is not State.CONNECTING or state.trouble is not None:
                return state
            changed.clear()
            await changed.wait()

    def connected(self, pool_id: str) -> Watcher:
        """The watcher that has a session at that pool. Raises PoolUnreachable."""
        for watcher in self._watchers.values():
            if watcher.session is not None and watcher.state.pool_id == pool_id:
                return watcher
        raise PoolUnreachable("the pool is not connected just now")

    def is_connected(self, pool_id: str) -> bool:
        """Whether there is a session at that pool."""
        return any(one.session is not None and one.state.pool_id == pool_id for one in self._watchers.values())

    async def heard_something(self) -> None:
        """Returns with the next thing that any watcher tells of its connection; each does so every few seconds."""
        await self._something.wait()

    def awaited(self, pool_id: str) -> dict[str, asyncio.Event]:
        """By ref, the tasks of the pool that somebody waits for. It outlives sessions and watchers."""
        return self._awaited.setdefault(pool_id, {})

    async def _end(self, server_id: str) -> None:
        task = self._tasks.pop(server_id, None)
        self._watchers.pop(server_id, None)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self._claims.release(server_id)

    async def _guard(self, watcher: Watcher) -> None:
        """Run one watcher; its failure is logged and shown, never reaches another pool, and is tried again later."""
        try:
            while True:
                try:
                    await watcher.run()
                except Exception:
                    log.exception("a watcher failed", server=watcher.config.id)
                    watcher.failed(PodiumError("Podium itself failed while watching this pool; its log says how"))
                    await asyncio.sleep(AFTER_FAILURE_S)
                else:
                    return
        finally:
            watcher.end()
            self._claims.release(watcher.config.id)

    def _heard(self, state: WatchState) -> None:
        self._states[state.server_id] = state
        if (changed := self._changed.get(state.server_id)) is not None:
            changed.set()
        self._notify(state)
        self._something.set()
        self._something = asyncio.Event()

    def _held(self, pool_id: str) -> bool:
        return any(watcher.state.pool_id == pool_id for watcher in self._watchers.values())
