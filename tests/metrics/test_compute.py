"""The fleet's metrics, each computed by hand."""

import math

import numpy as np
import pytest

from podium.metrics.archive import Archive
from podium.metrics.catalog import CATALOG, FORMULAS
from podium.metrics.layout import Layout
from podium.metrics.rings import Rings, listed

NAN = math.nan


def rings(kind: str, *owners: dict[str, float]) -> Rings:
    """One row: of each owner its data sources."""
    one = Rings("host", "pool")
    names = [f"AVERAGE:{kind}:{number}:{name}" for number, owner in enumerate(owners) for name in owner]
    layout = Layout(b"legend", names)
    one.seconds.adopt(layout)
    values = np.array([value for owner in owners for value in owner.values()], np.float32)
    one.seconds.put(5, values[layout.take])
    one.changed()
    return one


def value(kind: str, metric: str, **sources: float) -> float:
    found = rings(kind, {name.replace("__", "-"): one for name, one in sources.items()}).newest(kind, metric)  # type: ignore[arg-type]
    return float(found[0][1][0]) if found else NAN


@pytest.mark.parametrize(
    ("kind", "metric", "sources", "wanted"),
    [
        ("vm", "cpu", {"cpu_usage": 0.5, "cpu0": 0.1}, 50),
        ("vm", "cpu", {"cpu0": 0.25, "cpu1": 0.75, "cpu_usage_old": 9}, 50),
        ("vm", "cpu", {"cpu0": 0.25, "cpu1": NAN}, 25),
        ("vm", "cpu", {"cpu0": NAN}, NAN),
        ("vm", "memory", {"memory": 2048, "memory_target": 9}, 2048),
        ("vm", "memoryUsed", {"memory": 4096, "memory_internal_free": 1}, 3072),
        ("vm", "memoryUsed", {"memory": 4096}, 4096),
        ("vm", "memoryUsed", {"memory": NAN, "memory_internal_free": 1}, NAN),
        ("vm", "memoryPercent", {"memory": 4096, "memory_internal_free": 1}, 75),
        ("vm", "memoryPercent", {"memory": 4096, "memory_internal_free": NAN}, NAN),
        ("vm", "memoryPercent", {"memory": 4096}, NAN),
        ("vm", "network", {"vif_0_rx": 1, "vif_0_tx": 2, "vif_1_rx": 4, "vif_0_rx_errors": 99}, 7),
        ("vm", "networkRx", {"vif_0_rx": 1, "vif_0_tx": 2, "vif_1_rx": 4}, 5),
        ("vm", "networkTx", {"vif_0_rx": 1, "vif_0_tx": 2}, 2),
        ("vm", "disk", {"vbd_xvda_read": 1, "vbd_hda_write": 2, "vbd_xvda_read_latency": 99}, 3),
        ("vm", "iops", {"vbd_xvda_iops_total": 8, "vbd_xvda_iops_read": 3}, 8),
        ("vm", "iops", {"vbd_xvda_iops_write": 2, "vbd_xvda_iops_read": 3}, 5),
        ("vm", "diskLatency", {"vbd_xvda_latency": 2000, "vbd_xvdb_latency": 4000}, 3),
        ("vm", "iowait", {"vbd_xvda_iowait": 0.5}, 50),
        ("host", "cpu", {"cpu_avg": 0.25, "cpu0": 1}, 25),
        ("host", "cpu", {"cpu0": 1, "cpu1": 0, "cpu0-P1": 77}, 50),
        ("host", "load", {"loadavg": 1.5}, 1.5),
        ("host", "memoryUsed", {"memory_total_kib": 4, "memory_free_kib": 1}, 3072),
        ("host", "memoryFree", {"memory_free_kib": 1}, 1024),
        ("host", "memoryPercent", {"memory_total_kib": 4, "memory_free_kib": 1}, 75),
        ("host", "memoryPercent", {"memory_total_kib": 0, "memory_free_kib": 0}, NAN),
        ("host", "network", {"pif_aggr_rx": 1, "pif_aggr_tx": 2, "pif_eth0_rx": 50}, 3),
        ("host", "network", {"pif_bond0_rx": 1, "pif_eth1_tx": 2}, 3),
        ("host", "diskRead", {"read_0123abcd": 5, "read_latency_0123abcd": 99}, 5),
        ("host", "diskRead", {"io_throughput_read_0123abcd": 1}, 1024 * 1024),
        ("host", "diskLatency", {"latency_0123abcd": 1000, "latency_99999999": NAN}, 1),
        ("host", "iops", {"iops_total_0123abcd": 3}, 3),
        ("host", "iowait", {"iowait_0123abcd": 0.1}, 10),
        ("vm", "cpu", {"cpu0": math.inf}, NAN),
    ],
)
def test_by_hand(kind: str, metric: str, sources: dict[str, float], wanted: float) -> None:
    found = rings(kind, sources).newest(kind, metric)  # type: ignore[arg-type]
    number = float(found[0][1][0]) if found else NAN
    assert number == pytest.approx(wanted, nan_ok=True)


def test_each_metric_of_the_catalog_has_a_formula() -> None:
    for kind, formulas in (("VM", FORMULAS["vm"]), ("host", FORMULAS["host"])):
        assert {metric.name for metric in CATALOG[kind]} == set(formulas)


def test_owners_of_every_shape_at_once() -> None:
    one = rings("vm", {"cpu_usage": 0.5}, {"cpu0": 0.1, "cpu1": 0.3}, {"memory": 1}, {"cpu_usage": NAN})
    found = {
        uuid: value for uuids, values in one.newest("vm", "cpu") for uuid, value in zip(uuids, values, strict=True)
    }
    assert set(found) == {"0", "1", "3"}
    assert found["0"] == pytest.approx(50)
    assert found["1"] == pytest.approx(20)
    assert math.isnan(found["3"])


def test_unknown_numbers_are_null() -> None:
    assert listed(np.array([1.5, NAN, math.inf, 0.0]), 2) == [3.0, None, None, 0.0]


def test_nothing_is_known_of_an_empty_archive() -> None:
    assert Rings("host", "pool").newest("vm", "cpu") == []
    assert Archive(5).count == 0
