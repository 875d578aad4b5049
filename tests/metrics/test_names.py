"""Every name of ANCHOR.md 5 with its transform, and the devices that Xen Orchestra loses."""

import pytest

from podium.metrics.layout import Kind
from podium.metrics.names import ROOTS, named

MIB = 1024 * 1024
HOST = {
    "loadavg": ("load", 1),
    "hostload": ("hostload", 1),
    "running_vcpus": ("runningVcpus", 1),
    "memory_total_kib": ("memory", 1024),
    "memory_free_kib": ("memoryFree", 1024),
    "memory_reclaimed": ("memoryReclaimed", 1024),
    "memory_reclaimed_max": ("memoryReclaimedMax", 1024),
    "cpu0": ("cpus.0", 100),
    "cpu17": ("cpus.17", 100),
    "pif_eth0_rx": ("pifs.rx.0", 1),
    "pif_eth12_tx": ("pifs.tx.12", 1),
    "pif_bond0_rx": ("pifs.rx.bond0", 1),
    "pif_aggr_rx": ("pifsAggr.rx", 1),
    "pif_aggr_tx": ("pifsAggr.tx", 1),
    "iops_read_0123abcd": ("iops.r.0123abcd", 1),
    "iops_write_0123abcd": ("iops.w.0123abcd", 1),
    "iops_total_0123abcd": ("iops.total.0123abcd", 1),
    "io_throughput_read_0123abcd": ("ioThroughput.r.0123abcd", MIB),
    "io_throughput_write_0123abcd": ("ioThroughput.w.0123abcd", MIB),
    "io_throughput_total_0123abcd": ("ioThroughput.total.0123abcd", MIB),
    "read_latency_0123abcd": ("latency.r.0123abcd", 1e-3),
    "write_latency_0123abcd": ("latency.w.0123abcd", 1e-3),
    "latency_0123abcd": ("latency.total.0123abcd", 1e-3),
    "iowait_0123abcd": ("iowait.0123abcd", 1),
    # Xen Orchestra has no names for these
    "cpu_avg": None,
    "cpu0-C1": None,
    "read_0123abcd": None,
    "pif_eth0_rx_errors": None,
    "xapi_open_fds": None,
}
VM = {
    "cpu0": ("cpus.0", 100),
    "cpu_usage": ("cpuUsage", 100),
    "memory": ("memory", 1),
    "memory_internal_free": ("memoryFree", 1024),
    "memory_target": ("memoryTarget", 1),
    "runstate_fullrun": ("runstateFullrun", 100),
    "runstate_full_contention": ("runstateFullContention", 100),
    "runstate_partial_run": ("runstatePartialRun", 100),
    "runstate_partial_contention": ("runstatePartialContention", 100),
    "runstate_concurrency_hazard": ("runstateConcurrencyHazard", 100),
    "runstate_blocked": ("runstateBlocked", 100),
    "vif_0_rx": ("vifs.rx.0", 1),
    "vif_11_tx": ("vifs.tx.11", 1),
    "vif_0_rx_errors": ("vifErrors.rx.0", 1),
    "vbd_xvda_read": ("xvds.r.a", 1),
    "vbd_xvdb_write": ("xvds.w.b", 1),
    "vbd_hda_read": ("xvds.r.hda", 1),
    "vbd_xvdaa_read": ("xvds.r.xvdaa", 1),
    "vbd_nvme0n1_write": ("xvds.w.nvme0n1", 1),
    "vbd_xvda_iops_read": ("iops.r.a", 1),
    "vbd_xvda_iops_write": ("iops.w.a", 1),
    "vbd_xvda_iops_total": ("iops.total.a", 1),
    "vbd_xvda_read_latency": ("vbdLatency.r.a", 1e-3),
    "vbd_xvda_write_latency": ("vbdLatency.w.a", 1e-3),
    "vbd_xvda_latency": ("vbdAvgLatency.a", 1e-3),
    "vbd_xvda_io_throughput_read": ("ioThroughput.r.a", MIB),
    "vbd_xvda_io_throughput_total": ("ioThroughput.total.a", MIB),
    "vbd_xvda_iowait": ("vbdIowait.a", 100),
    "vbd_xvda_inflight": ("vbdInflight.a", 1),
    "vbd_xvda_avgqu_sz": ("vbdAvgquSz.a", 1),
    "runnable_vcpus": None,
    "numa_nodes": None,
}


@pytest.mark.parametrize(("kind", "table"), [("host", HOST), ("vm", VM)])
def test_each_name_and_its_transform(kind: Kind, table: dict[str, tuple[str, float] | None]) -> None:
    for source, wanted in table.items():
        found = [(".".join(one.path), one.factor) for one in named(kind, (source,))]
        assert found == ([] if wanted is None else [wanted]), source


@pytest.mark.parametrize(("kind", "table"), [("host", HOST), ("vm", VM)])
def test_what_paths_begin_with_is_known(kind: Kind, table: dict[str, tuple[str, float] | None]) -> None:
    assert {wanted[0].split(".")[0] for wanted in table.values() if wanted} == ROOTS[kind]
