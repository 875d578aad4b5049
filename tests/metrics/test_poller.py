"""Reading hosts: every point as the host has it, whatever happens to hosts, VMs, clocks and answers."""

import asyncio

import pytest

from tests.metrics.polled import Polled, polled
from tests.xensim.rrds import NOON, guests


def first(one: Polled) -> str:
    return next(iter(one.pollers))


async def test_every_point_is_what_the_host_itself_tells() -> None:
    async with polled() as one:
        for _ in range(3):
            await one.tick()
        for host in one.pollers:
            assert await one.same_as_the_hosts(host) > 10_000
            assert await one.same_as_the_hosts(host, 60) > 10_000


async def test_each_request_begins_where_the_last_row_was() -> None:
    async with polled(hosts=1) as one:
        await one.tick()
        before = len(one.doors.asked)
        end = one.archive(first(one)).end
        await one.tick()
        await one.tick()
        starts = {int(start) for start in one.doors.asked[before:]}
        assert starts <= {end, end + 5, end + 10, one.archive(first(one), 60).end}
        assert one.archive(first(one)).count >= 119


async def test_a_minute_later_the_minutes_have_one_row_more() -> None:
    async with polled(hosts=1) as one:
        host = first(one)
        end = one.archive(host, 60).end
        for _ in range(13):
            await one.tick()
        assert one.archive(host, 60).end == end + 60
        assert await one.same_as_the_hosts(host, 60)


async def test_after_a_long_sleep_everything_is_read_anew() -> None:
    async with polled(hosts=1) as one:
        one.sim.faults.rrd_fail(10_000)
        await asyncio.sleep(0.1)
        one.clock.advance(3_600)
        one.sim.faults.rrd_clear()
        await one.until(lambda: one.archive(first(one)).end >= NOON + 3_590)
        assert await one.same_as_the_hosts(first(one))


async def test_a_vm_that_starts_comes_with_its_history_and_one_that_stops_leaves() -> None:
    async with polled(hosts=1) as one:
        host = first(one)
        vm = guests(one.sim, "Halted")[0]
        uuid = str(one.sim.db.field("VM", vm, "uuid"))
        await one.caller.call("VM.start", vm, False, False)
        await one.tick(10)
        await one.until(lambda: uuid in one.archive(host).layout.by_uuid)
        await one.tick()
        assert await one.same_as_the_hosts(host, of=["vm"])
        assert one.store.find(uuid, 5) is not None
        await one.caller.call("VM.hard_shutdown", vm)
        await one.tick(10)
        await one.until(lambda: uuid not in one.archive(host).layout.by_uuid)
        assert one.store.holder(uuid) is None


async def test_a_vm_that_migrates_is_followed_with_all_its_past() -> None:
    async with polled() as one:
        vm = guests(one.sim)[0]
        uuid = str(one.sim.db.field("VM", vm, "uuid"))
        source = str(one.sim.db.field("VM", vm, "resident_on"))
        target = next(host for host in one.pollers if host != source)
        for _ in range(2):
            await one.tick()
        found = one.store.find(uuid, 5)
        assert found is not None
        assert found[0].host == one.uuid(source)
        await one.caller.call("VM.pool_migrate", vm, target, {})
        for _ in range(3):
            await one.tick()
            assert one.store.find(uuid, 5) is not None, "never nowhere"
        await one.until(lambda: one.store.holder(uuid) is one.store.rings(one.uuid(target)))
        await one.tick()
        assert await one.same_as_the_hosts(target, of=["vm"])
        assert await one.same_as_the_hosts(source, of=["vm"])


@pytest.mark.parametrize("shape", ["old", "xml"])
async def test_what_older_servers_answer_is_as_good(shape: str) -> None:
    async with polled(hosts=1, begin=False) as one:
        one.sim.faults.rrd_shape(shape)  # type: ignore[arg-type]
        host = next(iter(one.sim.db.refs("host")))
        one.begin(host)
        await one.until(lambda: one.state(host) == "live")
        await one.until(lambda: one.archive(host, 60).count > 1)
        await one.tick()
        one.sim.faults.rrd_clear()
        assert await one.same_as_the_hosts(host)
        assert await one.same_as_the_hosts(host, 60)


@pytest.mark.parametrize("fault", ["rrd_fail", "rrd_truncate", "rrd_garbage"])
async def test_an_answer_that_goes_wrong_costs_nothing(fault: str) -> None:
    async with polled(hosts=1) as one:
        await one.tick()
        getattr(one.sim.faults, fault)(1)
        await one.tick()
        await one.tick()
        assert await one.same_as_the_hosts(first(one))
        rings = one.store.rings(one.uuid(first(one)))
        assert rings is not None
        assert rings.condition.failures == 1
        assert rings.condition.state == "live"


async def test_a_host_that_answers_no_more_is_unreachable_in_words() -> None:
    async with polled(hosts=1) as one:
        host = first(one)
        one.sim.faults.rrd_fail(10_000)
        await one.until(lambda: one.state(host) == "unreachable")
        rings = one.store.rings(one.uuid(host))
        assert rings is not None
        assert "metrics are read from each host itself" in str(rings.condition.reason)
        assert "HTTP 500" in str(rings.condition.reason)
        one.sim.faults.rrd_clear()
        await one.until(lambda: one.state(host) == "live")
        assert rings.condition.reason is None


async def test_an_address_that_leads_nowhere_is_named() -> None:
    async with polled(hosts=1, begin=False) as one:
        host = next(iter(one.sim.db.refs("host")))
        one.begin(host, address="127.0.0.99")
        await one.until(lambda: one.state(host) == "unreachable")
        rings = one.store.rings(one.uuid(host))
        assert rings is not None
        assert "127.0.0.99" in str(rings.condition.reason)


async def test_a_host_that_measures_no_more_is_silent() -> None:
    async with polled(hosts=1) as one:
        host = first(one)
        one.sim.faults.rrd_freeze()
        one.clock.advance(60)
        await one.until(lambda: one.state(host) == "silent")
        one.sim.faults.rrd_clear()
        await one.until(lambda: one.state(host) == "live")
        await one.tick()
        assert await one.same_as_the_hosts(host)


async def test_archives_of_another_step_are_not_taken_for_the_right_ones() -> None:
    async with polled(hosts=1) as one:
        host = first(one)
        one.sim.faults.rrd_coarser(1)
        one.clock.advance(5)
        await one.until(lambda: one.state(host) == "unreachable")
        rings = one.store.rings(one.uuid(host))
        assert rings is not None
        assert "rows of" in str(rings.condition.reason)
        one.sim.faults.rrd_clear()
        await one.until(lambda: one.state(host) == "live")
        await one.tick()
        assert await one.same_as_the_hosts(host)


@pytest.mark.parametrize("skew_s", [7_200.0, -7_200.0, 17.0])
async def test_a_clock_that_is_wrong_is_measured(skew_s: float) -> None:
    async with polled(hosts=1, begin=False) as one:
        host = next(iter(one.sim.db.refs("host")))
        one.sim.faults.skew_clock(skew_s)
        one.begin(host)
        await one.until(lambda: one.state(host) == "live")
        await one.until(lambda: one.archive(host, 60).count > 1)
        rings = one.store.rings(one.uuid(host))
        assert rings is not None
        assert abs(rings.condition.clock_skew - skew_s) <= 1
        assert rings.condition.last_row is not None
        assert 0 <= one.clock.now() - rings.condition.last_row <= 6
        assert await one.same_as_the_hosts(host)
        assert await one.same_as_the_hosts(host, 60)


@pytest.mark.parametrize("skew_s", [3_600.0, -3_600.0])
async def test_a_clock_that_is_set_meanwhile_is_noticed(skew_s: float) -> None:
    async with polled(hosts=1) as one:
        host = first(one)
        one.sim.faults.skew_clock(skew_s)
        rings = one.store.rings(one.uuid(host))
        assert rings is not None
        one.clock.advance(40)
        await one.until(lambda: abs(rings.condition.clock_skew - skew_s) <= 1)
        await one.until(lambda: one.state(host) == "live")
        one.clock.advance(5)
        await one.tick()
        assert await one.same_as_the_hosts(host)
