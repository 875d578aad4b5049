"""Faults on demand, by the Python API and by the control port."""

import asyncio
import json
import ssl
from typing import Any

import pytest

import xensim
from tests.xensim.caller import Caller
from tests.xensim.wire import connection, exchange
from xensim import Sim
from xensim.failures import XapiFailure

BROKEN = (OSError, asyncio.IncompleteReadError, EOFError)


async def waiting(caller: Caller) -> "asyncio.Task[Any]":
    """An event.from that waits."""
    token = (await caller.events(["*"]))["token"]
    task = asyncio.create_task(caller.events(["vbd"], token, 30.0))
    await asyncio.sleep(0.08)
    return task


async def test_dropped_connections_can_be_made_again(caller: Caller) -> None:
    call = await waiting(caller)
    assert caller.sim.faults.drop_connections() >= 1
    with pytest.raises(BROKEN):
        await call
    assert await caller.call("pool.get_all")


async def test_refused_connections_come_back(caller: Caller) -> None:
    await caller.sim.faults.refuse_connections(0.2)
    for address in caller.sim.addresses:
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(address, caller.sim.port)
    await asyncio.sleep(0.3)
    assert await caller.call("pool.get_all")


async def test_forgotten_sessions(caller: Caller) -> None:
    call = await waiting(caller)
    caller.sim.faults.forget_sessions()
    with pytest.raises(XapiFailure, match="SESSION_INVALID"):
        await call
    with pytest.raises(XapiFailure, match="SESSION_INVALID"):
        await caller.call("pool.get_all")


async def test_lost_deletions_show_in_the_counts_only(caller: Caller) -> None:
    sim = caller.sim
    networks = [sim.create("network") for _ in range(2)]
    before = await caller.events(["*"])
    sim.faults.lose_events(1)
    for network in networks:
        sim.destroy("network", network)
    batch = await caller.events(["*"], before["token"])
    assert [event["ref"] for event in batch["events"] if event["operation"] == "del"] == [networks[1]]
    assert batch["valid_ref_counts"]["network"] == before["valid_ref_counts"]["network"] - 2


async def test_events_lost(caller: Caller) -> None:
    call = await waiting(caller)
    caller.sim.faults.events_lost()
    with pytest.raises(XapiFailure, match="EVENTS_LOST"):
        await call
    assert (await caller.events(["pool"]))["events"]


async def test_a_restart_keeps_refs_and_nothing_else(caller: Caller) -> None:
    sim = caller.sim
    task = await caller.call("task.create", "x", "")
    vm = sim.create("VM", name_label="kept")
    gone = sim.create("VM")
    everything = await caller.events(["vm"])
    sim.destroy("VM", gone)
    call = await waiting(caller)
    await sim.faults.restart(0.1)
    with pytest.raises(BROKEN):
        await call
    with pytest.raises(ConnectionRefusedError):
        await caller.call("pool.get_all")
    with pytest.raises(XapiFailure, match="HOST_IS_SLAVE"):
        await Caller(sim, caller.session, sim.addresses[1]).call("pool.get_all")
    await asyncio.sleep(0.2)
    with pytest.raises(XapiFailure, match="SESSION_INVALID"):
        await caller.call("pool.get_all")
    await caller.login()
    with pytest.raises(XapiFailure, match="HANDLE_INVALID"):
        await caller.call("task.get_record", task)
    assert await caller.call("VM.get_name_label", vm) == "kept"
    again = await caller.events(["vm"], everything["token"])
    assert {event["operation"] for event in again["events"]} == {"add"}
    assert {event["ref"] for event in again["events"]} == set(sim.db.refs("VM"))


async def test_the_coordinator_moves_to_another_member(caller: Caller) -> None:
    sim = caller.sim
    old, token = sim.coordinator, (await caller.events(["pool"]))["token"]
    new = await sim.faults.move_coordinator(seconds=0.1)
    assert sim.db.field("pool", sim.pool.ref, "master") == new
    assert sim.coordinator != old
    with pytest.raises(XapiFailure, match="SESSION_INVALID"):
        await caller.call("pool.get_all")
    await asyncio.sleep(0.2)
    with pytest.raises(XapiFailure) as caught:
        await Caller(sim, address=old).raw("session.login_with_password", "root", "xensim")
    assert caught.value.description == ["HOST_IS_SLAVE", sim.coordinator]
    await caller.login()
    assert (await caller.events(["pool"], token))["events"][0]["operation"] == "add"


async def test_a_client_may_designate_another_coordinator(caller: Caller) -> None:
    sim = caller.sim
    host = next(ref for ref in sim.db.refs("host") if ref != sim.pool.coordinator)
    assert await caller.call("pool.designate_new_master", host) == ""
    for _ in range(100):
        if sim.pool.coordinator == host:
            break
        await asyncio.sleep(0.01)
    assert sim.coordinator == sim.db.field("host", host, "address")
    assert await (await caller.login()).call("pool.get_all")


async def test_hanging_answers_nothing_for_a_while(caller: Caller) -> None:
    caller.sim.faults.hang(0.2)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(caller.call("pool.get_all"), 0.3)
    assert await caller.call("pool.get_all")


async def test_garbage_and_half_replies(caller: Caller) -> None:
    caller.sim.faults.garbage()
    with pytest.raises(ValueError):  # noqa: PT011 - UnicodeDecodeError or JSONDecodeError, as it comes
        await caller.call("pool.get_all")
    caller.sim.faults.truncate()
    with pytest.raises(asyncio.IncompleteReadError):
        await caller.call("pool.get_all_records")
    assert await caller.call("pool.get_all")


async def test_slow_replies_until_cleared(caller: Caller) -> None:
    loop = asyncio.get_running_loop()
    caller.sim.faults.slow(0.15)
    started = loop.time()
    await caller.call("pool.get_all")
    assert loop.time() - started > 0.14
    caller.sim.faults.clear()
    started = loop.time()
    await caller.call("pool.get_all")
    assert loop.time() - started < 0.14


async def test_a_changed_certificate_shows_at_the_next_connection() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE

    async def shown(sim: Sim) -> bytes:
        async with connection(sim.coordinator, sim.port, context) as (_reader, writer):
            certificate: bytes = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
            return certificate

    async with xensim.serve(hosts=2, vms=0) as sim:
        first, fingerprint = await shown(sim), sim.fingerprint
        assert sim.faults.change_certificate() == sim.fingerprint != fingerprint
        assert await shown(sim) != first
        rows = sim.db.rows("Certificate").values()
        assert sim.fingerprint in {row.record["fingerprint_sha256"] for row in rows}


async def control(sim: Sim, line: str, **body: object) -> tuple[int, Any]:
    """A request to the control port: status and answer."""
    data = json.dumps(body).encode() if line.startswith("POST") else b""
    head = f"{line} HTTP/1.1\r\nContent-Length: {len(data)}\r\n\r\n".encode()
    reply = await exchange("127.0.0.1", sim.control_port, head + data)
    return reply.status, json.loads(reply.body)


async def test_the_control_port() -> None:
    async with xensim.serve(hosts=2, vms=2, tls=False, pace=0.0, control_port=0) as sim:
        caller = await Caller(sim).login()
        status, state = await control(sim, "GET /state")
        assert (status, state["url"], state["counts"]["host"]) == (200, sim.url, 2)

        status, made = await control(sim, "POST /create", **{"class": "network", "record": {"name_label": "n"}})
        assert status == 200
        assert sim.db.by_uuid("network", made["uuid"]) == made["ref"]
        await control(sim, "POST /set", **{"class": "network", "uuid": made["uuid"], "field": "MTU", "value": 9000})
        assert sim.db.field("network", made["ref"], "MTU") == 9000
        _, records = await control(sim, "GET /records?class=network")
        assert records["network"][made["ref"]]["name_label"] == "n"
        await control(sim, "POST /destroy", **{"class": "network", "ref": made["ref"]})
        assert not sim.db.exists("network", made["ref"])

        before = sim.db.generation
        assert (await control(sim, "POST /churn", rate=500))[0] == 200
        await asyncio.sleep(0.1)
        await control(sim, "POST /churn", rate=0)
        assert sim.db.generation > before

        assert (await control(sim, "POST /faults/forget-sessions"))[0] == 200
        with pytest.raises(XapiFailure, match="SESSION_INVALID"):
            await caller.call("pool.get_all")

        bare = await exchange("127.0.0.1", sim.control_port, b"POST /faults/clear HTTP/1.1\r\n\r\n")
        assert bare.status == 200
        for line, body in (
            ("POST /faults/earthquake", {}),
            ("POST /faults/slow", {"minutes": 1}),
            ("POST /set", {"class": "frob"}),
            ("POST /set", {"class": "network", "ref": "x", "field": "MTU", "value": 1}),
            ("POST /set", {"class": "pool", "ref": sim.pool.ref, "field": "frob", "value": 1}),
            ("POST /create", {"class": "network", "record": {"MTU": "many"}}),
        ):
            assert (await control(sim, line, **body))[0] == 400
        assert (await control(sim, "GET /nothing"))[0] == 404
