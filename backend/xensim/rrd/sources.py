"""What data sources are: their words, units and kinds, by name. Sources: PROTOCOL.md 8.3, wire/07-125, 07-127."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from math import inf
from typing import Literal

Kind = Literal["GAUGE", "DERIVE", "ABSOLUTE"]
_FRACTION, _BYTES, _RATE, _KIB, _MICROSECONDS = "(fraction)", "B", "B/s", "KiB", "μs"


@dataclass(frozen=True, slots=True)
class Described:
    """`kind` says how rrdd gets from what it reads to a value; values are per second where it is DERIVE."""

    words: str
    units: str
    kind: Kind = "GAUGE"
    most: float = inf
    standard: bool = True


# By owner a pattern of names; \1 and \2 in the words are what its groups matched. The first that fits counts.
_KNOWN: dict[str, tuple[tuple[str, Described], ...]] = {
    "vm": (
        (r"cpu(\d+)", Described(r"CPU\1 usage", _FRACTION, most=1.0)),
        (r"cpu_usage", Described("Domain CPU usage", _FRACTION, most=1.0)),
        (r"memory", Described("Memory currently allocated to VM", _BYTES)),
        (r"memory_target", Described("Target of VM balloon driver", _BYTES)),
        (r"memory_internal_free", Described("Memory used as reported by the guest agent", _KIB)),
        (r"vbd_(\w+?)_read", Described(r"Reads from device '\1' in bytes per second", _RATE, "DERIVE")),
        (r"vbd_(\w+?)_write", Described(r"Writes to device '\1' in bytes per second", _RATE, "DERIVE")),
        (
            r"vif_(\d+)_rx",
            Described(r"Bytes per second received on virtual interface number '\1'", _RATE, "DERIVE"),
        ),
        (
            r"vif_(\d+)_tx",
            Described(r"Bytes per second transmitted on virtual interface number '\1'", _RATE, "DERIVE"),
        ),
        (
            r"vif_(\d+)_(rx|tx)_errors",
            Described(r"Errors per second on virtual interface number '\1', \2", "err/s", "DERIVE", standard=False),
        ),
        (r"vbd_(\w+?)_(\w*latency)", Described(r"\2 of device '\1'", _MICROSECONDS)),
        (r"vbd_(\w+?)_io_throughput_(\w+)", Described(r"Data moved by device '\1', \2", "MiB/s")),
        (r"vbd_(\w+?)_iops_(\w+)", Described(r"Requests to device '\1' per second, \2", "requests/s")),
        (r"vbd_(\w+?)_iowait", Described(r"I/O wait of device '\1'", "s/s")),
        (r"vbd_(\w+?)_(inflight|avgqu_sz)", Described(r"Requests of device '\1' under way", "requests")),
        (r"runnable_vcpus", Described("Number of runnable vCPUs", "(count)", standard=False)),
        (r"run(?:state|nable)_(\w+)", Described(r"Fraction of time: \1", _FRACTION, most=1.0, standard=False)),
        (r"numa_nodes", Described("NUMA nodes the VM uses", "(count)", standard=False)),
        (r"memory_numa_node_(\d+)", Described(r"Memory on NUMA node \1", _BYTES, standard=False)),
        (r"numa_node_nonaffine_vcpus", Described("vCPUs away from their memory", "(count)", standard=False)),
    ),
    "host": (
        (r"cpu(\d+)", Described(r"Physical cpu usage for cpu \1", _FRACTION, most=1.0)),
        (r"cpu_avg", Described("Average physical cpu usage", _FRACTION, most=1.0)),
        (r"loadavg", Described("Domain0 loadavg", _FRACTION)),
        (r"hostload", Described("Host load per physical CPU", "(fraction)")),
        (r"running_(vcpus|domains)", Described(r"Number of running \1", "(count)")),
        (r"cpu(\d+)-([CP]\d+)", Described(r"Proportion of time CPU \1 spent in \2", _FRACTION, most=1.0)),
        (r"CPU(\d+)-avg-freq", Described(r"Average frequency of CPU \1", "MHz")),
        (r"memory_free_kib", Described("Total amount of free memory", _KIB)),
        (r"memory_total_kib", Described("Total amount of memory in use", _KIB)),
        (r"memory_reclaimed", Described("Memory reclaimed by squeezing", _BYTES)),
        (r"memory_reclaimed_max", Described("Memory that could be reclaimed by squeezing", _BYTES)),
        (r"pif_aggr_rx", Described("Bytes per second received on all physical interfaces", _RATE, "DERIVE")),
        (r"pif_aggr_tx", Described("Bytes per second sent on all physical interfaces", _RATE, "DERIVE")),
        (r"pif_(.+)_rx", Described(r"Bytes per second received on physical interface \1", _RATE, "DERIVE")),
        (r"pif_(.+)_tx", Described(r"Bytes per second sent on physical interface \1", _RATE, "DERIVE")),
        (
            r"pif_(.+)_(rx|tx)_errors",
            Described(r"Errors per second on physical interface \1, \2", "err/s", "DERIVE", standard=False),
        ),
        (r"pool_session_count", Described("Number of sessions", "sessions")),
        (
            r"pool_session_creation_rate",
            Described("Number of sessions created per second", "sessions/s", "DERIVE"),
        ),
        (r"pool_task_count", Described("Number of tasks", "tasks")),
        (
            r"pool_vgpu_migration_rate",
            Described("Number of vGPU migrations occurred per second", "migrations/s", "ABSOLUTE"),
        ),
        (r"xapi_allocation_kib", Described("Memory allocation done by the xapi daemon", _KIB, "DERIVE")),
        (r"xapi_free_memory_kib", Described("Free memory available to the xapi daemon", _KIB)),
        (r"xapi_live_memory_kib", Described("Live memory used by xapi daemon", _KIB)),
        (r"xapi_memory_usage_kib", Described("Total memory allocated used by xapi daemon", _KIB)),
        (r"xapi_open_fds", Described("Number of open file descriptors held by xapi", "", standard=False)),
        (r"(read|write)_latency_(\w{8})", Described(r"Average \1 latency of SR \2", _MICROSECONDS)),
        (r"latency_(\w{8})", Described(r"Average latency of SR \1", _MICROSECONDS)),
        (r"(read|write)_(\w{8})", Described(r"\1 throughput of SR \2 in bytes per second", _RATE, "DERIVE")),
        (r"io_throughput_(\w+)_(\w{8})", Described(r"Data moved to and from SR \2, \1", "MiB/s")),
        (r"iops_(\w+)_(\w{8})", Described(r"Requests to SR \2 per second, \1", "requests/s")),
        (r"iowait_(\w{8})", Described(r"I/O wait of SR \1", "s/s")),
        (r"(?:inflight|avgqu_sz)_(\w{8})", Described(r"Requests of SR \1 under way", "requests")),
        (r"sr_(.+)_cache_size", Described(r"Size in bytes of the cache SR \1", _BYTES)),
        (r"sr_(.+)_cache_(hits|misses)", Described(r"\2 of the cache SR \1 per second", "requests/s", "DERIVE")),
        (r"Tapdisks_in_low_memory_mode", Described("Tapdisks in low memory mode", "(count)")),
        (r"DCMI-power-reading", Described("Power consumption", "W")),
        (r"(.+)/latency", Described(r"Interval between the last two heartbeats: \1", "s", standard=False)),
    ),
    "sr": (),
}


@lru_cache(4096)
def describe(owner: str, name: str) -> Described:
    """What is known of a source of a `vm`, `host` or `sr`; of one that nobody knows as little as a plugin need say."""
    for pattern, described in _KNOWN[owner]:
        found = re.fullmatch(pattern, name)
        if found:
            words = found.expand(described.words)
            return Described(words, described.units, described.kind, described.most, described.standard)
    return Described("", "", standard=False)
