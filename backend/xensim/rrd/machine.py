"""What a host measures of itself: sums over its VMs, and some of its own. Source: PROTOCOL.md 8.3."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

import numpy as np

from xensim.database import Database
from xensim.rrd.character import ACTIVITIES, CPU_A, MEMORY, READ, RX, WRITE, Draw, activities
from xensim.rrd.guest import KIB, MIB, REQUEST, Key
from xensim.rrd.waves import Floats
from xensim.schema import NULL_REF

# What a host's sources are made of: a constant, how busy its processors are, what is left of that times itself, its own
# activities, and its gauges; after these come the sums over its VMs.
ONE, BUSY, ROOM, OWN = 0, 1, 2, 3
GAUGES = OWN + ACTIVITIES
TOTAL, FREE, RECLAIMABLE, SESSIONS, TASKS = range(GAUGES, GAUGES + 5)
SUMS = TASKS + 1
KNEE = 0.7  # up to here processors follow what VMs ask for; beyond they near 1 and never reach it


@dataclass(frozen=True, slots=True)
class Store:
    """An SR that is plugged here."""

    ref: str
    uuid: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What of a host's state decides which sources it has."""

    uuid: str
    processors: int
    ports: tuple[tuple[str, tuple[str, ...]], ...]  # devices, and the networks whose traffic goes through them
    physical: tuple[str, ...]
    stores: tuple[Store, ...]
    cache: str  # the uuid of the SR with IntelliCache
    watched: bool  # HA is on
    leads: bool  # the coordinator


@dataclass(frozen=True, slots=True)
class Source:
    """One source: weights of what it is made of, by index, and of sums over VMs, by key."""

    name: str
    parts: Mapping[int, float] = field(default_factory=dict)
    sums: Mapping[Key, float] = field(default_factory=dict)
    optional: bool = False


class Machine:
    """A host as it measures itself."""

    def __init__(self, seed: int, facts: Facts) -> None:
        self.facts = facts
        self.weights: Floats = activities(seed, facts.uuid)
        self._draw = Draw(seed, facts.uuid, "sources")
        self.sources = [*_pool(facts), *self._processors(), *self._memory(), *self._network()]
        for store in facts.stores:
            self.sources += _storage(store, Draw(seed, facts.uuid, store.uuid))
        self.sources += self._rest()
        self.keys: list[Key] = sorted({("cpu", ""), *(key for source in self.sources for key in source.sums)})

    def matrix(self) -> Floats:
        """The sources as sums: a row for each, a column for each of its makings, the sums over VMs in order of keys."""
        places = {key: SUMS + at for at, key in enumerate(self.keys)}
        made = np.zeros((len(self.sources), SUMS + len(self.keys)))
        for at, source in enumerate(self.sources):
            for part, weight in source.parts.items():
                made[at, part] += weight
            for key, weight in source.sums.items():
                made[at, places[key]] += weight
        return made

    def makings(self, own: Floats, sums: Floats, gauges: Sequence[float]) -> Floats:
        """What the sources are made of, from the host's activities and the sums over its VMs; columns are times."""
        asked = sums[self.keys.index(("cpu", ""))] / max(1, self.facts.processors) + 0.002
        over = np.maximum(asked - KNEE, 0.0) / (1 - KNEE)
        busy = np.where(asked < KNEE, asked, KNEE + (1 - KNEE) * (1 - np.exp(-over)))
        flat = np.repeat(np.array(gauges)[:, None], busy.size, axis=1)
        return np.vstack([np.ones_like(busy), busy, busy * (1 - busy), own, flat, sums])

    def _processors(self) -> Iterable[Source]:
        """Each processor is a bit more or less busy than all, and together they are as busy as all."""
        count = self.facts.processors
        drawn = [self._draw.between(-0.5, 0.5) for _ in range(count)]
        mean = sum(drawn) / max(1, count)
        for at, lean in enumerate(drawn):
            yield Source(f"cpu{at}", {BUSY: 1.0, ROOM: lean - mean})
        yield Source("cpu_avg", {BUSY: 1.0})
        yield Source("loadavg", {ONE: 0.05, OWN + CPU_A: 2.0, BUSY: 1.5})
        yield Source("hostload", {BUSY: 1.0, ROOM: 0.4})
        yield Source("running_vcpus", {ONE: 1.0, BUSY: float(count)})
        yield Source("running_domains", sums={("domains", ""): 1.0})
        for at in range(count):
            yield Source(f"cpu{at}-C0", {BUSY: 1.0}, optional=True)
            yield Source(f"cpu{at}-C1", {ONE: 1.0, BUSY: -1.0}, optional=True)
            yield Source(f"cpu{at}-P0", {BUSY: 0.8, ONE: 0.1}, optional=True)
            yield Source(f"cpu{at}-P1", {BUSY: -0.8, ONE: 0.9}, optional=True)
            yield Source(f"CPU{at}-avg-freq", {ONE: 800.0, BUSY: 1494.0}, optional=True)

    def _memory(self) -> Iterable[Source]:
        yield Source("memory_free_kib", {FREE: 1 / KIB})
        yield Source("memory_reclaimed")
        yield Source("memory_reclaimed_max", {RECLAIMABLE: 1.0})
        yield Source("memory_total_kib", {TOTAL: 1 / KIB})

    def _network(self) -> Iterable[Source]:
        """A port carries what the VMs of its networks send and get, and the host's own traffic."""
        total: dict[str, dict[Key, float]] = {"rx": {}, "tx": {}}
        for device, networks in self.facts.ports:
            share = _share(device, self.facts.ports, self.facts.physical)
            for way in ("rx", "tx"):
                sums: dict[Key, float] = {(way, network): share for network in networks}
                if device in self.facts.physical:
                    total[way] = {key: total[way].get(key, 0.0) + sums.get(key, 0.0) for key in {*total[way], *sums}}
                yield Source(f"pif_{device}_{way}", {ONE: 900.0, OWN + RX: 40e3}, sums)
                yield Source(f"pif_{device}_{way}_errors", optional=True)
        own = float(len(self.facts.physical))
        for way, sums in total.items():
            yield Source(f"pif_aggr_{way}", {ONE: 900.0 * own, OWN + RX: 40e3 * own}, sums)

    def _rest(self) -> Iterable[Source]:
        facts = self.facts
        yield Source("Tapdisks_in_low_memory_mode")
        yield Source("DCMI-power-reading", {ONE: 140.0, BUSY: 260.0, OWN + MEMORY: 12.0})
        if facts.cache:
            yield Source(f"sr_{facts.cache}_cache_size", {ONE: float(1 << 30), OWN + MEMORY: float(4 << 30)})
            yield Source(f"sr_{facts.cache}_cache_hits", {OWN + READ: 900.0})
            yield Source(f"sr_{facts.cache}_cache_misses", {OWN + READ: 60.0})
        if facts.watched:
            yield Source("network/latency", {ONE: 0.8, OWN + RX: 0.2}, optional=True)
            yield Source(f"statefile/{facts.uuid[:8]}/latency", {ONE: 0.03, OWN + WRITE: 0.2}, optional=True)
            yield Source("xapi_healthcheck/latency", {ONE: 0.05, OWN + CPU_A: 0.3}, optional=True)


def _pool(facts: Facts) -> Iterable[Source]:
    yield Source("pool_session_count", {SESSIONS: 1.0})
    yield Source("pool_session_creation_rate", {OWN + CPU_A: 2.0} if facts.leads else {})
    yield Source("pool_task_count", {TASKS: 1.0})
    yield Source("pool_vgpu_migration_rate")
    yield Source("xapi_allocation_kib", {ONE: 40.0, OWN + CPU_A: 9000.0})
    yield Source("xapi_free_memory_kib", {ONE: 1800.0, OWN + MEMORY: 1600.0})
    yield Source("xapi_live_memory_kib", {ONE: 21000.0, OWN + MEMORY: 9000.0})
    yield Source("xapi_memory_usage_kib", {ONE: 240e3, OWN + MEMORY: 60e3})
    yield Source("xapi_open_fds", {ONE: 48.0})


def _storage(store: Store, draw: Draw) -> Iterable[Source]:
    """An SR carries what the disks of the VMs here read and write, and a few bytes of the host's own."""
    short, read, write = store.uuid[:8], ("read", store.ref), ("write", store.ref)
    reading: dict[Key, float] = {read: 1.0}
    writing: dict[Key, float] = {write: 1.0}
    both: dict[Key, float] = {read: 1.0, write: 1.0}
    quick, slow = draw.between(120, 500), draw.between(200, 2500)
    own = {OWN + WRITE: 20e3}
    for name, parts, sums in (
        ("read", {}, reading),
        ("write", own, writing),
        ("read_latency", {ONE: quick, OWN + READ: slow}, {}),
        ("write_latency", {ONE: quick * 1.4, OWN + WRITE: slow}, {}),
        ("latency", {ONE: quick * 1.2, OWN + READ: slow / 2, OWN + WRITE: slow / 2}, {}),
        ("io_throughput_read", {}, _scaled(reading, 1 / MIB)),
        ("io_throughput_write", _scaled(own, 1 / MIB), _scaled(writing, 1 / MIB)),
        ("io_throughput_total", _scaled(own, 1 / MIB), _scaled(both, 1 / MIB)),
        ("iops_read", {}, _scaled(reading, 1 / REQUEST)),
        ("iops_write", _scaled(own, 1 / REQUEST), _scaled(writing, 1 / REQUEST)),
        ("iops_total", _scaled(own, 1 / REQUEST), _scaled(both, 1 / REQUEST)),
        ("iowait", {OWN + READ: 0.2, OWN + WRITE: 0.2}, {}),
        ("inflight", {OWN + READ: 6.0, OWN + WRITE: 6.0}, {}),
        ("avgqu_sz", {OWN + READ: 3.0, OWN + WRITE: 4.0}, {}),
    ):
        yield Source(f"{name}_{short}", cast("dict[int, float]", parts), cast("dict[Key, float]", sums))


def facts(db: Database, host: str, pool: str) -> Facts:
    """Raises HANDLE_INVALID."""
    record = db.record("host", host)
    pool_record = db.record("pool", pool) if db.exists("pool", pool) else {}
    info = cast("dict[str, str]", record["cpu_info"])
    ports, physical = _ports(db, cast("list[str]", record["PIFs"]))
    cache = str(record["local_cache_sr"])
    return Facts(
        uuid=str(record["uuid"]),
        processors=int(info.get("cpu_count", "0")) or len(cast("list[str]", record["host_CPUs"])),
        ports=ports,
        physical=physical,
        stores=tuple(_stores(db, cast("list[str]", record["PBDs"]))),
        cache=str(db.field("SR", cache, "uuid")) if db.exists("SR", cache) else "",
        watched=bool(pool_record.get("ha_enabled", False)),
        leads=pool_record.get("master") == host,
    )


def gauges(db: Database, host: str, *, leads: bool) -> list[float]:
    """What TOTAL, FREE, RECLAIMABLE (bytes), SESSIONS and TASKS are now. Raises HANDLE_INVALID."""
    record = db.record("host", host)
    ref = str(record["metrics"])
    metrics = db.record("host_metrics", ref) if db.exists("host_metrics", ref) else {}
    residents = [db.record("VM", vm) for vm in cast("list[str]", record["resident_VMs"]) if db.exists("VM", vm)]
    spare = (float(str(vm["memory_target"])) - float(str(vm["memory_dynamic_min"])) for vm in residents)
    return [
        float(str(metrics.get("memory_total", 0))),
        float(str(metrics.get("memory_free", 0))),
        sum(max(0.0, each) for each in spare),
        float(db.count("session")) if leads else 0.0,
        float(db.count("task")) if leads else 0.0,
    ]


def _ports(db: Database, pifs: list[str]) -> tuple[tuple[tuple[str, tuple[str, ...]], ...], tuple[str, ...]]:
    """Network devices with the networks that go through them, their VLANs' too; and which of them are physical."""
    carried: dict[str, list[str]] = {}
    physical: list[str] = []
    masters: dict[str, str] = {}
    records = [db.record("PIF", ref) for ref in pifs if db.exists("PIF", ref)]
    for pif in records:
        device = str(pif["device"])
        if device.startswith("tunnel"):
            continue
        carried.setdefault(device, []).append(str(pif["network"]))
        if pif["physical"] and device not in physical:
            physical.append(device)
        bond = str(pif["bond_slave_of"])
        if pif["physical"] and bond != NULL_REF and db.exists("Bond", bond):
            master = str(db.field("Bond", bond, "master"))
            masters[device] = str(db.field("PIF", master, "device")) if db.exists("PIF", master) else ""
    for slave, master in masters.items():
        carried[slave] += [network for network in carried.get(master, []) if network not in carried[slave]]
    return tuple((device, tuple(networks)) for device, networks in sorted(carried.items())), tuple(physical)


def _stores(db: Database, pbds: list[str]) -> Iterable[Store]:
    for pbd in pbds:
        if db.exists("PBD", pbd) and db.field("PBD", pbd, "currently_attached"):
            sr = str(db.field("PBD", pbd, "SR"))
            if db.exists("SR", sr):
                yield Store(sr, str(db.field("SR", sr, "uuid")))


def _share(device: str, ports: tuple[tuple[str, tuple[str, ...]], ...], physical: tuple[str, ...]) -> float:
    """The part of its networks' traffic that a device carries: the ports of a bond divide it among them."""
    if device not in physical:
        return 1.0
    networks = set(dict(ports)[device])
    together = [other for other, carried in ports if other in physical and networks & set(carried)]
    return 1.0 / max(1, len(together))


def _scaled(weights: Mapping[int, float] | Mapping[Key, float], by: float) -> dict[object, float]:
    return {key: weight * by for key, weight in weights.items()}
