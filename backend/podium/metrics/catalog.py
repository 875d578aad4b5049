"""The fleet's metrics: one number per object, made of its data sources, to sort, compare, warn and sum up by."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import msgspec

Unit = Literal["percent", "bytes", "bytes/s", "requests/s", "ms", "count"]


class Metric(msgspec.Struct, frozen=True):
    """A name that clients use, its unit, and what it is in words."""

    name: str
    unit: Unit
    title: str


_SUMS: Final = (
    Metric("networkRx", "bytes/s", "network received"),
    Metric("networkTx", "bytes/s", "network sent"),
    Metric("network", "bytes/s", "network received and sent"),
    Metric("diskRead", "bytes/s", "disk read"),
    Metric("diskWrite", "bytes/s", "disk written"),
    Metric("disk", "bytes/s", "disk read and written"),
    Metric("iops", "requests/s", "disk requests"),
)
_DELAYS: Final = (
    Metric("diskLatency", "ms", "disk latency, the mean of its disks"),
    Metric("iowait", "percent", "time that disk requests wait, the mean of its disks"),
)
_VM: Final = (
    Metric("cpu", "percent", "CPU use, of all vCPUs"),
    Metric("memory", "bytes", "memory allocated"),
    Metric("memoryUsed", "bytes", "memory used: allocated, without what the guest says is free"),
    Metric("memoryPercent", "percent", "memory used, of what is allocated"),
    *_SUMS,
    *_DELAYS,
)
CATALOG: Final[Mapping[str, tuple[Metric, ...]]] = {
    "VM": _VM,
    "VM-controller": _VM,
    "host": (
        Metric("cpu", "percent", "CPU use, of all cores"),
        Metric("load", "count", "load average of the control domain"),
        Metric("memoryUsed", "bytes", "memory used"),
        Metric("memoryFree", "bytes", "memory free"),
        Metric("memoryPercent", "percent", "memory used"),
        *_SUMS,
        *_DELAYS,
    ),
    "SR": (
        *_SUMS[3:],
        *_DELAYS,
        Metric("space", "percent", "space used"),
    ),
    "pool": (
        Metric("cpu", "percent", "CPU use, of all cores"),
        Metric("memoryUsed", "bytes", "memory used"),
        Metric("memoryFree", "bytes", "memory free"),
        Metric("memoryPercent", "percent", "memory used"),
        *_SUMS,
    ),
}
"""By type of object. SRs and pools are made of their hosts (services/measures/fleet.py); `space` is the inventory's."""


def metric_of(kind: str, name: str) -> Metric | None:
    """The metric of that name, of objects of that type."""
    return next((one for one in CATALOG.get(kind, ()) if one.name == name), None)


@dataclass(frozen=True, slots=True)
class Term:
    """Data sources whose whole name `pattern` matches, each times `factor`."""

    pattern: re.Pattern[str]
    factor: float


@dataclass(frozen=True, slots=True)
class Formula:
    """What a metric is computed of. Unknown values are left out of a sum or a mean; all unknown is unknown.

    `needed`: without a value of the first term there is none. `over`: the result is divided by that, in percent.
    """

    terms: tuple[Term, ...]
    mean: bool = False
    needed: bool = False
    over: tuple[Term, ...] = ()


Choices = tuple[Formula, ...]
"""In the order of preference: the first of which there is any data source counts."""


def _sum(*patterns: str, factor: float = 1.0) -> Formula:
    return Formula(tuple(Term(re.compile(one), factor) for one in patterns))


def _mean(pattern: str, factor: float = 1.0) -> Formula:
    return Formula((Term(re.compile(pattern), factor),), mean=True)


def _less(first: tuple[str, float], second: tuple[str, float], over: tuple[str, float] | None = None) -> Formula:
    """`first` without `second`."""
    terms = (Term(re.compile(first[0]), first[1]), Term(re.compile(second[0]), -second[1]))
    below = () if over is None else (Term(re.compile(over[0]), over[1]),)
    return Formula(terms, needed=True, over=below)


KIB: Final = 1024.0
MIB: Final = 1024.0 * 1024.0
_VBD: Final = "vbd_[^_]+"
"""xvda, hda, nvme0n1."""
_SR8: Final = "[0-9a-f]{8}"
_MEMORY: Final = ("memory", 1.0)
_INTERNAL_FREE: Final = ("memory_internal_free", KIB)
_TOTAL_KIB: Final = ("memory_total_kib", KIB)
_FREE_KIB: Final = ("memory_free_kib", KIB)
# interfaces of the host's own, not those of its guests
_PIF: Final = "pif_(?!aggr)[^_]+"

FORMULAS: Final[Mapping[str, Mapping[str, Choices]]] = {
    "vm": {
        "cpu": (_sum("cpu_usage", factor=100.0), _mean(r"cpu\d+", 100.0)),
        "memory": (_sum("memory"),),
        "memoryUsed": (_less(_MEMORY, _INTERNAL_FREE),),
        "memoryPercent": (_less(_MEMORY, _INTERNAL_FREE, over=_MEMORY),),
        "networkRx": (_sum(r"vif_\d+_rx"),),
        "networkTx": (_sum(r"vif_\d+_tx"),),
        "network": (_sum(r"vif_\d+_[rt]x"),),
        "diskRead": (_sum(f"{_VBD}_read"),),
        "diskWrite": (_sum(f"{_VBD}_write"),),
        "disk": (_sum(f"{_VBD}_(read|write)"),),
        "iops": (_sum(f"{_VBD}_iops_total"), _sum(f"{_VBD}_iops_(read|write)")),
        "diskLatency": (_mean(f"{_VBD}_latency", 1e-3), _mean(f"{_VBD}_(read|write)_latency", 1e-3)),
        "iowait": (_mean(f"{_VBD}_iowait", 100.0),),
    },
    "host": {
        "cpu": (_sum("cpu_avg", factor=100.0), _mean(r"cpu\d+", 100.0)),
        "load": (_sum("loadavg"),),
        "memoryUsed": (_less(_TOTAL_KIB, _FREE_KIB),),
        "memoryFree": (_sum("memory_free_kib", factor=KIB),),
        "memoryPercent": (_less(_TOTAL_KIB, _FREE_KIB, over=_TOTAL_KIB),),
        "networkRx": (_sum("pif_aggr_rx"), _sum(f"{_PIF}_rx")),
        "networkTx": (_sum("pif_aggr_tx"), _sum(f"{_PIF}_tx")),
        "network": (_sum("pif_aggr_[rt]x"), _sum(f"{_PIF}_[rt]x")),
        "diskRead": (_sum(f"read_{_SR8}"), _sum(f"io_throughput_read_{_SR8}", factor=MIB)),
        "diskWrite": (_sum(f"write_{_SR8}"), _sum(f"io_throughput_write_{_SR8}", factor=MIB)),
        "disk": (_sum(f"(read|write)_{_SR8}"), _sum(f"io_throughput_total_{_SR8}", factor=MIB)),
        "iops": (_sum(f"iops_total_{_SR8}"), _sum(f"iops_(read|write)_{_SR8}")),
        "diskLatency": (_mean(f"latency_{_SR8}", 1e-3), _mean(f"(read|write)_latency_{_SR8}", 1e-3)),
        "iowait": (_mean(f"iowait_{_SR8}", 100.0),),
    },
}
"""By the kind of owner in the legend. Units of the data sources: PROTOCOL.md 8.3."""
