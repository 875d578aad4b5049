"""Store: the rings of every host, and who is to be found in which."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from podium.metrics.archive import Archive
from podium.metrics.layout import Layout, Owner
from podium.metrics.rings import KEPT, SECONDS, Rings

DEPARTED_S: Final = 120.0
"""A VM that left a host is still known for so long: the host that it went to may not tell of it yet."""


class Follower(Protocol):
    """Somebody who wants to know when numbers came in."""

    def came(self, rings: Rings) -> None: ...


@dataclass(slots=True)
class _Departed:
    """The rows that a host had of an owner that is no longer there."""

    rings: Rings
    archives: dict[int, Archive]
    until: float


class Store:
    """All that is kept. Written by the pollers, read by services."""

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._rings: dict[str, Rings] = {}
        self._holder: dict[str, Rings] = {}
        self._departed: dict[str, _Departed] = {}
        self._followers: set[Follower] = set()
        self.version = 0
        """Grows with everything that comes in."""

    def __iter__(self) -> Iterator[Rings]:
        return iter(self._rings.values())

    def __len__(self) -> int:
        return len(self._rings)

    def join(self, follower: Follower) -> None:
        self._followers.add(follower)

    def leave(self, follower: Follower) -> None:
        self._followers.discard(follower)

    def rings(self, host: str) -> Rings | None:
        return self._rings.get(host)

    def begin(self, host: str, pool: str) -> Rings:
        """The rings of a host, empty ones if it is new."""
        known = self._rings.get(host)
        if known is None or known.pool != pool:
            known = self._rings[host] = Rings(host, pool)
        return known

    def drop(self, host: str) -> None:
        """Forget a host and what it told."""
        rings = self._rings.pop(host, None)
        if rings is not None:
            for uuid in [uuid for uuid, holder in self._holder.items() if holder is rings]:
                del self._holder[uuid]
            for uuid in [uuid for uuid, one in self._departed.items() if one.rings is rings]:
                del self._departed[uuid]
            self.version += 1

    def find(self, uuid: str, step: int) -> tuple[Rings, Archive, Owner] | None:
        """Where the rows of an owner (a VM, a host) are. None: nobody tells of it."""
        holder = self._holder.get(uuid)
        if holder is not None:
            archive = holder.archives[step]
            owner = archive.layout.by_uuid.get(uuid)
            if owner is not None and archive.count:
                return holder, archive, owner
        gone = self._departed.get(uuid)
        if gone is not None and self._now() < gone.until:
            archive = gone.archives[step]
            owner = archive.layout.by_uuid.get(uuid)
            if owner is not None and archive.count:
                return gone.rings, archive, owner
        return None

    def holder(self, uuid: str) -> Rings | None:
        """The rings of the host that tells of that owner now."""
        return self._holder.get(uuid)

    def adopt(self, rings: Rings, step: int, layout: Layout) -> list[str]:
        """Change an archive over to the columns of an answer. The owners that are new to this host."""
        archive = rings.archives[step]
        if archive.layout is layout:
            return []
        arrived = self._moved(rings, layout) if step == SECONDS else []
        archive.adopt(layout)
        return arrived

    def replace(self, rings: Rings, archive: Archive) -> None:
        """Put an archive that was read anew in the place of the old one, in one step."""
        if archive.step == SECONDS:
            self._moved(rings, archive.layout)
        rings.archives[archive.step] = archive

    def _moved(self, rings: Rings, layout: Layout) -> list[str]:
        """Who came to this host, and who left it."""
        old = rings.seconds.layout
        leaving = [owner for owner in old.owners if owner.uuid not in layout.by_uuid]
        self._depart(rings, leaving)
        arrived = [owner.uuid for owner in layout.owners if owner.uuid not in old.by_uuid]
        for uuid in arrived:
            self._holder[uuid] = rings
        for owner in leaving:
            if self._holder.get(owner.uuid) is rings:
                del self._holder[owner.uuid]
        return arrived

    def came(self, rings: Rings) -> None:
        """New rows are in."""
        rings.changed()
        self.version += 1
        for follower in list(self._followers):
            follower.came(rings)

    def turned(self) -> None:
        """The condition of a host is another one."""
        self.version += 1

    def _depart(self, rings: Rings, leaving: list[Owner]) -> None:
        now = self._now()
        for uuid in [uuid for uuid, one in self._departed.items() if one.until <= now]:
            del self._departed[uuid]
        for owner in leaving:
            archives = {step: alone(rings.archives[step], owner.uuid) for step in KEPT}
            self._departed[owner.uuid] = _Departed(rings, archives, now + DEPARTED_S)


def alone(archive: Archive, uuid: str) -> Archive:
    """A copy of the rows of one owner."""
    owner = archive.layout.by_uuid.get(uuid)
    alone = Archive(archive.step, archive.rows)
    if owner is None or not archive.count:
        return alone
    names = [f"AVERAGE:{owner.kind}:{owner.uuid}:{name}" for name in owner.shape]
    layout = Layout(b"", names)
    alone.adopt(layout)
    first = archive.end - (archive.count - 1) * archive.step
    for number, row in enumerate(archive.of(owner)):
        alone.put(first + number * archive.step, row)
    return alone
