"""Starting again where another process left off."""

import time
from collections.abc import Iterator
from typing import Final

import msgspec

from bench.lab import Lab, median
from bench.measures.connect import bare_client
from bench.pool import VMS
from bench.report import Row, ms, times
from bench.service import Service

RUNS: Final = 5
FIRST_S: Final = 1.5
LIVE_RATIO: Final = 2.0
LIMIT_S: Final = 60.0


def start(lab: Lab) -> Iterator[Row]:
    """The data directory of the service that was measured so far, started again and again."""
    service = lab.service
    firsts, alls, lives, cpus, floors = [], [], [], [], []
    for _ in range(lab.repeats(RUNS)):
        floors.append(bare_client(lab.pool.url).wall_s)
        token = service.token
        service.stop()
        service = lab.start(service.data_dir)
        service.token = token
        cpus.append(service.cpu_s())
        firsts.append(service.first_answer_s)
        if service.count("vms") != VMS:
            raise RuntimeError("not every VM is there after a restart")
        alls.append(time.perf_counter() - service.began)
        lives.append(_live(service) - service.first_answer_s)
        lab.keep(service)
    first_s, all_s, live_s, floor_s = median(firsts), median(alls), median(lives), median(floors)
    yield Row(
        "process start to first answer, all VMs from the last-known state",
        "1.5 s",
        f"{ms(first_s)}; counted {ms(all_s)}",
        cpu=ms(median(cpus)),
        reached=all_s <= FIRST_S,
    )
    yield Row(
        "from there to live again",
        "at most 2 times a bare client",
        ms(live_s),
        times(live_s / floor_s),
        reached=live_s <= LIVE_RATIO * floor_s,
    )


def _live(service: Service) -> float:
    """Seconds from the start of the process until its pool is connected."""
    wire = service.wire()
    while True:
        servers = msgspec.convert(wire.get("/rest/v0/servers?fields=state").json(), list[dict[str, str]])
        now = time.perf_counter() - service.began
        if any(server["state"] == "connected" for server in servers):
            wire.close()
            return now
        if now > LIMIT_S:
            raise RuntimeError("the pool is not connected after a restart")
        time.sleep(0.02)
