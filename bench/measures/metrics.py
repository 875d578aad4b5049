"""Metrics: what it costs to keep every number of 10,000 VMs warm, and to answer from them."""

import time
from collections.abc import Iterator
from typing import Final

import msgspec

from bench.lab import Lab, cpu_of, settle
from bench.report import Row, percent
from bench.service import Service

STEADY_S: Final = 30.0
FILL_S: Final = 120.0
MOST_SHARE: Final = 0.2
MOST_BYTES: Final = 350 * 1024 * 1024
ONE_MS: Final = 3.0
BATCH_MS: Final = 150.0
TOP_MS: Final = 5.0
BATCH: Final = 1_000
ONES: Final = 200
BATCHES: Final = 10
TOPS: Final = 100
OPENMETRICS: Final = "/rest/v0/metrics/openmetrics"


class _Condition(msgspec.Struct, rename="camel"):
    state: str
    sources: int
    vms: int
    requests: int


def metrics(lab: Lab) -> Iterator[Row]:
    """Steady polling, memory, and the questions that are asked most."""
    bare = lab.service.rss()
    service = lab.start(metrics=True)
    service.sign_in()
    before = service.cpu_s()
    service.act(service.add(lab.pool), "connect")
    conditions = _filled(service)
    sources, vms = sum(one.sources for one in conditions), sum(one.vms for one in conditions)
    settle(service, limit_s=10.0)
    yield Row(
        f"the first fill: {sources:,} data sources of {vms:,} running VMs and {len(conditions)} hosts",
        "",
        "10 minutes and 2 hours of each",
        cpu=f"{service.cpu_s() - before:.1f} s, with the connection",
    )
    began, before = time.monotonic(), service.cpu_s()
    time.sleep(lab.seconds(STEADY_S))
    share = (service.cpu_s() - before) / (time.monotonic() - began)
    yield Row("polling every 5 s", "under a fifth of a core", percent(share), reached=share < MOST_SHARE)
    grown = service.rss() - bare
    yield Row(
        "memory, beside the inventory's",
        f"under {MOST_BYTES >> 20} MiB",
        f"{grown >> 20} MiB ({grown / max(1, sources):.0f} bytes a data source); {service.rss() >> 20} MiB in all",
        reached=grown < MOST_BYTES,
    )
    yield from _answers(lab, service, share)


def _answers(lab: Lab, service: Service, idle: float) -> Iterator[Row]:
    wire = service.wire()
    running = msgspec.convert(
        wire.get("/rest/v0/vms?fields=id&filter=power_state:=Running&limit=1100").json(), list[dict[str, str]]
    )
    one = running[len(running) // 2]["id"]
    questions = (
        ("all statistics of one VM", f"/rest/v0/vms/{one}/stats", ONES, ONE_MS),
        (
            f"CPU, memory and network of {BATCH:,} VMs, 10 minutes",
            f"/rest/v0/vms/stats?metrics=cpu,memoryUsed,network&limit={BATCH}&filter=power_state:%3DRunning",
            BATCHES,
            BATCH_MS,
        ),
        ("the 10 VMs with the most CPU, of all", "/rest/v0/metrics/top?metric=cpu&limit=10", TOPS, TOP_MS),
        (
            "all VMs sorted by CPU, the first 25",
            "/rest/v0/vms?fields=name_label,metrics.cpu&sort=-metrics.cpu&limit=25",
            BATCHES,
            None,
        ),
        (
            "VMs with CPU over 80 %",
            "/rest/v0/vms?fields=name_label,metrics.cpu&filter=metrics.cpu:%3E80",
            BATCHES,
            None,
        ),
        ("OpenMetrics of everything, as gzip", OPENMETRICS, 2, None),
    )
    for what, path, times, most_ms in questions:
        size = 0

        def ask(path: str = path) -> None:
            nonlocal size
            # 70 MB without it
            answer = wire.get(path, headers="accept-encoding: gzip\r\n" if path == OPENMETRICS else "")
            if answer.status != 200:
                raise RuntimeError(answer.body[:300].decode())
            size = len(answer.body)

        ask()
        began = time.monotonic()
        count = lab.repeats(times)
        cpu_s = cpu_of(service, ask, count)
        took_s = (time.monotonic() - began) / count
        cpu_ms = max(0.0, (cpu_s - idle * took_s)) * 1e3
        yield Row(
            what,
            "" if most_ms is None else f"{most_ms:g} ms of CPU",
            f"{took_s * 1e3:.1f} ms, {size / 1024:,.0f} KiB",
            cpu=f"{cpu_ms:.2f} ms",
            reached=None if most_ms is None else cpu_ms < most_ms,
        )
    wire.close()


def _filled(service: Service) -> list[_Condition]:
    """Once every host has told everything."""
    wire = service.wire()
    end = time.monotonic() + FILL_S
    while True:
        found = msgspec.convert(wire.get("/rest/v0/metrics/hosts").json(), list[_Condition])
        if found and all(one.state == "live" and one.requests >= 3 for one in found):
            wire.close()
            return found
        if time.monotonic() > end:
            raise RuntimeError(f"the hosts have not told everything within {FILL_S:.0f} s: {found}")
        time.sleep(0.5)
