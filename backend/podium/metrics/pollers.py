"""Pollers: one for each running host of each connected pool, begun and ended as these come and go."""

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Final, Protocol, Self

import structlog

from podium.metrics.poller import Poller, Reader, Target, unreachable
from podium.metrics.rings import SECONDS
from podium.metrics.store import Store

log = structlog.get_logger(__name__)

LOOK_S: Final = 1.0
"""Hosts that came or went are noticed within that time."""
HEAVY: Final = 2
"""First answers, which hold everything a host has, at once."""
AFTER_FAILURE_S: Final = 30.0


class Hosts(Protocol):
    """Who is to be read."""

    def targets(self) -> Iterable[tuple[Target, str | None]]:
        """Every host that there is, each with the reason why it cannot be read just now, or None."""


class Pollers:
    """Owns every poller. Used as `async with`: leaving it ends and awaits all of them.

    `filled` is called each time all that a host has was taken in: tens of MB, most of which are free again.
    """

    def __init__(
        self,
        hosts: Hosts,
        *,
        store: Store,
        reader: Reader,
        clock: Callable[[], float] = time.time,
        interval_s: float = float(SECONDS),
        filled: Callable[[], None] = lambda: None,
    ) -> None:
        self._filled = filled
        self._hosts = hosts
        self._store = store
        self._reader = reader
        self._clock = clock
        self._interval_s = interval_s
        self._heavy = asyncio.Semaphore(HEAVY)
        self._running: dict[Target, asyncio.Task[None]] = {}
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._follow(), name="pollers")
        return self

    async def __aexit__(self, *_: object) -> None:
        tasks = [*self._running.values(), *([] if self._task is None else [self._task])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _follow(self) -> None:
        while True:
            try:
                await self._look()
            except Exception:
                log.exception("the hosts to be measured could not be looked through")
                await asyncio.sleep(AFTER_FAILURE_S)
            await asyncio.sleep(min(LOOK_S, self._interval_s))

    async def _look(self) -> None:
        now = self._clock()
        wanted: set[Target] = set()
        known: set[str] = set()
        for target, trouble in self._hosts.targets():
            known.add(target.host)
            if trouble is None:
                wanted.add(target)
            else:
                unreachable(self._store, target, trouble, now=now)
        for target in self._running.keys() - wanted:
            await self._end(target)
        for rings in list(self._store):
            if rings.host not in known:
                self._store.drop(rings.host)
        new = sorted(wanted - self._running.keys(), key=lambda target: target.host)
        for number, target in enumerate(new):
            # spread over the interval, so that the work is, too
            pause_s = self._interval_s * number / len(new)
            self._running[target] = asyncio.create_task(self._guard(target, pause_s), name=f"poll {target.host}")

    async def _end(self, target: Target) -> None:
        task = self._running.pop(target)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def _guard(self, target: Target, pause_s: float) -> None:
        """Run one poller; its failure is logged and shown, and never reaches another host."""
        while True:
            poller = Poller(
                target,
                store=self._store,
                reader=self._reader,
                heavy=self._heavy,
                clock=self._clock,
                interval_s=self._interval_s,
                filled=self._filled,
            )
            try:
                await poller.run(pause_s)
            except Exception:
                log.exception("a poller failed", host=target.host)
                reason = "Podium itself failed to read this host's metrics; its log says how"
                unreachable(self._store, target, reason, now=self._clock())
                await asyncio.sleep(AFTER_FAILURE_S)
