"""What hosts lack, remembered for minutes: dashboards ask for it often, and a host answers after seconds."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple, Protocol, Self

from podium.cache.objects import Objects
from podium.errors import PodiumError
from podium.model.host import Host
from podium.model.missing_patch import MissingPatch
from podium.services.access import Viewer

KNOWN_S: Final = 300.0
"""An answer is good for so long."""
FAILED_S: Final = 30.0
"""A host that did not answer is asked again after so long."""
WAIT_S: Final = 3.0
"""Nobody waits longer; what comes later is there for the next one who asks."""


class Asked(Protocol):
    """What is needed of services/hosts.py."""

    async def missing_patches_of(self, host: Host) -> Sequence[MissingPatch]: ...


class _Answer(NamedTuple):
    until: float
    patches: Sequence[MissingPatch] | None


class PatchBook:
    """Asks each host at most once at a time. Used as `async with`: leaving it ends what is being asked."""

    def __init__(self, hosts: Asked, *, clock: Callable[[], float] = time.monotonic, wait_s: float = WAIT_S) -> None:
        self._hosts = hosts
        self._clock = clock
        self._wait_s = wait_s
        self._answers: dict[str, _Answer] = {}
        self._asking: dict[str, asyncio.Task[None]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        asking = list(self._asking.values())
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)

    async def of(self, hosts: Iterable[Host]) -> Mapping[str, Sequence[MissingPatch] | None]:
        """By host, what it lacks; None where that is not known: it does not run, it failed, or it takes its time.

        Hosts are asked side by side, those whose answer is still good not at all. Whoever asks has the privilege.
        """
        hosts = list(hosts)
        self._forget()
        asking = [self._ask(host) for host in hosts if host.power_state != "Halted" and host.id not in self._answers]
        if asking:
            done, _ = await asyncio.wait(asking, timeout=self._wait_s)
            for task in done:
                task.result()
        return {host.id: self._answers[host.id].patches if host.id in self._answers else None for host in hosts}

    def _ask(self, host: Host) -> asyncio.Task[None]:
        task = self._asking.get(host.id)
        if task is None or task.done():
            task = self._asking[host.id] = asyncio.create_task(self._answer(host), name=f"patches of {host.id}")
            task.add_done_callback(lambda done: self._answered(host.id, done))
        return task

    def _answered(self, host_id: str, task: asyncio.Task[None]) -> None:
        if self._asking.get(host_id) is task:
            del self._asking[host_id]

    async def _answer(self, host: Host) -> None:
        try:
            patches = await self._hosts.missing_patches_of(host)
        except PodiumError:
            self._answers[host.id] = _Answer(self._clock() + FAILED_S, None)
        else:
            self._answers[host.id] = _Answer(self._clock() + KNOWN_S, patches)

    def _forget(self) -> None:
        now = self._clock()
        for host_id in [host_id for host_id, answer in self._answers.items() if answer.until <= now]:
            del self._answers[host_id]


def hosts_of(objects: Objects, viewer: Viewer, pool: str | None = None) -> list[Host]:
    """The hosts, of one pool or of all, that the viewer may read: those whose patches he may know of."""
    return [
        entry.object
        for entry in objects.ordered("host")
        if pool in (None, entry.pool) and isinstance(entry.object, Host) and viewer.sees(entry)
    ]
