"""Measurements are cheap: bounds as ratios, in seconds of this process and not of the clock."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from time import thread_time

import pytest

from tests.xensim.rrds import NOON
from xensim import graph
from xensim.clock import Clock
from xensim.pool import Pool
from xensim.rrd.statistics import Ask

VMS = 1430  # of which 1,000 run


@pytest.fixture(scope="module")
def crowded() -> Pool:
    pool = Pool(clock=Clock(lambda: NOON))
    graph.build(pool, hosts=1, vms=VMS, seed=1)
    return pool


def _quickest(times: int, work: Callable[[], object]) -> float:
    found = []
    for _ in range(times):
        started = thread_time()
        work()
        found.append(thread_time() - started)
    return min(found)


async def _row(pool: Pool) -> bytes:
    ask = Ask(start=int(NOON) - 5, host=True)
    return b"".join(await pool.statistics.updates(pool.coordinator, ask, "json"))


async def test_a_row_costs_little_more_than_writing_its_numbers(crowded: Pool) -> None:
    document = json.loads(await _row(crowded))
    assert document["meta"]["rows"] == "1"
    numbers = [float(value) for value in document["data"][0]["values"]]
    assert len(numbers) > 28_000
    written = _quickest(5, lambda: ",".join([f'"{value:.15g}"' for value in numbers]))
    found = []
    for _ in range(5):
        started = thread_time()
        await _row(crowded)
        found.append(thread_time() - started)
    assert min(found) < 4 * written


async def test_a_change_costs_less_than_putting_everything_together(crowded: Pool) -> None:
    roster = crowded.statistics.roster
    await _row(crowded)
    vms = [member.ref for member in roster.household(crowded.coordinator).members[1:6]]

    def change() -> None:
        vm = vms.pop()
        state = crowded.db.field("VM", vm, "power_state")
        crowded.db.set("VM", vm, power_state="Paused" if state == "Running" else "Running")
        roster.household(crowded.coordinator)

    def anew() -> None:
        roster._members.clear()
        roster._households.clear()
        roster.household(crowded.coordinator)

    assert _quickest(3, change) < _quickest(2, anew) / 3


async def test_long_answers_leave_others_their_turn(crowded: Pool) -> None:
    """While two hours of every VM are put together, nothing else waits for more than a small part of it."""
    waits: list[float] = []

    async def others() -> AsyncIterator[None]:
        while True:
            started = thread_time()
            await asyncio.sleep(0)
            waits.append(thread_time() - started)
            yield

    async def listen() -> None:
        async for _ in others():
            pass

    listener = asyncio.create_task(listen())
    started = thread_time()
    pieces = await crowded.statistics.updates(crowded.coordinator, Ask(int(NOON) - 7100, 60, host=True), "json")
    whole = thread_time() - started
    listener.cancel()
    assert sum(map(len, pieces)) > 30_000_000
    assert max(waits) < whole / 8
