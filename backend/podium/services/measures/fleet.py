"""Fleet: the newest number of every object, for whoever sorts, compares, warns or sums up by it."""

import asyncio
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from math import isfinite
from typing import Final

import numpy as np
from msgspec import UNSET

from podium.cache.objects import Objects
from podium.metrics.catalog import MIB
from podium.metrics.layout import Kind, Shape
from podium.metrics.rings import Rings
from podium.metrics.store import Store
from podium.model.host import Host
from podium.model.sr import SR

PULSE_S: Final = 1.0
"""Who waits for new numbers is woken at most so often."""
_OWNED: Final[dict[str, Kind]] = {"VM": "vm", "VM-controller": "vm", "host": "host"}
_FULL: Final = frozenset({"iso", "udev"})
"""SRs that are always full: what is in them is all there is."""
_NOTHING: Final[Mapping[str, float]] = {}

_SUMMED: Final = frozenset(
    (
        "networkRx",
        "networkTx",
        "network",
        "diskRead",
        "diskWrite",
        "disk",
        "iops",
        "iopsRead",
        "iopsWrite",
        "memoryUsed",
        "memoryFree",
    )
)


class Fleet:
    """Reads what the pollers keep. Values that are unknown are left out."""

    def __init__(self, objects: Objects, store: Store) -> None:
        self._objects = objects
        self._store = store
        self._known: dict[tuple[str, str], tuple[tuple[int, int, int], Mapping[str, float]]] = {}
        self._controllers: tuple[int, frozenset[str]] = (-1, frozenset())
        self._srs: tuple[int, dict[tuple[str, str], str]] = (-1, {})
        self._pulse = asyncio.Event()
        self._last = 0.0
        store.join(self)

    @property
    def version(self) -> int:
        """Grows when any number may have changed."""
        return self._store.version

    def came(self, _: Rings) -> None:
        """The store calls this when the numbers of a host came in."""
        self._pulse.set()

    async def polled(self) -> None:
        """Returns after new numbers came in; at most once a second."""
        loop = asyncio.get_running_loop()
        await self._pulse.wait()
        await asyncio.sleep(max(0.0, self._last + PULSE_S - loop.time()))
        self._pulse.clear()
        self._last = loop.time()

    def latest(self, kind: str, metric: str) -> Mapping[str, float]:
        """The newest value of a metric by id, of every object of that type that has one. Never changed afterwards."""
        state = (self._store.version, self._objects.type_revision("SR"), self._objects.type_revision("host"))
        known = self._known.get((kind, metric))
        if known is not None and known[0] == state:
            return known[1]
        match kind:
            case "VM" | "VM-controller" | "host":
                found = self._owned(kind, metric)
            case "SR":
                found = self._space() if metric == "space" else self._sr_values(metric)
            case "pool":
                found = self._pool_values(metric)
            case _:
                found = _NOTHING
        self._known[kind, metric] = (state, found)
        return found

    def sources(self, kind: str) -> Iterator[tuple[str, Mapping[str, float]]]:
        """Of each object of that type (VM, VM-controller, host) its data sources by name, as the pool tells them."""
        wanted = _OWNED[kind]
        for rings in list(self._live()):
            # whoever reads this may give way to others meanwhile: of each host, one row and its layout
            owners, row = rings.seconds.layout.owners, rings.seconds.newest().tolist()
            for owner in owners:
                if owner.kind == wanted and (wanted == "host" or self._is_controller(owner.uuid) == (kind != "VM")):
                    values = zip(owner.shape, row[owner.columns], strict=True)
                    yield owner.uuid, {name: value for name, value in values if isfinite(value)}

    def sr_of(self, pool: str, short: str) -> str | None:
        """The id of the SR that data sources of that pool's hosts call by the first eight characters of its uuid."""
        revision = self._objects.type_revision("SR")
        if self._srs[0] != revision:
            entries = self._objects.of_type("SR").values()
            self._srs = (revision, {(entry.pool or "", entry.id[:8]): entry.id for entry in entries})
        return self._srs[1].get((pool, short))

    def _live(self) -> Iterator[Rings]:
        """The hosts that tell something: an old number would pass for a new one."""
        return (rings for rings in self._store if rings.seconds.count and rings.condition.state in {"live", "starting"})

    def _is_controller(self, uuid: str) -> bool:
        return uuid in self._control_domains()

    def _control_domains(self) -> frozenset[str]:
        revision = self._objects.type_revision("VM-controller")
        if self._controllers[0] != revision:
            self._controllers = (revision, frozenset(self._objects.of_type("VM-controller")))
        return self._controllers[1]

    def _owned(self, kind: str, metric: str) -> Mapping[str, float]:
        found: dict[str, float] = {}
        for rings in self._live():
            for uuids, values in rings.newest(_OWNED[kind], metric):
                found.update(zip(uuids, values.tolist(), strict=True))
        if kind != "host":
            controllers = self._control_domains()
            if kind == "VM":
                for uuid in controllers:
                    found.pop(uuid, None)
            else:
                found = {uuid: value for uuid, value in found.items() if uuid in controllers}
        return {uuid: value for uuid, value in found.items() if value == value}  # noqa: PLR0124  NaN is not itself

    def _space(self) -> Mapping[str, float]:
        return {
            entry.id: 100.0 * sr.physical_usage / sr.size
            for entry in self._objects.of_type("SR").values()
            if isinstance(sr := entry.object, SR) and sr.size > 0 and sr.sr_type not in _FULL
        }

    def _sr_values(self, metric: str) -> Mapping[str, float]:
        values: dict[str, list[float]] = {}
        for rings in self._live():
            owner = rings.owner(rings.host)
            if owner is None:
                continue
            row = rings.newest_of(owner).tolist()
            for short, places in sr_places(owner.shape, metric).items():
                sr = self.sr_of(rings.pool, short)
                good = [row[place] * factor for place, factor in places if np.isfinite(row[place])]
                if sr is not None and good:
                    values.setdefault(sr, []).append(sum(good) / (1 if metric in _SUMMED else len(good)))
        return {sr: sum(some) / (1 if metric in _SUMMED else len(some)) for sr, some in values.items()}

    def _pool_values(self, metric: str) -> Mapping[str, float]:
        if metric == "memoryPercent":
            used, free = self.latest("pool", "memoryUsed"), self.latest("pool", "memoryFree")
            return {
                pool: 100.0 * value / (value + free[pool])
                for pool, value in used.items()
                if pool in free and value + free[pool] > 0
            }
        total: dict[str, float] = {}
        weight: dict[str, float] = {}
        for host_id, value in self.latest("host", metric).items():
            entry = self._objects.get(host_id)
            if entry is None or entry.pool is None or not isinstance(host := entry.object, Host):
                continue
            share = 1.0 if metric in _SUMMED else float(host.cpus.cores if host.cpus.cores is not UNSET else 1)
            total[entry.pool] = total.get(entry.pool, 0.0) + value * share
            weight[entry.pool] = weight.get(entry.pool, 0.0) + share
        if metric in _SUMMED:
            return total
        return {pool: value / weight[pool] for pool, value in total.items() if weight[pool]} if metric == "cpu" else {}


_SR8: Final = "([0-9a-f]{8})"
_SR_SOURCES: Final[Mapping[str, tuple[tuple[re.Pattern[str], float], ...]]] = {
    "diskRead": ((re.compile(f"read_{_SR8}"), 1.0), (re.compile(f"io_throughput_read_{_SR8}"), MIB)),
    "diskWrite": ((re.compile(f"write_{_SR8}"), 1.0), (re.compile(f"io_throughput_write_{_SR8}"), MIB)),
    "disk": ((re.compile(f"(?:read|write)_{_SR8}"), 1.0), (re.compile(f"io_throughput_total_{_SR8}"), MIB)),
    "iops": ((re.compile(f"iops_total_{_SR8}"), 1.0), (re.compile(f"iops_(?:read|write)_{_SR8}"), 1.0)),
    "diskLatency": ((re.compile(f"latency_{_SR8}"), 1e-3), (re.compile(f"(?:read|write)_latency_{_SR8}"), 1e-3)),
    "iowait": ((re.compile(f"iowait_{_SR8}"), 100.0),),
    "iopsRead": ((re.compile(f"iops_read_{_SR8}"), 1.0),),
    "iopsWrite": ((re.compile(f"iops_write_{_SR8}"), 1.0),),
    "latencyRead": ((re.compile(f"read_latency_{_SR8}"), 1e-3),),
    "latencyWrite": ((re.compile(f"write_latency_{_SR8}"), 1e-3),),
}
"""The data sources of a host that tell of an SR, in the order of preference."""


@lru_cache(maxsize=4_096)
def sr_places(shape: Shape, metric: str) -> Mapping[str, tuple[tuple[int, float], ...]]:
    """By the short id of each SR, where a host's data sources of it are, and their factors."""
    found: dict[str, tuple[tuple[int, float], ...]] = {}
    for pattern, factor in _SR_SOURCES.get(metric, ()):
        these: dict[str, list[tuple[int, float]]] = {}
        for place, name in enumerate(shape):
            if (match := pattern.fullmatch(name)) is not None:
                these.setdefault(match[1], []).append((place, factor))
        for short, places in these.items():
            found.setdefault(short, tuple(places))
    return found


def is_summed(metric: str) -> bool:
    """Whether several hosts' values of a metric are added, and not averaged."""
    return metric in _SUMMED
