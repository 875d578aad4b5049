"""What the service spends when nobody asks for anything."""

import time
from collections.abc import Iterator
from typing import Final

from bench.lab import Lab
from bench.report import Row, percent

SECONDS: Final = 20.0
RATE: Final = 100
MOST_IDLE, MOST_BUSY = 0.01, 0.04


def idle(lab: Lab) -> Iterator[Row]:
    """Connected and quiet; then the realistic mix of changes, without clients."""
    share = _share(lab)
    yield Row("idle with the pool connected", "under 1 % of a core", percent(share), reached=share < MOST_IDLE)
    lab.pool.churn(RATE)
    try:
        time.sleep(2)
        share = _share(lab)
    finally:
        lab.pool.churn(0)
    yield Row(f"{RATE} changes/s without clients", "under 4 % of a core", percent(share), reached=share < MOST_BUSY)


def _share(lab: Lab) -> float:
    service = lab.service
    began, before = time.monotonic(), service.cpu_s()
    time.sleep(lab.seconds(SECONDS))
    return (service.cpu_s() - before) / (time.monotonic() - began)
