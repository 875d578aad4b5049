"""The names under which data sources leave for Prometheus: those of Xen Orchestra's exporter, so that dashboards fit.

Its rates are called `..._bytes_total` and declared as counters; what a host measures is bytes a second, so they are
gauges here: `rate()` of them would be nonsense. It knows disks `xvd?` only; here every device has its series.
"""

import re
from functools import lru_cache
from typing import Final, NamedTuple

from podium.services.exporter.exposition import Family

KIB: Final = 1024.0
MIB: Final = 1024.0 * 1024.0
MICRO: Final = 1e-6


class Rule(NamedTuple):
    """Data sources whose whole name `pattern` matches, times `factor`; their group is the value of `label`."""

    pattern: re.Pattern[str]
    family: Family
    factor: float
    label: str


class Placed(NamedTuple):
    """One data source of an object: its name, what its value is multiplied by, and a label of its own ("" for none)."""

    source: str
    factor: float
    label: str
    value: str


def _rule(pattern: str, name: str, words: str, factor: float = 1.0, label: str = "") -> Rule:
    return Rule(re.compile(pattern), Family(f"xcp_{name}", words), factor, label)


_SR: Final = "([0-9a-f]{8})"
_PIF: Final = "pif_(?!aggr)(.+)"
_VBD: Final = "vbd_([^_]+)"

HOST_RULES: Final = (
    _rule("loadavg", "host_load_average", "Load average of the control domain"),
    _rule("memory_free_kib", "host_memory_free_bytes", "Free memory in bytes", KIB),
    _rule("memory_total_kib", "host_memory_total_bytes", "Memory in bytes", KIB),
    _rule("cpu_avg", "host_cpu_average", "CPU use of all cores, 0 to 1"),
    _rule(r"cpu(\d+)", "host_cpu_core_usage", "CPU use of a core, 0 to 1", label="core"),
    _rule("pif_aggr_rx", "host_network_aggregated_receive_bytes", "Bytes received per second, all interfaces"),
    _rule("pif_aggr_tx", "host_network_aggregated_transmit_bytes", "Bytes sent per second, all interfaces"),
    _rule(f"{_PIF}_rx", "host_network_receive_bytes_total", "Bytes received per second", label="interface"),
    _rule(f"{_PIF}_tx", "host_network_transmit_bytes_total", "Bytes sent per second", label="interface"),
    _rule(f"iops_read_{_SR}", "host_disk_iops_read", "Reads per second", label="sr"),
    _rule(f"iops_write_{_SR}", "host_disk_iops_write", "Writes per second", label="sr"),
    _rule(f"iops_total_{_SR}", "host_disk_iops_total", "Requests per second", label="sr"),
    _rule(f"io_throughput_read_{_SR}", "host_disk_throughput_read_bytes", "Bytes read per second", MIB, "sr"),
    _rule(f"io_throughput_write_{_SR}", "host_disk_throughput_write_bytes", "Bytes written per second", MIB, "sr"),
    _rule(f"io_throughput_total_{_SR}", "host_disk_throughput_total_bytes", "Bytes per second", MIB, "sr"),
    _rule(f"read_latency_{_SR}", "host_disk_read_latency_seconds", "Seconds that a read takes", MICRO, "sr"),
    _rule(f"write_latency_{_SR}", "host_disk_write_latency_seconds", "Seconds that a write takes", MICRO, "sr"),
    _rule(f"latency_{_SR}", "host_disk_latency_seconds", "Seconds that a request takes", MICRO, "sr"),
    _rule(f"iowait_{_SR}", "host_disk_iowait", "Seconds per second that requests wait", label="sr"),
    _rule("DCMI-power-reading", "host_power_consumption_watts", "Electric power in watts"),
    _rule("hostload", "host_load", "vCPUs that run or could run, per CPU"),
    # bytes already (PROTOCOL.md 8.3)
    _rule("memory_reclaimed", "host_memory_reclaimed_bytes", "Memory taken back from VMs, in bytes"),
    _rule("memory_reclaimed_max", "host_memory_reclaimed_max_bytes", "Memory that could be taken back, in bytes"),
    _rule("running_vcpus", "host_running_vcpus", "vCPUs that run"),
)
VM_RULES: Final = (
    _rule("memory", "vm_memory_bytes", "Memory allocated, in bytes"),
    _rule("memory_internal_free", "vm_memory_internal_free_bytes", "Free memory as the guest sees it, in bytes", KIB),
    _rule("memory_target", "vm_memory_target_bytes", "Memory that the VM is meant to have, in bytes"),
    _rule("cpu_usage", "vm_cpu_usage", "CPU use of all vCPUs, 0 to 1"),
    _rule(r"cpu(\d+)", "vm_cpu_core_usage", "CPU use of a vCPU, 0 to 1", label="core"),
    *(
        _rule(f"runstate_{state}", f"vm_runstate_{state}", f"Share of the time in the state {state.replace('_', ' ')}")
        for state in (
            "fullrun", "full_contention", "partial_run", "partial_contention", "concurrency_hazard", "blocked",
        )
    ),
    _rule(r"vif_(\d+)_rx", "vm_network_receive_bytes_total", "Bytes received per second", label="vif"),
    _rule(r"vif_(\d+)_tx", "vm_network_transmit_bytes_total", "Bytes sent per second", label="vif"),
    _rule(r"vif_(\d+)_rx_errors", "vm_network_receive_errors_total", "Receive errors per second", label="vif"),
    _rule(r"vif_(\d+)_tx_errors", "vm_network_transmit_errors_total", "Transmit errors per second", label="vif"),
    _rule(f"{_VBD}_read", "vm_disk_read_bytes_total", "Bytes read per second", label="device"),
    _rule(f"{_VBD}_write", "vm_disk_write_bytes_total", "Bytes written per second", label="device"),
    _rule(f"{_VBD}_iops_read", "vm_disk_iops_read", "Reads per second", label="device"),
    _rule(f"{_VBD}_iops_write", "vm_disk_iops_write", "Writes per second", label="device"),
    _rule(f"{_VBD}_iops_total", "vm_disk_iops_total", "Requests per second", label="device"),
    _rule(f"{_VBD}_read_latency", "vm_disk_read_latency_seconds", "Seconds that a read takes", MICRO, "device"),
    _rule(f"{_VBD}_write_latency", "vm_disk_write_latency_seconds", "Seconds that a write takes", MICRO, "device"),
    _rule(f"{_VBD}_latency", "vm_disk_latency_seconds", "Seconds that a request takes", MICRO, "device"),
    _rule(f"{_VBD}_io_throughput_read", "vm_disk_throughput_read_bytes", "Bytes read per second", MIB, "device"),
    _rule(f"{_VBD}_io_throughput_write", "vm_disk_throughput_write_bytes", "Bytes written per second", MIB, "device"),
    _rule(f"{_VBD}_io_throughput_total", "vm_disk_throughput_total_bytes", "Bytes per second", MIB, "device"),
    _rule(f"{_VBD}_iowait", "vm_disk_iowait", "Seconds per second that requests wait", label="device"),
    _rule(f"{_VBD}_inflight", "vm_disk_inflight", "Requests under way", label="device"),
    _rule(f"{_VBD}_avgqu_sz", "vm_disk_queue_size", "Requests that wait, on average", label="device"),
)  # fmt: skip
_RULES: Final = {"host": HOST_RULES, "vm": VM_RULES}
FAMILIES: Final = {kind: tuple(dict.fromkeys(rule.family for rule in rules)) for kind, rules in _RULES.items()}
"""By kind, in the order in which they leave."""


@lru_cache(maxsize=8_192)
def places(kind: str, sources: tuple[str, ...]) -> dict[Family, tuple[Placed, ...]]:
    """Of an object with those data sources, which of them belong to which family. Objects alike share the answer."""
    found: dict[Family, list[Placed]] = {}
    for source in sources:
        placed = _placed(kind, source)
        if placed is not None:
            found.setdefault(placed[0], []).append(placed[1])
    return {family: tuple(those) for family, those in found.items()}


@lru_cache(maxsize=16_384)
def _placed(kind: str, source: str) -> tuple[Family, Placed] | None:
    for rule in _RULES[kind]:
        match = rule.pattern.fullmatch(source)
        if match is not None:
            value = match[1] if rule.label else ""
            return rule.family, Placed(source, rule.factor, rule.label, value)
    return None
