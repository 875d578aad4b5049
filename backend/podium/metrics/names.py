"""The names that Xen Orchestra gives to data sources, and its units (ANCHOR.md 5)."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from podium.metrics.catalog import MIB
from podium.metrics.layout import Kind, Shape

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Named:
    """One data source as clients know it: its place in the shape, its path in `stats`, and what it is multiplied by."""

    place: int
    path: Path
    factor: float


_Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], Path], float]

_RW: Final = {"read": "r", "write": "w", "total": "total"}


def _plain(name: str, key: str, factor: float = 1.0) -> _Rule:
    return re.compile(name), lambda _: (key,), factor


def _interface(device: str) -> str:
    """`eth0` is `0` to Xen Orchestra; others, which it loses, keep their names."""
    return device[3:] if re.fullmatch(r"eth\d+", device) else device


def _disk(device: str) -> str:
    """`xvda` is `a` to Xen Orchestra; others, which it loses, keep their names."""
    return device[3:] if re.fullmatch("xvd[a-z]", device) else device


_SR: Final = "([0-9a-f]{8})"
_HOST: Final[tuple[_Rule, ...]] = (
    _plain("loadavg", "load"),
    _plain("hostload", "hostload"),
    _plain("running_vcpus", "runningVcpus"),
    _plain("memory_total_kib", "memory", 1024),
    _plain("memory_free_kib", "memoryFree", 1024),
    # PROTOCOL.md 8.3 says that these two are bytes already; Xen Orchestra's clients expect its factor
    _plain("memory_reclaimed", "memoryReclaimed", 1024),
    _plain("memory_reclaimed_max", "memoryReclaimedMax", 1024),
    (re.compile(r"cpu(\d+)"), lambda found: ("cpus", found[1]), 100),
    (re.compile("pif_aggr_([rt]x)"), lambda found: ("pifsAggr", found[1]), 1),
    (re.compile("pif_(.+)_([rt]x)"), lambda found: ("pifs", found[2], _interface(found[1])), 1),
    (re.compile(f"iops_(read|write|total)_{_SR}"), lambda found: ("iops", _RW[found[1]], found[2]), 1),
    (
        re.compile(f"io_throughput_(read|write|total)_{_SR}"),
        lambda found: ("ioThroughput", _RW[found[1]], found[2]),
        MIB,
    ),
    (re.compile(f"(read|write)_latency_{_SR}"), lambda found: ("latency", _RW[found[1]], found[2]), 1e-3),
    (re.compile(f"latency_{_SR}"), lambda found: ("latency", "total", found[1]), 1e-3),
    (re.compile(f"iowait_{_SR}"), lambda found: ("iowait", found[1]), 1),
)
_VM: Final[tuple[_Rule, ...]] = (
    (re.compile(r"cpu(\d+)"), lambda found: ("cpus", found[1]), 100),
    _plain("cpu_usage", "cpuUsage", 100),
    _plain("memory", "memory"),
    _plain("memory_internal_free", "memoryFree", 1024),
    _plain("memory_target", "memoryTarget"),
    _plain("runstate_fullrun", "runstateFullrun", 100),
    _plain("runstate_full_contention", "runstateFullContention", 100),
    _plain("runstate_partial_run", "runstatePartialRun", 100),
    _plain("runstate_partial_contention", "runstatePartialContention", 100),
    _plain("runstate_concurrency_hazard", "runstateConcurrencyHazard", 100),
    _plain("runstate_blocked", "runstateBlocked", 100),
    (re.compile(r"vif_(\d+)_([rt]x)"), lambda found: ("vifs", found[2], found[1]), 1),
    (re.compile(r"vif_(\d+)_([rt]x)_errors"), lambda found: ("vifErrors", found[2], found[1]), 1),
    (re.compile("vbd_([^_]+)_(read|write)"), lambda found: ("xvds", _RW[found[2]], _disk(found[1])), 1),
    (
        re.compile("vbd_([^_]+)_iops_(read|write|total)"),
        lambda found: ("iops", _RW[found[2]], _disk(found[1])),
        1,
    ),
    (
        re.compile("vbd_([^_]+)_(read|write)_latency"),
        lambda found: ("vbdLatency", _RW[found[2]], _disk(found[1])),
        1e-3,
    ),
    (re.compile("vbd_([^_]+)_latency"), lambda found: ("vbdAvgLatency", _disk(found[1])), 1e-3),
    (
        re.compile("vbd_([^_]+)_io_throughput_(read|write|total)"),
        lambda found: ("ioThroughput", _RW[found[2]], _disk(found[1])),
        MIB,
    ),
    (re.compile("vbd_([^_]+)_iowait"), lambda found: ("vbdIowait", _disk(found[1])), 100),
    (re.compile("vbd_([^_]+)_inflight"), lambda found: ("vbdInflight", _disk(found[1])), 1),
    (re.compile("vbd_([^_]+)_avgqu_sz"), lambda found: ("vbdAvgquSz", _disk(found[1])), 1),
)
_RULES: Final[dict[str, Sequence[_Rule]]] = {"host": _HOST, "vm": _VM}

ROOTS: Final[dict[Kind, frozenset[str]]] = {
    "vm": frozenset(
        [
            "cpus",
            "cpuUsage",
            "memory",
            "memoryFree",
            "memoryTarget",
            "runstateFullrun",
            "runstateFullContention",
            "runstatePartialRun",
            "runstatePartialContention",
            "runstateConcurrencyHazard",
            "runstateBlocked",
            "vifs",
            "vifErrors",
            "xvds",
            "iops",
            "vbdLatency",
            "vbdAvgLatency",
            "ioThroughput",
            "vbdIowait",
            "vbdInflight",
            "vbdAvgquSz",
        ]
    ),
    "host": frozenset(
        [
            "load",
            "hostload",
            "runningVcpus",
            "memory",
            "memoryFree",
            "memoryReclaimed",
            "memoryReclaimedMax",
            "cpus",
            "pifsAggr",
            "pifs",
            "iops",
            "ioThroughput",
            "latency",
            "iowait",
        ]
    ),
}
"""What paths begin with."""


@lru_cache(maxsize=20_000)
def named(kind: Kind, shape: Shape) -> tuple[Named, ...]:
    """The data sources of one owner that Xen Orchestra has a name for, in the order of their paths."""
    found = []
    for place, name in enumerate(shape):
        for pattern, path, factor in _RULES.get(kind, ()):
            match = pattern.fullmatch(name)
            if match is not None:
                found.append(Named(place, path(match), factor))
                break
    return tuple(sorted(found, key=lambda one: one.path))
