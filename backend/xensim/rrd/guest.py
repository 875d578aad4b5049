"""What a host measures of one VM: its sources, each a sum of the VM's activities. Source: PROTOCOL.md 8.3."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import inf
from sys import intern
from typing import cast

import numpy as np

from xensim.database import Database
from xensim.rrd.character import ACTIVITIES, CPU_A, CPU_B, MEMORY, ON, READ, RX, TX, WRITE, Draw, activities
from xensim.rrd.waves import Floats

REQUEST = 16384  # bytes of one request to a disk
MIB = 1 << 20
KIB = 1 << 10
NOTHING = (ON, 0.0)

Key = tuple[str, str]  # what a VM adds to a sum of its host: cpu, vcpus, domains, or (rx, network), (read, SR) ...


@dataclass(frozen=True, slots=True)
class Column:
    """One source: `offset` and up to two activities with their weights; known since `born`."""

    name: str
    offset: float = 0.0
    first: tuple[int, float] = NOTHING
    second: tuple[int, float] = NOTHING
    born: float = -inf
    optional: bool = False  # off until record_data_source


@dataclass(frozen=True, slots=True)
class Disk:
    ref: str
    device: str
    sr: str


@dataclass(frozen=True, slots=True)
class Nic:
    ref: str
    device: str
    network: str


@dataclass(frozen=True, slots=True)
class Facts:
    """All of a VM's state that its RRD depends on."""

    uuid: str
    vcpus: int
    memory: int
    target: int
    agent: bool
    disks: tuple[Disk, ...]
    nics: tuple[Nic, ...]


@dataclass(slots=True)
class Guest:
    """A VM as its host measures it. `weights`: of its activities; `adds`: to the sums of its host, by key."""

    facts: Facts
    columns: list[Column]
    weights: Floats
    adds: dict[Key, Floats] = field(default_factory=dict)

    def add(self, key: Key, activity: int, weight: float) -> None:
        """The host's sum `key` has so much of an activity of this VM in it."""
        row = self.adds.setdefault(key, np.zeros(ACTIVITIES))
        row[activity] += weight


def facts(db: Database, vm: str, *, asleep: bool = False) -> Facts:
    """`asleep`: it is not running, and these are the facts of when it did. Raises HANDLE_INVALID."""
    record = db.record("VM", vm)
    metrics = _row(db, "VM_metrics", record["metrics"])
    agent = _row(db, "VM_guest_metrics", record["guest_metrics"])
    target = _int(record["memory_dynamic_max" if asleep else "memory_target"])
    nics = _devices(db, "VIF", record["VIFs"], asleep=asleep)
    return Facts(
        uuid=str(record["uuid"]),
        vcpus=_int(metrics.get("VCPUs_number", 0)) or _int(record["VCPUs_at_startup"]),
        memory=_int(metrics.get("memory_actual", 0)) or target,
        target=target,
        agent=bool(agent.get("PV_drivers_detected", False)),
        disks=tuple(_disks(db, record, asleep=asleep)),
        nics=tuple(Nic(ref, str(nic["device"]), str(nic["network"])) for ref, nic in nics),
    )


def measure(seed: int, known: Facts, born: Callable[[str], float]) -> Guest:
    """The sources of a VM, all that there are. `born`: since when a device (ref) is measured."""
    guest = Guest(known, [], activities(seed, known.uuid))
    draw = Draw(seed, known.uuid, "sources")
    guest.add(("domains", ""), ON, 1.0)
    guest.add(("vcpus", ""), ON, float(known.vcpus))
    guest.columns += _processors(guest, draw)
    guest.columns += _memory(known)
    for disk in known.disks:
        guest.columns += _disk(guest, disk, Draw(seed, known.uuid, disk.device), born(disk.ref))
    for nic in known.nics:
        guest.columns += _nic(guest, nic, Draw(seed, known.uuid, f"vif{nic.device}"), born(nic.ref))
    guest.columns += _scheduling(known)
    return guest


def _processors(guest: Guest, draw: Draw) -> list[Column]:
    """Each vCPU leans towards one of two activities, and the VM's use is their mean."""
    count = guest.facts.vcpus
    leanings = [draw.number() for _ in range(count)]
    mean = sum(leanings) / max(1, count)
    guest.add(("cpu", ""), CPU_A, sum(leanings))
    guest.add(("cpu", ""), CPU_B, count - sum(leanings))
    each = [Column(f"cpu{at}", 0.0, (CPU_A, leaning), (CPU_B, 1 - leaning)) for at, leaning in enumerate(leanings)]
    return [*each, Column("cpu_usage", 0.0, (CPU_A, mean), (CPU_B, 1 - mean if count else 0.0))]


def _memory(known: Facts) -> list[Column]:
    columns = [Column("memory", known.memory), Column("memory_target", known.target)]
    if known.agent:
        total = known.memory / KIB
        columns.insert(1, Column("memory_internal_free", 0.95 * total, (MEMORY, -0.85 * total)))
    return columns


def _disk(guest: Guest, disk: Disk, draw: Draw, born: float) -> list[Column]:
    read, write = 10 ** draw.between(5.5, 8.0), 10 ** draw.between(5.5, 7.7)  # bytes a second at full activity
    guest.add(("read", disk.sr), READ, read)
    guest.add(("write", disk.sr), WRITE, write)
    guest.add(("disks", disk.sr), ON, 1.0)
    quick, slow = draw.between(80, 400), draw.between(300, 4000)  # microseconds
    waits, depth = draw.between(0.05, 0.6), draw.between(1, 24)
    rates = (
        ("read", (READ, read), NOTHING),
        ("write", (WRITE, write), NOTHING),
        ("read_latency", (ON, quick), (READ, slow)),
        ("write_latency", (ON, quick * 1.4), (WRITE, slow)),
        ("latency", (ON, quick * 1.2), (READ, slow / 2)),
        ("io_throughput_read", (READ, read / MIB), NOTHING),
        ("io_throughput_write", (WRITE, write / MIB), NOTHING),
        ("io_throughput_total", (READ, read / MIB), (WRITE, write / MIB)),
        ("iops_read", (READ, read / REQUEST), NOTHING),
        ("iops_write", (WRITE, write / REQUEST), NOTHING),
        ("iops_total", (READ, read / REQUEST), (WRITE, write / REQUEST)),
        ("iowait", (READ, waits), (WRITE, waits / 2)),
        ("inflight", (READ, depth), (WRITE, depth)),
        ("avgqu_sz", (READ, depth / 2), (WRITE, depth)),
    )
    return [Column(intern(f"vbd_{disk.device}_{name}"), 0.0, first, second, born) for name, first, second in rates]


def _nic(guest: Guest, nic: Nic, draw: Draw, born: float) -> list[Column]:
    rx, tx = 10 ** draw.between(4.5, 7.8), 10 ** draw.between(4.5, 7.8)
    guest.add(("rx", nic.network), RX, rx)
    guest.add(("tx", nic.network), TX, tx)
    name = f"vif_{nic.device}"
    return [
        Column(intern(f"{name}_rx"), 0.0, (RX, rx), born=born),
        Column(intern(f"{name}_tx"), 0.0, (TX, tx), born=born),
        Column(intern(f"{name}_rx_errors"), born=born, optional=True),
        Column(intern(f"{name}_tx_errors"), born=born, optional=True),
    ]


def _scheduling(known: Facts) -> list[Column]:
    """The six run states add up to 1 while the VM runs."""
    shares = (
        ("runstate_fullrun", 0.0, 0.80),
        ("runstate_full_contention", 0.0, 0.02),
        ("runstate_concurrency_hazard", 0.0, 0.05),
        ("runstate_partial_run", 0.0, 0.10),
        ("runstate_partial_contention", 0.0, 0.03),
        ("runstate_blocked", 1.0, -1.0),
        ("runnable_any", 0.0, 0.05),
        ("runnable_vcpus", 0.0, 0.05 * known.vcpus),
    )
    columns = [Column(name, 0.0, (ON, idle), (CPU_A, busy), optional=True) for name, idle, busy in shares]
    numa = (("numa_nodes", 2.0), ("memory_numa_node_0", known.memory / 2), ("memory_numa_node_1", known.memory / 2),
            ("numa_node_nonaffine_vcpus", 0.0))  # fmt: skip
    return [*columns, *(Column(name, value, optional=True) for name, value in numa)]


def _disks(db: Database, record: Mapping[str, object], *, asleep: bool) -> list[Disk]:
    found = []
    for ref, vbd in _devices(db, "VBD", record["VBDs"], asleep=asleep):
        vdi = str(vbd["VDI"])
        if not vbd["empty"] and db.exists("VDI", vdi):
            device = str(vbd["device"]) or f"xvd{chr(ord('a') + _int(vbd['userdevice']) % 26)}"
            found.append(Disk(ref, device, str(db.field("VDI", vdi, "SR"))))
    return found


def _devices(db: Database, cls: str, refs: object, *, asleep: bool) -> list[tuple[str, Mapping[str, object]]]:
    """The attached devices of a VM; of one that sleeps all that it has."""
    rows = ((ref, db.record(cls, ref)) for ref in cast("list[str]", refs) if db.exists(cls, ref))
    return [(ref, record) for ref, record in rows if asleep or record["currently_attached"]]


def _row(db: Database, cls: str, ref: object) -> Mapping[str, object]:
    return db.record(cls, str(ref)) if db.exists(cls, str(ref)) else {}


def _int(value: object) -> int:
    text = str(value)
    return int(text) if text.lstrip("-").isdecimal() else 0
