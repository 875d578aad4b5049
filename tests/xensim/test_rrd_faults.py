"""What can go wrong with measurements, by the Python API and by the control port, at one host or at all."""

import asyncio
import json

import pytest

import xensim
from tests.xensim.caller import Caller
from tests.xensim.rrds import NOON, ask, measured, read, read_xml, updates
from tests.xensim.test_faults import control
from tests.xensim.wire import connection, exchange, read_reply
from xensim import Sim
from xensim.clock import epoch


def hosts(sim: Sim) -> tuple[str, str]:
    """The coordinator and a member."""
    return sim.pool.coordinator, next(ref for ref in sim.db.refs("host") if ref != sim.pool.coordinator)


async def test_a_skewed_clock_moves_the_times_of_one_host() -> None:
    async with measured() as caller:
        home, member = hosts(caller.sim)
        caller.sim.faults.skew_clock(600, member)
        assert epoch(await caller.call("host.get_servertime", member)) == int(NOON) + 600
        assert epoch(await caller.call("host.get_servertime", home)) == int(NOON)
        ahead, right = await updates(caller, member, start=-10), await updates(caller, home, start=-10)
        assert 590 <= ahead.end - right.end <= 610
        caller.sim.faults.skew_clock(-3600)
        assert (await updates(caller, home, start=-10)).end < NOON - 3590
        caller.sim.faults.clear()
        assert (await updates(caller, member, start=-10)).end > NOON - 10


async def test_a_skewed_host_still_knows_when_its_vms_began() -> None:
    async with measured() as caller:
        sim = caller.sim
        home, member = hosts(sim)
        before = await updates(caller, home, start=-100)
        sim.faults.skew_clock(500, home)
        after = await updates(caller, home, start=-100)
        unknown = [name for name, values in before.columns.items() if values[0] != values[0]]
        assert [name for name, values in after.columns.items() if values[0] != values[0]] == unknown
        assert member


@pytest.mark.parametrize("path", ["/rrd_updates", "/host_rrd", "/vm_rrd", "/sr_rrd"])
async def test_so_many_requests_fail(path: str) -> None:
    async with measured() as caller:
        home, member = hosts(caller.sim)
        caller.sim.faults.rrd_fail(2, home, 503)
        for _ in range(2):
            answer = await ask(caller, path, home, start=-10)
            assert answer.head.startswith("HTTP/1.1 503 Service Unavailable")
        assert (await ask(caller, path, home, start=-10)).status != 503
        assert (await ask(caller, path, member, start=-10)).status != 503
        caller.sim.faults.rrd_fail()
        assert (await ask(caller, path, member, start=-10)).status == 500
        with pytest.raises(TypeError):
            caller.sim.faults.rrd_fail(1, home, 200)


async def test_slow_measurements() -> None:
    async with measured() as caller:
        home, member = hosts(caller.sim)
        caller.sim.faults.rrd_slow(0.2, member)
        loop = asyncio.get_running_loop()
        started = loop.time()
        await updates(caller, member, start=-10)
        assert loop.time() - started > 0.19
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(updates(caller, member, start=-10), 0.1)
        assert (await asyncio.wait_for(updates(caller, home, start=-10), 5)).times


async def test_half_an_answer_and_the_end_of_the_connection() -> None:
    async with measured() as caller:
        caller.sim.faults.rrd_truncate(1)
        async with connection(caller.sim.coordinator, caller.sim.port) as (reader, writer):
            target = f"/rrd_updates?session_id={caller.session}&start=-10&json=true"
            writer.write(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            with pytest.raises(asyncio.IncompleteReadError) as caught:
                await read_reply(reader)
            assert caught.value.partial.startswith(b'{"meta"')
        assert (await updates(caller, start=-10)).times
        caller.sim.faults.rrd_truncate(1)
        whole = await ask(caller, "/host_rrd", json="true")
        with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
            json.loads(whole.body)


async def test_garbage() -> None:
    async with measured() as caller:
        caller.sim.faults.rrd_garbage(2)
        for path in ("/rrd_updates", "/host_rrd"):
            answer = await ask(caller, path, json="true", start=-10)
            assert answer.status == 200
            assert answer.body.startswith(b"\x00\xff<garbage")
        assert (await updates(caller, start=-10)).times


async def test_older_servers_write_json5_or_only_xml() -> None:
    async with measured() as caller:
        home, member = hosts(caller.sim)
        query = {"json": "true", "host": "true", "start": "-300"}
        new = read(json.loads((await ask(caller, "/rrd_updates", member, **query)).body))
        caller.sim.faults.rrd_shape("old", member)
        old = await ask(caller, "/rrd_updates", member, **query)
        assert old.body.startswith(b"{meta: {start:")
        assert b"content-type" not in old.head.encode()
        with pytest.raises(ValueError, match="Expecting property name"):
            json.loads(old.body)
        quoted = old.body.decode()
        for name in ("meta", "start", "step", "end", "rows", "columns", "legend", "data", "t", "values"):
            quoted = quoted.replace(f"{{{name}:", f'{{"{name}":').replace(f",{name}:", f',"{name}":')
        assert read(json.loads(quoted)).columns.keys() == new.columns.keys()
        assert repr(read(json.loads(quoted))) == repr(new)  # NaN too
        caller.sim.faults.rrd_shape("xml", member)
        plain = await ask(caller, "/rrd_updates", member, **query)
        assert "content-type: text/xml" in plain.head
        assert repr(read_xml(plain.body)) == repr(new)
        assert (await ask(caller, "/rrd_updates", home, **query)).body.startswith(b'{"meta"')
        with pytest.raises(TypeError):
            caller.sim.faults.rrd_shape("yaml")  # type: ignore[arg-type]


async def test_a_coarser_archive_than_asked_for() -> None:
    async with measured() as caller:
        assert (await updates(caller, start=-30)).step == 5
        caller.sim.faults.rrd_coarser(1)
        assert (await updates(caller, start=-30)).step == 60
        caller.sim.faults.rrd_coarser(9)
        assert (await updates(caller, start=-30)).step == 86400


async def test_a_frozen_host_answers_and_stands_still() -> None:
    async with measured() as caller:
        home, member = hosts(caller.sim)
        caller.sim.faults.rrd_freeze(member)
        before = await updates(caller, member, start=int(NOON) - 20)
        caller.sim.pool.clock.advance(120)
        after = await updates(caller, member, start=int(NOON) - 20)
        assert after.end == before.end
        assert repr(after) == repr(before)
        assert (await updates(caller, member, start=int(NOON) + 100)).times == []
        assert (await updates(caller, home, start=-10)).end > NOON + 100
        caller.sim.faults.rrd_clear(member)
        assert (await updates(caller, member, start=-10)).end > NOON + 100


async def test_the_control_port_sets_them_too() -> None:
    async with xensim.serve(hosts=2, vms=2, tls=False, pace=0.0, control_port=0) as sim:
        caller = await Caller(sim).login()
        home, _member = hosts(sim)
        assert (await control(sim, "POST /faults/rrd-coarser", archives=1, host=home))[0] == 200
        assert (await control(sim, "POST /faults/rrd-freeze", host=home))[0] == 200
        assert (await updates(caller, start=-30)).step == 60
        _, state = await control(sim, "GET /state")
        assert state["rrd_faults"][home]["coarser"] == 1
        assert (await control(sim, "POST /faults/rrd-shape", shape="yaml"))[0] == 400
        assert (await control(sim, "POST /faults/rrd-slow", host="OpaqueRef:x"))[0] == 400
        bare = await exchange("127.0.0.1", sim.control_port, b"POST /faults/clear HTTP/1.1\r\n\r\n")
        assert bare.status == 200
        assert (await updates(caller, start=-30)).step == 5
