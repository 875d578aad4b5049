"""The power of VMs: from HTTP to the simulated pool's state, and back into the cache before the answer."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

import xensim
from tests.api.acting import API, one, post, some
from tests.journeys.conftest import connect
from tests.served import ascii_json
from xensim import Sim


@pytest.fixture
async def sim() -> AsyncIterator[Sim]:
    async with xensim.serve(hosts=2, vms=24, seed=1, tls=True, port=0, pace=0) as pool:
        yield pool


@pytest.fixture
async def client(admin: httpx.AsyncClient, sim: Sim) -> httpx.AsyncClient:
    await connect(admin, sim)
    return admin


async def vm_in(client: httpx.AsyncClient, state: str) -> dict[str, Any]:
    return (await some(client, "vms", f"power_state:{state}"))[0]


async def able(sim: Sim, client: httpx.AsyncClient, operation: str) -> dict[str, Any]:
    """A running VM whose guest takes part in that."""
    for vm in await some(client, "vms", "power_state:Running"):
        if operation in sim.db.field("VM", vm["_xapiRef"], "allowed_operations"):  # type: ignore[operator]
            return vm
    raise AssertionError("the simulated pool has no such VM")


async def states(sim: Sim, client: httpx.AsyncClient, vm: dict[str, Any]) -> tuple[object, object]:
    """In the cache, and in the pool."""
    shown = (await one(client, "vms", vm["id"]))["power_state"]
    return shown, sim.db.field("VM", vm["_xapiRef"], "power_state")


async def blocked(sim: Sim, client: httpx.AsyncClient, vm: dict[str, Any], **operations: str) -> None:
    sim.set("VM", vm["_xapiRef"], blocked_operations=operations)
    async with asyncio.timeout(10):
        while (await one(client, "vms", vm["id"]))["blockedOperations"] != operations:
            await asyncio.sleep(0.02)


async def test_the_power_states_one_after_the_other(sim: Sim, client: httpx.AsyncClient) -> None:
    halted, guest = await vm_in(client, "Halted"), await able(sim, client, "suspend")
    for vm, action, after in (
        (halted, "start", "Running"),
        (halted, "pause", "Paused"),
        (halted, "unpause", "Running"),
        (halted, "hard_reboot", "Running"),
        (halted, "hard_shutdown", "Halted"),
        (guest, "clean_reboot", "Running"),
        (guest, "suspend", "Suspended"),
        (guest, "resume", "Running"),
        (guest, "clean_shutdown", "Halted"),
    ):
        await post(client, f"vms/{vm['id']}/actions/{action}")
        assert await states(sim, client, vm) == (after, after), action


async def test_an_action_answers_at_once_with_its_task(sim: Sim, client: httpx.AsyncClient) -> None:
    vm = await vm_in(client, "Halted")
    before = set(sim.db.refs("task"))
    answer = await client.post(f"{API}/vms/{vm['id']}/actions/start")
    assert answer.status_code == 202
    task_id = answer.json()["taskId"]
    assert answer.headers["location"] == f"{API}/tasks/{task_id}"
    task = (await client.get(f"{API}/tasks/{task_id}", params={"wait": "true"})).json()
    assert (task["status"], task.get("progress", 100)) == ("success", 100)
    assert task["properties"]["name"] == "REST API: start VM"
    assert (task["properties"]["objectId"], task["properties"]["objectType"]) == (vm["id"], "VM")
    assert await states(sim, client, vm) == ("Running", "Running")
    assert set(sim.db.refs("task")) == before  # the pool's own task was destroyed


async def test_a_vm_is_started_where_one_wants_it(sim: Sim, client: httpx.AsyncClient) -> None:
    vm = await vm_in(client, "Halted")
    start = f"vms/{vm['id']}/actions/start"
    for host in await some(client, "hosts"):
        answer = await client.post(f"{API}/{start}", params={"sync": "true"}, json={"hostId": host["id"]})
        if answer.status_code == 204:
            assert (await one(client, "vms", vm["id"]))["$container"] == host["id"]
            await post(client, f"vms/{vm['id']}/actions/hard_shutdown")
        else:
            assert answer.json()["xapi_code"], answer.text
    await post(client, start, {"hostId": "nobody"}, 404)
    await post(client, start, {"host": "x"}, 422)
    async with xensim.serve(hosts=1, vms=1, seed=9, tls=True, port=0, pace=0) as other:
        await connect(client, other)
        foreign = next(row["id"] for row in await some(client, "hosts") if row["$pool"] != vm["$pool"])
        assert "in another pool" in (await post(client, start, {"hostId": foreign}, 422))["detail"]


async def test_a_wrong_state_is_told_in_words(client: httpx.AsyncClient) -> None:
    vm = await vm_in(client, "Halted")
    problem = await post(client, f"vms/{vm['id']}/actions/clean_shutdown", status=409)
    assert (problem["code"], problem["xapi_code"]) == ("incorrect-state", "VM_BAD_POWER_STATE")
    assert problem["xapi_params"][0].startswith("OpaqueRef:")
    assert problem["words"][0] == vm["name_label"]
    assert vm["name_label"] in problem["detail"]
    assert "OpaqueRef" not in problem["detail"]
    # paused and suspended VMs have actions of their own, as in Xen Orchestra
    paused = await vm_in(client, "Running")
    await post(client, f"vms/{paused['id']}/actions/pause")
    assert (await post(client, f"vms/{paused['id']}/actions/start", status=409))["code"] == "incorrect-state"


async def test_a_blocked_operation_says_why(sim: Sim, client: httpx.AsyncClient) -> None:
    vm = await vm_in(client, "Halted")
    await blocked(sim, client, vm, start="ask Ann first")
    host = (await some(client, "hosts"))[0]["id"]
    for body in (None, {"hostId": host}):
        problem = await post(client, f"vms/{vm['id']}/actions/start", body, 409)
        assert (problem["code"], problem["xapi_code"]) == ("incorrect-state", "OPERATION_BLOCKED")
        assert "ask Ann first" in problem["detail"]
    assert await states(sim, client, vm) == ("Halted", "Halted")


async def test_of_two_who_start_a_vm_one_wins(sim: Sim, client: httpx.AsyncClient) -> None:
    vm = await vm_in(client, "Halted")
    sim.pool.pace = 0.2
    url = f"{API}/vms/{vm['id']}/actions/start"
    answers = await asyncio.gather(*(client.post(url, params={"sync": "true"}) for _ in range(2)))
    assert sorted(answer.status_code for answer in answers) == [204, 409]
    [loser] = [answer.json() for answer in answers if answer.status_code == 409]
    assert loser["code"] == "operation-in-progress"
    assert loser["data"]["operation"] == "start"
    winner = (await client.get(f"{API}/tasks/{loser['data']['taskId']}")).json()
    assert (winner["status"], winner["properties"]["objectId"]) == ("success", vm["id"])
    assert await states(sim, client, vm) == ("Running", "Running")


async def test_an_aborted_suspension_leaves_nothing(sim: Sim, client: httpx.AsyncClient) -> None:
    vm = await able(sim, client, "suspend")
    before = {kind: set(sim.db.refs(kind)) for kind in ("VDI", "VM", "task")}
    sim.pool.pace = 30.0
    started = (await client.post(f"{API}/vms/{vm['id']}/actions/suspend")).json()["taskId"]
    async with asyncio.timeout(10):
        while not sim.db.field("VM", vm["_xapiRef"], "current_operations"):
            await asyncio.sleep(0.02)
    await post(client, f"tasks/{started}/actions/abort")
    task = (await client.get(f"{API}/tasks/{started}")).json()
    assert (task["status"], task["result"]["code"]) == ("failure", "aborted")
    assert await states(sim, client, vm) == ("Running", "Running")
    assert {kind: set(sim.db.refs(kind)) for kind in before} == before
    assert not sim.db.field("VM", vm["_xapiRef"], "current_operations")


async def test_a_hung_guest_is_switched_off_over_its_clean_shutdown(sim: Sim, client: httpx.AsyncClient) -> None:
    vm = await able(sim, client, "clean_shutdown")
    sim.pool.pace = 600.0
    waiting = (await client.post(f"{API}/vms/{vm['id']}/actions/clean_shutdown")).json()["taskId"]
    async with asyncio.timeout(10):
        while not sim.db.field("VM", vm["_xapiRef"], "current_operations"):
            await asyncio.sleep(0.02)
    sim.pool.pace = 0.0
    await post(client, f"vms/{vm['id']}/actions/hard_shutdown")
    assert await states(sim, client, vm) == ("Halted", "Halted")
    task = (await client.get(f"{API}/tasks/{waiting}", params={"wait": "true"})).json()
    assert task["status"] == "failure"


async def test_text_that_nobody_can_encode_is_no_id(client: httpx.AsyncClient) -> None:
    vm = await vm_in(client, "Halted")
    for path, member in (
        ("start", "hostId"),
        ("revert_snapshot", "snapshotId"),
        ("clone", "srId"),
        ("clone", "name_label"),
        ("insert_cd", "vdiId"),
        ("snapshot", "name_description"),
    ):
        answer = await client.post(f"{API}/vms/{vm['id']}/actions/{path}", **ascii_json({member: "\ud800"}))
        assert answer.status_code in {404, 422}, (path, answer.text)
    answer = await client.post(f"{API}/vms/actions/start", **ascii_json({"ids": [vm["id"], "\ud800"]}))
    assert answer.status_code == 422


async def test_a_read_only_pool_is_left_alone(admin: httpx.AsyncClient, sim: Sim) -> None:
    await connect(admin, sim, readOnly=True)
    vm = await vm_in(admin, "Halted")
    problem = await post(admin, f"vms/{vm['id']}/actions/start", status=403)
    assert problem["code"] == "read-only"
    assert await states(sim, admin, vm) == ("Halted", "Halted")
