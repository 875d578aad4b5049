"""Counters: how many there are and what they come to, per pool, kept up to date commit by commit instead of counted.

A change takes its object's old share away and adds the new one; both are functions of the object alone. So the
numbers are those of a recount after any sequence of commits (tests/services/test_counters.py), and cost nothing to ask.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Final

import msgspec

from podium.cache.entry import Entry
from podium.cache.objects import Objects
from podium.cache.turns import Turns
from podium.services.access import Viewer
from podium.services.dashboards.shares import SHARES, Sums, share
from podium.stream.hub import Hub

MOST_VIEWERS: Final = 256
"""Recounts kept for viewers who see a part only."""


class Replica(msgspec.Struct, frozen=True):
    """A VM that a backup job made as a copy of another one. `source`: that one's id, as the job noted it."""

    source: str | None


class Counters:
    """Sums of the shares of hosts, VMs, SRs and pools: of each pool, and of all together (pool None).

    Follows the hub, and catches up before it answers: the numbers are always those of the cache as it is.
    """

    def __init__(self, objects: Objects, hub: Hub) -> None:
        self._objects = objects
        self._hub = hub
        self._revision = -1
        self._sums: defaultdict[tuple[str, str | None], Counter[str]] = defaultdict(Counter)
        self._replicas: dict[str, Replica] = {}
        self._scans: dict[tuple[str, str], tuple[tuple[str | None, int], dict[str | None, Counter[str]]]] = {}

    def start(self) -> Callable[[], None]:
        """Count what there is and follow from now on; the result ends that."""
        self.catch_up()
        self._hub.join(self)
        return lambda: self._hub.leave(self)

    def wake(self) -> None:
        self.catch_up()

    def catch_up(self) -> None:
        """Take in what changed since the last time; all of it where the hub does not reach back so far."""
        if self._revision == self._hub.revision:
            return
        net = self._hub.net(self._revision) if self._revision >= 0 else None
        if net is None:
            self._recount()
        else:
            for change in net.values():
                self._apply(change.before, -1)
                self._apply(change.after, 1)
        self._revision = self._hub.revision

    async def sums(self, kind: str, viewer: Viewer, *, pool: str | None = None) -> Mapping[str, int]:
        """The sums of one type (host, VM, SR, pool), of what the viewer may see. A name that is missing counts 0."""
        if viewer.sees_all(_privilege(kind)):
            self.catch_up()
            return self._sums.get((kind, pool), _NOTHING)
        return (await self._scanned(kind, viewer)).get(pool, _NOTHING)

    def replicas(self) -> Mapping[str, Replica]:
        """By id, the VMs, snapshots and templates that are replicas."""
        self.catch_up()
        return self._replicas

    def _recount(self) -> None:
        self._sums.clear()
        self._replicas.clear()
        for kind in SHARES:
            for entry in self._objects.of_type(kind).values():
                self._apply(entry, 1)

    def _apply(self, entry: Entry | None, sign: int) -> None:
        if entry is None or (kind := entry.resource.type) not in SHARES:
            return
        found = share(entry)
        for pool in {entry.pool, None}:
            _add(self._sums[kind, pool], found.sums, sign)
        if found.source is not None:
            if sign > 0:
                self._replicas[entry.id] = Replica(found.source or None)
            else:
                self._replicas.pop(entry.id, None)

    async def _scanned(self, kind: str, viewer: Viewer) -> dict[str | None, Counter[str]]:
        """What a viewer sees who does not see all. It may change without its objects: his rules say when."""
        state = viewer.version(kind), self._objects.type_revision(kind)
        known = self._scans.get((viewer.key, kind))
        if known is not None and known[0] == state:
            return known[1]
        found = await _scan(self._objects.ordered(kind), viewer)
        if len(self._scans) >= MOST_VIEWERS:
            self._scans.clear()
        self._scans[viewer.key, kind] = state, found
        return found


async def _scan(entries: Iterable[Entry], viewer: Viewer) -> dict[str | None, Counter[str]]:
    found: defaultdict[str | None, Counter[str]] = defaultdict(Counter)
    with Turns() as turns:
        for entry in entries:
            if viewer.sees(entry):
                one = share(entry).sums
                for pool in {entry.pool, None}:
                    _add(found[pool], one, 1)
            await turns.rest()
    return found


def _add(sums: Counter[str], found: Sums, sign: int) -> None:
    for name, value in found:
        sums[name] += sign * value


def _privilege(kind: str) -> str:
    return SHARES[kind].privilege


_NOTHING: Final[Mapping[str, int]] = Counter()
