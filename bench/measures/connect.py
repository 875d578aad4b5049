"""Connecting: how long until everything is served, and what it weighs."""

import time
from collections.abc import Iterator
from typing import Final

import msgspec

from bench.bare_client import Cost
from bench.lab import Lab, median
from bench.pool import VMS
from bench.process import Process
from bench.report import Row, ms, times

RUNS: Final = 5
MEMORY_AFTER_S: Final = 30.0
MOST_RATIO: Final = 2.0
MOST_KIB: Final = 2.5


def connect(lab: Lab) -> Iterator[Row]:
    """A new service each time, and a bare client before each."""
    pool = lab.pool
    floors: list[Cost] = []
    walls, cpus, idles = [], [], []
    for _ in range(lab.repeats(RUNS)):
        floors.append(bare_client(pool.url))
        service = lab.start()
        service.sign_in()
        server = service.add(pool)
        time.sleep(0.5)
        idles.append(service.rss())
        before = service.cpu_s()
        walls.append(service.act(server, "connect"))
        cpus.append(service.cpu_s() - before)
        if service.count("vms") != VMS:
            raise RuntimeError("not every VM is served")
        lab.keep(service)
    connected = time.monotonic()
    floor_s = median([one.wall_s for one in floors])
    floor_cpu_s = median([one.cpu_s for one in floors])
    wall_s, cpu_s = median(walls), median(cpus)
    yield Row("a bare client: fetch and decode", "", ms(floor_s), "1", f"{ms(floor_cpu_s)} (its own)")
    yield Row(
        "connect to complete inventory served",
        "at most 2 times a bare client",
        ms(wall_s),
        times(wall_s / floor_s),
        f"{ms(cpu_s)}, {times(cpu_s / floor_cpu_s)} of the floor's",
        wall_s / floor_s <= MOST_RATIO,
    )
    time.sleep(max(0.0, connected + lab.seconds(MEMORY_AFTER_S) - time.monotonic()))
    grown = (lab.service.rss() - idles[-1]) / 1024 / pool.objects
    yield Row(
        f"memory, {MEMORY_AFTER_S:.0f} s after connecting",
        "at most 2.5 KiB per object of the pool above the idle process",
        f"{grown:.2f} KiB ({lab.service.rss() / 2**20:.0f} MiB in all, idle {idles[-1] / 2**20:.0f} MiB)",
        reached=grown <= MOST_KIB,
    )


def bare_client(url: str) -> Cost:
    """One run of the floor, in a process of its own."""
    with Process("-m", "bench.bare_client", url) as process:
        return msgspec.json.decode(process.line(), type=Cost)
