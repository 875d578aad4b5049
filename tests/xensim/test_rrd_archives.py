"""Which archive answers, and that all ways to ask for a measurement agree on it."""

import json
from math import isnan

import numpy as np
import pytest

from tests.xensim.caller import Caller
from tests.xensim.rrds import (
    NOON,
    STEPS,
    Dumped,
    Rows,
    ask,
    guests,
    measured,
    read,
    read_dump,
    read_xml,
    read_xml_dump,
    same,
    updates,
    uuid,
)
from tests.xensim.wire import connection, read_reply
from xensim.rrd.archives import ARCHIVES, choose
from xensim.rrd.waves import Waves

SPANS = {5: 600, 60: 7200, 3600: 604800, 86400: 31622400}


@pytest.mark.parametrize(
    ("ago", "interval", "step"),
    [
        (10, 0, 5), (599, 0, 5), (599, 5, 5), (599, 9, 5), (599, 10, 60), (600, 0, 60), (10, 60, 60), (7199, 64, 60),
        (7199, 65, 3600), (7200, 60, 3600), (604799, 0, 3600), (604800, 0, 86400), (10**9, 0, 86400),
        (10, 3600, 3600), (10, 86400, 86400), (10, 10**9, 86400),
    ],
)  # fmt: skip
def test_the_archive_is_the_finest_that_reaches_back(ago: int, interval: int, step: int) -> None:
    last = NOON
    assert choose(last, int(last) - ago, interval).step == step


async def test_rows_are_the_newest_first_at_multiples_of_the_step() -> None:
    async with measured() as caller:
        now = int(NOON)
        for step, span in SPANS.items():
            rows = await updates(caller, start=now - span + step, interval=step)
            assert rows.step == step
            assert rows.end % step == 0
            assert rows.end <= now < rows.end + 2 * step
            assert rows.times == [rows.end - at * step for at in range(len(rows.times))]
            assert len(rows.times) in {119, 120} if step < 3600 else len(rows.times) > 160
            assert rows.start == (now - span + step) // step * step + step


async def test_a_start_may_be_relative_or_at_a_row_or_to_come() -> None:
    async with measured() as caller:
        relative = await updates(caller, start=-30)
        assert 6 <= len(relative.times) <= 7
        exact = await updates(caller, start=relative.end)
        assert (exact.times, exact.start) == ([relative.end], relative.end + 5)
        later = await updates(caller, start=int(NOON) + 3600, host="true")
        assert later.times == []
        assert later.start > later.end
        assert len(later.columns) == len((await updates(caller, start=-10, host="true")).columns)


async def test_what_is_asked_for_decides_the_columns() -> None:
    async with measured() as caller:
        sim = caller.sim
        host, (one, two, *_others) = uuid(sim, "host", sim.pool.coordinator), guests(sim)
        first, second = uuid(sim, "VM", one), uuid(sim, "VM", two)
        dom0 = uuid(sim, "VM", str(sim.db.field("host", sim.pool.coordinator, "control_domain")))

        def owners(rows: Rows) -> set[str]:
            return {name.split(":")[2] for name in rows.columns}

        everything = owners(await updates(caller, start=-10, host="true"))
        assert everything == {host, dom0, *(uuid(sim, "VM", vm) for vm in (*guests(sim), *guests(sim, "Paused")))}
        assert owners(await updates(caller, start=-10)) == everything - {host}
        assert owners(await updates(caller, start=-10, host="TRUE", vm_uuid=first)) == {first}
        assert owners(await updates(caller, start=-10, vm_uuid=[first, second])) == {first, second}
        assert owners(await updates(caller, start=-10, host="true", vm_uuid="none")) == {host}
        nobody = await ask(caller, "/rrd_updates", start=-10, vm_uuid="none")
        assert (nobody.status, b"No_RRA_Available" in nobody.body) == (500, True)


async def test_hosts_keep_extremes_and_vms_do_not_unless_the_pool_says_so() -> None:
    async with measured() as caller:
        sim = caller.sim
        host, vm = uuid(sim, "host", sim.pool.coordinator), uuid(sim, "VM", guests(sim)[0])
        for interval in (60, 3600, 86400):
            rows = await updates(caller, start=-3 * interval, interval=interval, host="true")
            low, mean, high = (rows.of(host, cf) for cf in ("MIN", "AVERAGE", "MAX"))
            assert low.keys() == mean.keys() == high.keys()
            for name, values in mean.items():
                assert all(a <= b * 1.000001 + 1e-9 for a, b in zip(low[name], values, strict=True)), name
                assert all(a * 1.000001 + 1e-9 >= b for a, b in zip(high[name], values, strict=True)), name
            assert any(low[name] != high[name] for name in mean)
            assert rows.of(vm)
            assert not rows.of(vm, "MIN")
        least = await updates(caller, start=-10, cf="MIN", host="true")
        assert least.step == 60  # of single measurements there are averages only
        assert {name.split(":")[0] for name in least.columns} == {"MIN"}
        assert (await ask(caller, "/rrd_updates", start=-10, cf="MIN")).status == 500

        sim.set("pool", sim.pool.ref, other_config={"create_min_max_in_new_VM_RRDs": "true"})
        rows = await updates(caller, start=-300, interval=60)
        fine = await updates(caller, start=-590)
        for name, values in rows.of(vm, "MAX").items():
            for at, time in enumerate(rows.times):
                assert values[at] == max(fine.of(vm)[name][place] for place in _covered(fine, time))


async def test_a_minute_is_the_mean_of_its_twelve_measurements() -> None:
    async with measured() as caller:
        sim = caller.sim
        host = uuid(sim, "host", sim.pool.coordinator)
        fine = await updates(caller, start=int(NOON) - 590, host="true")
        coarse = await updates(caller, start=int(NOON) - 400, interval=60, host="true", cf="AVERAGE")
        assert len(coarse.times) >= 6
        assert coarse.columns.keys() == fine.columns.keys()
        compared = 0
        for name, values in coarse.columns.items():
            for at, time in enumerate(coarse.times):
                mean = np.mean([fine.columns[name][place] for place in _covered(fine, time)])
                assert values[at] == pytest.approx(mean, rel=1e-5, abs=1e-9), name
                compared += 1
        assert compared > 1000
        assert len(fine.of(host)["cpu0"]) == len(fine.times)


async def test_an_hour_and_a_day_are_the_means_of_what_they_cover() -> None:
    waves = Waves()
    hour, minute, day = ARCHIVES[2], ARCHIVES[1], ARCHIVES[3]
    end = day.newest(NOON)
    minutes = waves.parts(minute, [end - at * 60 for at in range(60)]).mean(axis=(0, 1))
    assert waves.parts(hour, [end]).mean(axis=(0, 1)) == pytest.approx(minutes, abs=1e-9)
    hours = waves.parts(hour, [end - at * 3600 for at in range(24)]).mean(axis=(0, 1))
    assert waves.parts(day, [end]).mean(axis=(0, 1)) == pytest.approx(hours, abs=0.02)


@pytest.mark.parametrize("form", ["json", "xml"])
async def test_updates_and_whole_rrds_agree_on_every_point_of_every_archive(form: str) -> None:
    async with measured(vms=5) as caller:
        sim = caller.sim
        host, member = sim.pool.coordinator, next(ref for ref in sim.db.refs("host") if ref != sim.pool.coordinator)
        vm = guests(sim)[0]
        home = member if form == "xml" else host
        await _agree(caller, "/host_rrd", home, uuid(sim, "host", home), form)
        await _agree(caller, "/vm_rrd", host, uuid(sim, "VM", vm), form)
        old = await ask(caller, "/vm_rrds", uuid=uuid(sim, "VM", vm))
        assert old.body == (await ask(caller, "/vm_rrd", uuid=uuid(sim, "VM", vm))).body


async def _agree(caller: Caller, path: str, host: str, owner: str, form: str) -> None:
    query = {"json": "true"} if form == "json" else {}
    answer = await ask(caller, path, host, uuid=owner, **query)
    assert answer.status == 200
    dumped: Dumped = read_dump(json.loads(answer.body)) if form == "json" else read_xml_dump(answer.body)
    assert {step for step, _ in dumped} == set(STEPS)
    for (step, cf), kept in dumped.items():
        assert len(kept.times) == SPANS[step] // step
        start = kept.end - SPANS[step] + step + 1
        rows = await updates(caller, host, start=start, interval=step, cf=cf, host="true")
        shown = rows.of(owner, cf)
        assert list(shown) == list(kept.columns)
        compared = 0
        for name, values in kept.columns.items():
            place = kept.times.index(rows.times[0])
            assert place == 0
            assert same(shown[name], values[: len(rows.times)]), (step, cf, name)
            compared += len(rows.times)
        assert compared > 100 * len(shown)
        if step < 3600:
            assert any(not isnan(values[0]) for values in shown.values())


async def test_json_and_xml_and_accept_say_the_same() -> None:
    async with measured() as caller:
        query = {"start": "-60", "host": "true"}
        json_rows = _read((await ask(caller, "/rrd_updates", json="false", **query)).body)
        xml_rows = read_xml((await ask(caller, "/rrd_updates", **query)).body)
        assert json_rows == xml_rows
        accepted = await ask(caller, "/rrd_updates", "", "application/json", **query)
        assert "content-type: application/json" in accepted.head
        assert _read(accepted.body).columns.keys() == json_rows.columns.keys()
        for accept in ("*/*", "text/xml, application/json;q=0.9", "text/html"):
            assert "content-type: text/xml" in (await ask(caller, "/rrd_updates", "", accept, **query)).head
        preferred = await ask(caller, "/rrd_updates", "", "text/xml;q=0.5, application/json", **query)
        assert "content-type: application/json" in preferred.head


async def test_one_connection_serves_many_requests() -> None:
    async with measured() as caller, connection(caller.sim.coordinator, caller.sim.port) as (reader, writer):
        for _ in range(3):
            target = f"/rrd_updates?session_id={caller.session}&start=-10&json=true"
            writer.write(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            reply = await read_reply(reader)
            assert "Connection: keep-alive" in reply.head
            assert _read(reply.body.encode()).times


def _read(body: bytes) -> Rows:
    return read(json.loads(body))


def _covered(fine: Rows, end: int) -> list[int]:
    """The places of the twelve measurements of the minute that ends at `end`."""
    return [fine.times.index(end - at * 5) for at in range(12)]
