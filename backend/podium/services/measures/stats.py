"""Stats: the measurements of objects as clients see them, in Xen Orchestra's shape (ANCHOR.md 5)."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, Literal, TypeVar

import msgspec
import numpy as np
from msgspec import UNSET

from podium.cache.entry import Entry
from podium.cache.objects import Objects
from podium.errors import InvalidParameters, NotFound, PodiumError, PoolUnreachable
from podium.metrics.archive import STEPS, Archive
from podium.metrics.catalog import metric_of
from podium.metrics.compute import Numbers
from podium.metrics.history import History
from podium.metrics.layout import Kind, Owner
from podium.metrics.names import ROOTS, Path, named
from podium.metrics.poller import Target
from podium.metrics.rings import KEPT, Rings, listed, series
from podium.metrics.store import Store
from podium.model.base import Maybe, XoObject
from podium.model.host import Host
from podium.model.pool import Pool
from podium.model.sr import SR
from podium.model.vm import AnyVM
from podium.services.access import READ, Viewer
from podium.services.measures.fleet import Fleet
from podium.services.measures.series import DIGITS, Combiner, Window, shift_s
from podium.xapi.errors import XapiTransportError

Granularity = Literal["seconds", "minutes", "hours", "days"]

RUNNING: Final = frozenset({"Running", "Paused"})
"""A paused VM keeps its memory, and its measurements."""
FAR: Final = 50
"""Objects in one question about hours or days, which the hosts are asked for."""

X = TypeVar("X", bound=XoObject)


class Stale(msgspec.Struct, frozen=True):
    """The numbers are old. `since`: seconds."""

    since: float
    reason: str


class StatsAnswer(msgspec.Struct, frozen=True, rename="camel"):
    """`stats`: by name, numbers, oldest first, null where one is unknown. The last ends at `endTimestamp`.

    Times are seconds by our clock; `interval` is what lies between two values.
    """

    end_timestamp: int
    interval: int
    stats: dict[str, object]
    stale: Stale | Maybe = UNSET


class ObjectStats(msgspec.Struct, frozen=True, rename="camel"):
    """Of one object of several: as in StatsAnswer."""

    end_timestamp: int
    stats: dict[str, object]


class ManyStats(msgspec.Struct, frozen=True):
    """`metrics`: as asked for; `objects`: by id. `interval`: seconds."""

    interval: int
    metrics: list[str]
    objects: dict[str, ObjectStats]


class Source(msgspec.Struct, frozen=True):
    """Where the rows of one owner are."""

    rings: Rings
    archive: Archive
    owner: Owner


class Stats:
    """Reads what the pollers keep; what they do not keep is asked of the hosts."""

    def __init__(self, objects: Objects, store: Store, fleet: Fleet, history: History) -> None:
        self._objects = objects
        self._store = store
        self._history = history
        self._combiner = Combiner(objects, fleet)

    async def vm(self, kind: str, vm_id: str, granularity: Granularity, *, raw: bool, by: Viewer) -> StatsAnswer:
        """Of a VM, or a control domain. Raises NotFound, MissingPrivileges; InvalidParameters when it does not run."""
        vm = self._read(AnyVM, kind, vm_id, by)
        if vm.power_state not in RUNNING:
            raise InvalidParameters(
                f"{vm.name_label} is {vm.power_state.lower()}: only a VM that runs has statistics. Start it first."
            )
        host = self._host(vm.container)
        if host is None:
            return self._nothing(granularity, None)
        return await self._answer(host, vm.id, granularity, raw=raw)

    async def host(self, host_id: str, granularity: Granularity, *, raw: bool, by: Viewer) -> StatsAnswer:
        """Of a host. Raises NotFound, MissingPrivileges, InvalidParameters when it is not running."""
        host = self._read(Host, "host", host_id, by)
        if host.power_state == "Halted":
            raise InvalidParameters(f"{host.name_label} is not running: only a host that runs has statistics.")
        return await self._answer(host, host.id, granularity, raw=raw)

    async def pool(self, pool_id: str, granularity: Granularity, *, raw: bool, by: Viewer) -> dict[str, object]:
        """Of each host of a pool: its stats, or `{"error": ...}`. Raises NotFound, MissingPrivileges."""
        hosts = self._hosts_of(self._read(Pool, "pool", pool_id, by).id)
        answers = await asyncio.gather(*(self._answer_or_not(host, granularity, raw=raw) for host in hosts))
        return {host.id: answer for host, answer in zip(hosts, answers, strict=True)}

    async def _answer_or_not(self, host: Host, granularity: Granularity, *, raw: bool) -> object:
        try:
            if host.power_state != "Running":
                raise PoolUnreachable(f"{host.name_label} is not running")
            return await self._answer(host, host.id, granularity, raw=raw)
        except PodiumError as error:
            return {"error": error.described()}

    async def sr(self, sr_id: str, granularity: Granularity, *, by: Viewer) -> StatsAnswer:
        """Of an SR, combined over the hosts that use it: requests and throughput summed, latency averaged.

        Names as Xen Orchestra's `sr.stats`. Raises NotFound, MissingPrivileges.
        """
        sr = self._read(SR, "SR", sr_id, by)
        hosts = await self._archives(self._hosts_of(sr.pool), STEPS[granularity])
        end = 0
        stats: dict[str, object] = {}
        for path, metric in _SR_PATHS:
            window = self._combiner.sr(sr.id, metric, hosts) if hosts else None
            if window is not None:
                end = max(end, window.end)
                nest(stats, path, listed(window.values))
        iowait: dict[str, object] = {}
        for host_id, (rings, archive) in hosts.items():
            window = self._combiner.sr(sr.id, "iowait", {host_id: (rings, archive)})
            host = self._host(host_id)
            if window is not None and host is not None:
                iowait[host.name_label] = listed(window.values, 0.01)
        if iowait:
            stats["iowait"] = iowait
        return StatsAnswer(end, STEPS[granularity], stats)

    async def many(
        self, kind: str, entries: Sequence[Entry], names: Sequence[str], granularity: Granularity
    ) -> Iterable[tuple[str, ObjectStats]]:
        """`{endTimestamp, stats}` of each of these objects of one type that has any; `names` as in `check_names`.

        Raises InvalidParameters: too many for a granularity that hosts are asked for.
        """
        step = STEPS[granularity]
        if step not in KEPT and len(entries) > FAR:
            raise InvalidParameters(f"{granularity} of at most {FAR} objects at once: choose them with ids or limit")
        fleet = [name for name in names if metric_of(kind, name) is not None]
        others = [name for name in names if name not in fleet]
        if kind in {"SR", "pool"}:
            return await self._combined(kind, entries, fleet, step)
        sources = await self._sources(kind, entries, step)
        return self._owned(sources, fleet, others)

    def _owned(
        self, sources: Sequence[Source], fleet: Sequence[str], others: Sequence[str]
    ) -> Iterable[tuple[str, ObjectStats]]:
        """By archive, so that each metric of a host's VMs is computed at once."""
        groups: dict[int, list[Source]] = {}
        for source in sources:
            groups.setdefault(id(source.archive), []).append(source)
        for group in groups.values():
            rings, archive = group[0].rings, group[0].archive
            owners = [source.owner for source in group]
            stats: dict[str, dict[str, object]] = {owner.uuid: {} for owner in owners}
            for metric in fleet:
                for uuid, values in series(archive, owners, metric):
                    stats[uuid][metric] = listed(np.round(values, DIGITS))
            if others:
                wanted = chosen(others)
                for owner in owners:
                    _put_named(stats[owner.uuid], archive, owner, wanted)
            end = archive.end - shift_s(rings.condition.clock_skew)
            for uuid, found in stats.items():
                yield uuid, ObjectStats(end, found)

    async def _combined(
        self, kind: str, entries: Sequence[Entry], metrics: Sequence[str], step: int
    ) -> list[tuple[str, ObjectStats]]:
        found = []
        for pool_id in dict.fromkeys(entry.pool for entry in entries if entry.pool is not None):
            hosts = await self._archives(self._hosts_of(pool_id), step)
            for entry in entries:
                if entry.pool != pool_id or not hosts:
                    continue
                windows: dict[str, Window | None] = {
                    metric: self._combiner.sr(entry.id, metric, hosts)
                    if kind == "SR"
                    else self._combiner.pool(metric, hosts)
                    for metric in metrics
                }
                known = {metric: window for metric, window in windows.items() if window is not None}
                if known:
                    end = max(window.end for window in known.values())
                    stats: dict[str, object] = {
                        name: listed(np.round(window.values, DIGITS)) for name, window in known.items()
                    }
                    found.append((entry.id, ObjectStats(end, stats)))
        return found

    async def _sources(self, kind: str, entries: Sequence[Entry], step: int) -> list[Source]:
        found: list[Source] = []
        asked: dict[str, list[str]] = {}
        for entry in entries:
            known = self._store.find(entry.id, step) if step in KEPT else None
            if known is not None:
                found.append(Source(*known))
                continue
            if step in KEPT:
                continue
            host = entry.id if kind == "host" else getattr(entry.object, "container", "")
            asked.setdefault(host, []).append(entry.id)
        for host_id, uuids in asked.items():
            host = self._host(host_id)
            if host is None or host.power_state != "Running":
                continue
            rings, archives = await self._far(host, step, uuids)
            found += [Source(rings, one, one.layout.by_uuid[uuid]) for uuid, one in archives.items()]
        return found

    async def _answer(self, host: Host, uuid: str, granularity: Granularity, *, raw: bool) -> StatsAnswer:
        """The rows of one owner, kept or asked for."""
        step = STEPS[granularity]
        rings = self._store.rings(host.id)
        known = self._store.find(uuid, step) if step in KEPT else None
        if known is not None:
            rings, archive, owner = known
        else:
            if rings is not None and rings.condition.state == "unreachable" and step in KEPT:
                return self._nothing(granularity, rings)
            rings, archives = await self._far(host, step, [uuid])
            if uuid not in archives:
                return self._nothing(granularity, rings)
            archive = archives[uuid]
            owner = archive.layout.by_uuid[uuid]
        if raw:
            values = archive.of(owner)
            stats: dict[str, object] = {name: listed(values[:, place]) for place, name in enumerate(owner.shape)}
        else:
            stats = {}
            _put_named(stats, archive, owner, lambda _: True)
        end = archive.end - shift_s(rings.condition.clock_skew)
        return StatsAnswer(end, step, stats, _stale(rings) if step in KEPT else UNSET)

    def _nothing(self, granularity: Granularity, rings: Rings | None) -> StatsAnswer:
        return StatsAnswer(0, STEPS[granularity], {}, UNSET if rings is None else _stale(rings))

    async def _archives(self, hosts: Sequence[Host], step: int) -> dict[str, tuple[Rings, Archive]]:
        """The archives of these hosts, of those that have any."""
        if step in KEPT:
            kept = {host.id: self._store.find(host.id, step) for host in hosts}
            return {host_id: known[:2] for host_id, known in kept.items() if known is not None}
        running = [host for host in hosts if host.power_state == "Running"]
        answers = await asyncio.gather(*(self._far(host, step, [host.id]) for host in running), return_exceptions=True)
        found: dict[str, tuple[Rings, Archive]] = {}
        for host, answer in zip(running, answers, strict=True):
            if isinstance(answer, PodiumError):
                continue  # what the others tell is worth having
            if isinstance(answer, BaseException):
                raise answer
            rings, archives = answer
            if host.id in archives:
                found[host.id] = (rings, archives[host.id])
        return found

    async def _far(self, host: Host, step: int, uuids: Sequence[str]) -> tuple[Rings, dict[str, Archive]]:
        """Ask a host. Raises PoolUnreachable."""
        target = Target(host.id, host.pool, host.xapi_ref, host.address)
        rings = self._store.begin(host.id, host.pool)
        try:
            return rings, await self._history.archives(target, step, uuids, skew_s=rings.condition.clock_skew)
        except XapiTransportError as error:
            raise PoolUnreachable(
                f"statistics are read from the host itself, and {host.address} does not give them: {error}"
            ) from error

    def _read(self, struct: type[X], kind: str, object_id: str, by: Viewer) -> X:
        entry = self._objects.of_type(kind).get(object_id)
        if entry is None or not isinstance(entry.object, struct):
            raise NotFound(kind, object_id)
        by.require(READ, entry.resource.privilege, entry.object)
        return entry.object

    def _host(self, host_id: str) -> Host | None:
        entry = self._objects.of_type("host").get(host_id)
        return entry.object if entry is not None and isinstance(entry.object, Host) else None

    def _hosts_of(self, pool_id: str) -> list[Host]:
        return [
            entry.object
            for entry in self._objects.ordered("host")
            if entry.pool == pool_id and isinstance(entry.object, Host)
        ]


_SR_PATHS: Final[tuple[tuple[Path, str], ...]] = (
    (("iops", "r"), "iopsRead"),
    (("iops", "w"), "iopsWrite"),
    (("iops", "total"), "iops"),
    (("ioThroughput", "r"), "diskRead"),
    (("ioThroughput", "w"), "diskWrite"),
    (("ioThroughput", "total"), "disk"),
    (("latency", "r"), "latencyRead"),
    (("latency", "w"), "latencyWrite"),
    (("latency", "total"), "diskLatency"),
)

KINDS: Final[Mapping[str, Kind]] = {"VM": "vm", "VM-controller": "vm", "host": "host"}


def check_names(kind: str, names: Sequence[str]) -> None:
    """Raises InvalidParameters unless each is a metric of the fleet, or a name of Xen Orchestra's or its beginning."""
    for name in names:
        roots = ROOTS[KINDS[kind]] if kind in KINDS else frozenset()
        if metric_of(kind, name) is None and name.split(".")[0] not in roots:
            raise InvalidParameters(f"metrics: {kind} has no metric {name[:100]!r}; GET /rest/v0/metrics lists them")
        if metric_of(kind, name) is not None and any(other.startswith(f"{name}.") for other in names):
            raise InvalidParameters(f"metrics: {name} and its parts have the same place; ask for one of them")


def chosen(names: Sequence[str]) -> Callable[[Path], bool]:
    """Whether a path is one of these (`xvds.r.a`), or begins like one (`vifs.rx`)."""
    paths = [tuple(name.split(".")) for name in names]
    return lambda path: any(path[: len(one)] == one for one in paths)


def nest(into: dict[str, object], path: Path, values: object) -> None:
    """Set a value at a path of dicts."""
    at = into
    for step in path[:-1]:
        inner = at.setdefault(step, {})
        if not isinstance(inner, dict):
            return
        at = inner
    at[path[-1]] = values


def _put_named(into: dict[str, object], archive: Archive, owner: Owner, wanted: Callable[[Path], bool]) -> None:
    values: Numbers = archive.of(owner).astype(np.float64)
    for one in named(owner.kind, owner.shape):
        if wanted(one.path):
            nest(into, one.path, listed(values[:, one.place], one.factor))


def _stale(rings: Rings) -> Stale | Maybe:
    condition = rings.condition
    if condition.state in {"live", "starting"}:
        return UNSET
    return Stale(condition.last_row or condition.since, condition.reason or "the host does not tell anything")
