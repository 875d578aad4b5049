"""The live stream: how old a change is when a client has it, for one client and for many."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import msgspec

from bench.lab import Lab, percentile
from bench.load import Seen
from bench.pool import STAMP
from bench.process import Process
from bench.report import Row, ms

FIELDS: Final = "id,name_label,name_description,power_state"
SOME: Final = f"/rest/v0/events?collections=VM&fields={FIELDS}&snapshot=false"
WHOLE: Final = "/rest/v0/events?collections=VM&snapshot=false"
WATCHED: Final = 50
WARM_S: Final = 2.0
SETTLE_S: Final = 2.0
ONE_S: Final = 20.0
CROWD_S: Final = 15.0
CALM, STORM = 100, 2_000
P50_S, P99_S, STORM_P99_S = 0.005, 0.040, 0.300
STORM_CPU_S: Final = 0.1
"""For 1,000 changes."""
MOST_GROWTH: Final = 32 * 1024 * 1024
"""Memory that is still called flat: the ring of recent changes has this bound."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """So many clients, and what they may cost."""

    clients: int
    p99_s: float
    cores: float


CROWDS: Final = (Crowd(100, 0.150, 0.15), Crowd(500, 0.400, 0.5), Crowd(2_000, 2.0, 1.0))


@dataclass(frozen=True, slots=True)
class Watched:
    """What some clients saw while the pool changed at a steady rate."""

    seen: Seen
    seconds: float
    cpu_s: float
    """Of the service."""
    grown: int
    """Bytes of memory that the service took meanwhile."""
    wrong: int
    """Objects whose last state did not arrive, or not as it is in the pool."""

    def delay(self, share: float) -> float:
        return percentile(self.seen.delays, share)

    def pool_delay(self, share: float) -> float:
        return percentile(self.seen.pool_delays, share)

    @property
    def cores(self) -> float:
        return self.cpu_s / self.seconds


def stream(lab: Lab) -> Iterator[Row]:
    """One client, at a usual rate and in a storm."""
    calm = watch(lab, rate=CALM, seconds=lab.seconds(ONE_S))
    p50, p99 = calm.delay(0.5) - calm.pool_delay(0.5), calm.delay(0.99) - calm.pool_delay(0.99)
    yield Row(
        f"change in the pool to SSE frame, {CALM} changes/s",
        "p50 under 5 ms, p99 under 40 ms beyond the pool's own delay",
        f"p50 {ms(calm.delay(0.5))}, p99 {ms(calm.delay(0.99))}; "
        f"beyond the pool's own ({ms(calm.pool_delay(0.5))}, {ms(calm.pool_delay(0.99))}): {ms(p50)}, {ms(p99)}",
        cpu=f"{calm.cores:.3f} cores",
        reached=p50 < P50_S and p99 < P99_S and not calm.wrong,
    )
    storm = watch(lab, rate=STORM, seconds=lab.seconds(ONE_S))
    per_thousand = storm.cpu_s / (storm.seconds * STORM / 1000)
    beyond = storm.delay(0.99) - storm.pool_delay(0.99)
    yield Row(
        f"the same at {STORM:,} changes/s",
        "p99 under 300 ms, under 0.1 s of CPU per 1,000 changes, every last state arrives",
        f"p50 {ms(storm.delay(0.5))}, p99 {ms(storm.delay(0.99))} (the pool's own: {ms(storm.pool_delay(0.5))}, "
        f"{ms(storm.pool_delay(0.99))}; beyond it {ms(beyond)}); {storm.wrong or 'no'} last states wrong "
        f"of {len(storm.seen.last):,}",
        cpu=f"{per_thousand:.3f} s per 1,000",
        reached=storm.delay(0.99) < STORM_P99_S and per_thousand < STORM_CPU_S and not storm.wrong,
    )


def crowd(lab: Lab) -> Iterator[Row]:
    """Many clients at a usual rate."""
    for one in CROWDS:
        yield _crowd(lab, one, SOME, "", promised=True)
    yield _crowd(lab, CROWDS[0], WHOLE, ", whole objects", promised=False)


def _crowd(lab: Lab, one: Crowd, path: str, what: str, *, promised: bool) -> Row:
    found = watch(lab, rate=CALM, seconds=lab.seconds(CROWD_S), clients=one.clients, path=path)
    seen = found.seen
    good = (
        found.delay(0.99) < one.p99_s
        and found.cores <= one.cores
        and not (seen.closed or seen.behind or found.wrong)
        and found.grown < MOST_GROWTH
    )
    reach = f"p99 under {ms(one.p99_s)}, at most {one.cores} cores, nobody dropped, memory flat" if promised else ""
    return Row(
        f"{one.clients:,} SSE clients at {CALM} changes/s{what}",
        reach,
        f"p50 {ms(found.delay(0.5))}, p99 {ms(found.delay(0.99))} (the pool's own: {ms(found.pool_delay(0.5))}, "
        f"{ms(found.pool_delay(0.99))}); {seen.closed or 'none'} dropped, {seen.behind or 'none'} behind; memory "
        f"{found.grown / 2**20:+.0f} MiB; {seen.frames / found.seconds:,.0f} frames/s",
        cpu=f"{found.cores:.2f} cores",
        reached=good if promised else None,
    )


def watch(lab: Lab, *, rate: float, seconds: float, clients: int = 1, path: str = SOME) -> Watched:
    """Let the pool change, and measure for some seconds once everything runs."""
    service, pool = lab.service, lab.pool
    with Process(
        "-m", "bench.load", "sse", "--port", str(service.port), "--path", path, "--auth", service.auth, "--clients",
        str(clients), "--watch", str(WATCHED), "--pool-port", str(pool.port),
    ) as load:  # fmt: skip
        load.line()
        pool.churn(rate, kinds=[STAMP])
        try:
            time.sleep(WARM_S)
            load.tell("reset")
            load.line()
            began, cpu, rss = time.monotonic_ns(), service.cpu_s(), service.rss()
            time.sleep(seconds)
            took_s = (time.monotonic_ns() - began) / 1e9
            cpu_s, grown = service.cpu_s() - cpu, service.rss() - rss
        finally:
            pool.churn(0)
        time.sleep(SETTLE_S)
        load.tell("stop")
        seen = msgspec.json.decode(load.line(), type=Seen)
    return Watched(seen, took_s, cpu_s, grown, _wrong(pool.descriptions(), seen.last, began))


def _wrong(truth: dict[str, str], last: dict[str, str], began: int) -> int:
    missing = sum(
        key not in last and int(text.removeprefix("stamp ")) > began
        for key, text in truth.items()
        if text.startswith("stamp ")
    )
    return missing + sum(truth.get(key) != text for key, text in last.items())
