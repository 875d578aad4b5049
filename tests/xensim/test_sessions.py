"""Logging in and out: every variant, members, expiry, limits."""

import asyncio
import json

import pytest

import xensim
from tests.xensim.caller import Caller
from xensim import Sim
from xensim.clock import Clock
from xensim.failures import XapiFailure
from xensim.sessions import IDLE_S, LIMITS


async def fails(caller: Caller, method: str, *params: object) -> list[str]:
    with pytest.raises(XapiFailure) as caught:
        await caller.raw(method, *params)
    return caught.value.description


async def test_a_session_says_who_and_where(caller: Caller) -> None:
    record = await caller.call("session.get_record", caller.session)
    assert record["auth_user_name"] == "root"
    assert record["originator"] == "tests"
    assert record["this_host"] == caller.sim.pool.coordinator
    assert record["is_local_superuser"] is True


async def test_a_wrong_password_is_refused_late() -> None:
    async with xensim.serve(hosts=1, vms=0, tls=False, login_penalty_s=0.2) as sim:
        loop = asyncio.get_running_loop()
        started = loop.time()
        refusal = await fails(Caller(sim), "session.login_with_password", "root", "wrong")
        assert refusal == ["SESSION_AUTHENTICATION_FAILED", "root", "Authentication failure"]
        assert loop.time() - started > 0.19


async def test_other_credentials_may_be_chosen() -> None:
    async with xensim.serve(hosts=1, vms=0, tls=False, user="admin", password="secret", login_penalty_s=0.0) as sim:
        assert await Caller(sim).raw("session.login_with_password", "admin", "secret")
        assert (await fails(Caller(sim), "session.login_with_password", "root", "xensim"))[1] == "root"


async def test_members_send_everyone_to_the_coordinator(caller: Caller) -> None:
    sim = caller.sim
    members = sim.addresses[1:]
    assert len(members) == 2
    for address in members:
        member = Caller(sim, caller.session, address)
        for method, params in (
            ("session.login_with_password", ["root", "wrong"]),
            ("VM.get_all", [caller.session]),
            ("Async.VM.get_all", [caller.session]),
            ("VM.frobnicate", [caller.session]),
            ("event.from", [caller.session, ["*"], "", 1.0]),
        ):
            assert await fails(member, method, *params) == ["HOST_IS_SLAVE", sim.coordinator]
        assert await fails(member, "session.logout", "OpaqueRef:x") == ["SESSION_INVALID", "OpaqueRef:x"]


async def test_a_local_login_is_good_for_emergencies_only(caller: Caller) -> None:
    sim = caller.sim
    member = Caller(sim, address=sim.addresses[1])
    session = await member.raw("session.slave_local_login_with_password", "root", "xensim")
    assert await member.raw("host.is_in_emergency_mode", session) is False
    assert await fails(member, "VM.get_all", session) == ["HOST_IS_SLAVE", sim.coordinator]
    assert await member.raw("session.local_logout", session) == ""
    assert await fails(member, "host.is_in_emergency_mode", session) == ["HOST_IS_SLAVE", sim.coordinator]


async def test_logging_out_wakes_what_waits(caller: Caller) -> None:
    other = await Caller(caller.sim).login()
    token = (await caller.events(["*"]))["token"]
    waiting = asyncio.create_task(other.events(["vbd"], token, 30.0))
    await asyncio.sleep(0.1)
    await other.call("session.logout")
    with pytest.raises(XapiFailure) as caught:
        await asyncio.wait_for(waiting, 2)
    assert caught.value.description == ["SESSION_INVALID", other.session]
    assert await caller.call("pool.get_all")


async def test_idle_sessions_are_collected_unless_they_work(sim: Sim) -> None:
    idle, busy, fresh = [await Caller(sim).login() for _ in range(3)]
    task = await busy.call("task.create", "long", "")
    sim.pool.clock.advance(IDLE_S - 10)
    await fresh.call("pool.get_all")
    sim.pool.clock.advance(20)
    sim.pool.sessions.collect()
    assert await fails(idle, "pool.get_all", idle.session) == ["SESSION_INVALID", idle.session]
    assert await fresh.call("pool.get_all")
    assert await busy.call("task.get_status", task) == "pending"


async def test_old_tasks_are_collected(caller: Caller) -> None:
    task = await caller.call("task.create", "done", "")
    await caller.call("task.set_status", task, "success")
    caller.sim.db.set("task", task, finished=caller.sim.pool.clock.wire())
    caller.sim.pool.clock.advance(70 * 60)
    caller.sim.pool.tasks.collect()
    with pytest.raises(XapiFailure, match="HANDLE_INVALID"):
        await caller.call("task.get_status", task)


async def test_an_originator_has_a_limited_number_of_sessions(caller: Caller) -> None:
    sessions = caller.sim.pool.sessions
    first = sessions.open("root", originator="greedy")
    for _ in range(LIMITS["originator"]):
        sessions.open("root", originator="greedy")
    assert not sessions.is_valid(first)
    assert await caller.call("pool.get_all")


async def test_the_clock_is_an_argument() -> None:
    clock = Clock(lambda: 1_000_000_000.0)
    async with xensim.serve(hosts=1, vms=0, tls=False, clock=clock) as sim:
        caller = await Caller(sim).login()
        assert await caller.call("host.get_servertime", sim.pool.coordinator) == "20010909T01:46:40Z"
        assert await caller.call("host.get_server_localtime", sim.pool.coordinator) == "20010909T01:46:40"


@pytest.mark.parametrize("session", ["", "OpaqueRef:NULL", "OpaqueRef:00000000-0000-0000-0000-000000000000"])
async def test_sessions_that_are_none(sim: Sim, session: str) -> None:
    assert await fails(Caller(sim), "VM.get_all", session) == ["SESSION_INVALID", session]


async def test_introspection_needs_no_session(sim: Sim) -> None:
    methods = await Caller(sim).raw("system.listMethods")
    assert {"VM.start", "event.from", "session.login_with_password"} <= set(methods)
    assert not [name for name in methods if name.startswith("Async.")]
    reply = await Caller(sim).post(json.dumps({"method": "system.isAlive:now", "params": ["me"], "id": 3}))
    assert json.loads(reply.body) == {"result": "me", "error": None, "id": 3}
