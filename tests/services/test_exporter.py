"""A scrape of a large pool leaves the others their turns, whoever reads it, and is whole in whatever it is cut."""

import asyncio
import gc
import time
from collections.abc import Iterable, Iterator, Mapping

import pytest

from podium.model.pool import Pool
from podium.services.access import Viewer
from podium.services.dashboards.counters import Counters
from podium.services.exporter.exporter import Exporter
from podium.services.exporter.exposition import Family, escaped, pairs
from tests.api.test_openmetrics import of, parsed
from tests.services.test_counters import ADMIN, SomeOf, cache, made, vm

NAMES = ("cpu0", "cpu1", "memory", "vif_0_rx", "vbd_xvda_read", "vbd_xvda_iops_read", "vbd_xvda_latency")
VMS = 3_000


class Steady:
    """Every VM measures the same."""

    def __init__(self, ids: Iterable[str]) -> None:
        self._ids = list(ids)

    def sources(self, kind: str) -> Iterable[tuple[str, Mapping[str, float]]]:
        if kind == "VM":
            for vm_id in self._ids:
                yield vm_id, dict.fromkeys(NAMES, 0.5)


def exporter(vms: int, pools: tuple[str, ...] = ("p1",)) -> Exporter:
    objects, hub = cache()
    ids = []
    for pool in pools:
        objects.apply(pool, [made(Pool, pool, pool, name_label=f"pool {pool}", cpus={})])
        objects.apply(pool, [vm(f"{pool}-{number}", pool, "Running", 2) for number in range(vms)])
        ids += [f"{pool}-{number}" for number in range(vms)]
    return Exporter(objects, Counters(objects, hub), Steady(ids), lambda: ())


async def text(exporting: Exporter, viewer: Viewer = ADMIN) -> str:
    return b"".join([piece async for piece in exporting.text(viewer, "openmetrics")]).decode()


@pytest.fixture
def no_collector() -> Iterator[None]:
    """Its pauses are not the exporter's."""
    gc.disable()
    yield
    gc.enable()


async def test_others_get_their_turn(no_collector: None) -> None:
    """Somebody who always has something to do waits for a small part of the scrape only (processor time)."""
    exporting = exporter(VMS)
    await text(exporting)  # what is made once is made
    longest, done = 0.0, False

    async def busy() -> None:
        nonlocal longest
        while not done:
            began = time.thread_time()
            await asyncio.sleep(0)
            longest = max(longest, time.thread_time() - began)

    other = asyncio.create_task(busy())
    await asyncio.sleep(0)
    longest, began = 0.0, time.thread_time()
    found = await text(exporting)
    took = time.thread_time() - began
    done = True
    await other
    assert longest < took / 4
    assert len(parsed(found)) > VMS * len(NAMES)


async def test_a_viewer_of_one_pool_hears_of_no_other() -> None:
    exporting = exporter(3, pools=("p1", "p2"))
    everything = await text(exporting)
    assert {one.labels["pool_id"] for one in of(parsed(everything), "xcp_vm_cpu_usage")} == {"p1", "p2"}
    found = await text(exporting, Viewer("u", SomeOf("p1"), is_admin=False))
    assert "p2" not in found
    samples = parsed(found)
    assert len(of(samples, "xcp_vm_cpu_usage", pool_name="pool p1")) == 3
    assert of(samples, "xo_vm_total")[0].value == 3


def test_labels_that_are_odd() -> None:
    assert pairs((("a", ""), ("b", None), ("c", 0), ("d", "x"))) == 'c="0",d="x"'
    assert escaped('a"b\\c\nd') == 'a\\"b\\\\c\\nd'
    assert escaped("\ud800é").encode() == b"?\xc3\xa9"


def test_a_counter_is_called_as_each_format_wants() -> None:
    family = Family("x_total", "Words", "counter")
    assert family.head("openmetrics") == "# HELP x Words\n# TYPE x counter\n"
    assert family.head("prometheus") == "# HELP x_total Words\n# TYPE x_total counter\n"
