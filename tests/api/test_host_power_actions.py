"""Hosts that are emptied, rebooted, switched off and taken out of their pool, from HTTP to the simulator and back."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest

import xensim
from tests.api.acting import API, one, patch, post, some
from tests.journeys.conftest import connect
from xensim import Sim
from xensim.ops import host_power
from xensim.registry import OPERATIONS

moves_vms = pytest.mark.skipif("VM.pool_migrate" not in OPERATIONS, reason="this simulator moves no VMs")


@pytest.fixture
async def sim(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Sim]:
    monkeypatch.setattr(host_power, "REPLY_S", 0.05)
    async with xensim.serve(hosts=3, vms=12, seed=1, tls=True, port=0, pace=0.005, login_penalty_s=0.0) as one_pool:
        yield one_pool


@pytest.fixture
async def client(admin: httpx.AsyncClient, sim: Sim) -> httpx.AsyncClient:
    await connect(admin, sim)
    return admin


@pytest.fixture
async def pool(client: httpx.AsyncClient) -> dict[str, Any]:
    return (await some(client, "pools"))[0]


async def guests(client: httpx.AsyncClient, host: str) -> list[dict[str, Any]]:
    return [row for row in await some(client, "vms", "power_state:Running") if row["$container"] == host]


async def a_member(client: httpx.AsyncClient, pool: dict[str, Any]) -> dict[str, Any]:
    """The member with the fewest VMs."""
    members = [row for row in await some(client, "hosts") if row["id"] != pool["master"]]
    return min(members, key=lambda row: len(row["residentVms"]))


async def emptied(client: httpx.AsyncClient, host: str) -> None:
    for vm in await guests(client, host):
        await post(client, f"vms/{vm['id']}/actions/hard_shutdown")


async def all_movable(sim: Sim, client: httpx.AsyncClient) -> None:
    """Shut down whatever the pool says cannot leave its host."""
    for host in await some(client, "hosts"):
        plan = await one(client, f"hosts/{host['id']}", "evacuation_plan")
        for vm in plan["vms"]:
            if vm["reasons"]:
                await post(client, f"vms/{vm['id']}/actions/hard_shutdown")


async def until(check: Callable[[], Awaitable[bool]], *, within_s: float = 15.0) -> None:
    began = time.monotonic()
    while not await check():
        assert time.monotonic() - began < within_s
        await asyncio.sleep(0.05)


async def in_state(client: httpx.AsyncClient, host: str, state: str) -> None:
    async def reached() -> bool:
        return bool((await one(client, "hosts", host))["power_state"] == state)

    await until(reached)


async def test_a_host_goes_down_and_is_started_again(sim: Sim, client: httpx.AsyncClient, pool: dict[str, Any]) -> None:
    host = await a_member(client, pool)
    await emptied(client, host["id"])
    await patch(client, f"hosts/{host['id']}", powerOnMode="wake-on-lan")
    await post(client, f"hosts/{host['id']}/actions/clean_shutdown", {"bypassBackupCheck": True})
    await in_state(client, host["id"], "Halted")
    problem = await post(client, f"hosts/{host['id']}/actions/scan_pifs", status=409)
    assert "not running" in problem["detail"]
    await post(client, f"hosts/{host['id']}/actions/start")
    shown = await one(client, "hosts", host["id"])
    assert (shown["power_state"], shown["enabled"]) == ("Running", True)
    assert shown["startTime"] > host["startTime"]


async def test_a_member_newer_than_its_coordinator_is_not_rebooted(
    sim: Sim, client: httpx.AsyncClient, pool: dict[str, Any]
) -> None:
    """It would not get back into its own pool."""
    host = await a_member(client, pool)
    await emptied(client, host["id"])
    master = next(row for row in await some(client, "hosts") if row["id"] == pool["master"])
    for row in (host, master):
        config = sim.db.field("host", row["_xapiRef"], "other_config")
        assert isinstance(config, dict)
        sim.set("host", row["_xapiRef"], other_config=config | {"rpm_patch_installation_time": f"{2**33}"})

    async def seen() -> bool:
        return all([(await one(client, "hosts", row["id"]))["rebootRequired"] for row in (host, master)])

    await until(seen)
    url = f"hosts/{host['id']}/actions/clean_reboot"
    problem = await post(client, url, status=409)
    assert problem["code"] == "incorrect-state"
    assert master["name_label"] in problem["detail"]
    assert (await one(client, "hosts", host["id"]))["enabled"]
    before = sim.db.field("host", host["_xapiRef"], "other_config")
    await post(client, url, {"bypassVersionCheck": True})

    async def rebooted() -> bool:
        return sim.db.field("host", host["_xapiRef"], "other_config") != before

    await until(rebooted)


@moves_vms
async def test_blocks_of_migration_are_lifted_for_an_evacuation_and_put_back(
    sim: Sim, client: httpx.AsyncClient, pool: dict[str, Any]
) -> None:
    await all_movable(sim, client)
    host = max(await some(client, "hosts"), key=lambda row: len(row["residentVms"]))
    vm = (await guests(client, host["id"]))[0]
    await patch(client, f"vms/{vm['id']}", blockedOperations={"pool_migrate": "stays here"})
    url = f"hosts/{host['id']}/actions/disable"
    problem = await post(client, url, {"evacuate": True}, 409)
    assert problem["undone"] == ["disabled the host"]
    assert (await one(client, "hosts", host["id"]))["enabled"]
    await post(client, url, {"evacuate": True, "vmIdsToForceMigrate": [vm["id"]]})
    assert not (await one(client, "hosts", host["id"]))["enabled"]
    assert await guests(client, host["id"]) == []
    shown = await one(client, "vms", vm["id"])
    assert shown["blockedOperations"]["pool_migrate"] == "stays here"
    assert sim.db.field("VM", vm["_xapiRef"], "blocked_operations") == {"pool_migrate": "stays here"}


async def test_a_smart_reboot_suspends_and_resumes(sim: Sim, client: httpx.AsyncClient, pool: dict[str, Any]) -> None:
    members = [row for row in await some(client, "hosts") if row["id"] != pool["master"]]
    host = max(members, key=lambda row: len(row["residentVms"]))
    for vm in await guests(client, host["id"]):
        if "suspend" not in sim.db.field("VM", vm["_xapiRef"], "allowed_operations"):  # type: ignore[operator]
            await post(client, f"vms/{vm['id']}/actions/hard_shutdown")
    left = await guests(client, host["id"])
    assert left
    await patch(client, f"vms/{left[0]['id']}", blockedOperations={"suspend": "no"})
    url = f"hosts/{host['id']}/actions/smart_reboot"
    problem = await post(client, url, {"bypassVersionCheck": True}, 409)
    assert left[0]["name_label"] in problem["detail"]
    await post(client, url, {"bypassVersionCheck": True, "bypassBlockedSuspend": True})
    shown = await one(client, "hosts", host["id"])
    assert (shown["power_state"], shown["enabled"]) == ("Running", True)
    assert shown["startTime"] > host["startTime"]
    assert {vm["id"] for vm in await guests(client, host["id"])} == {vm["id"] for vm in left}
    assert (await one(client, "vms", left[0]["id"]))["blockedOperations"] == {"suspend": "no"}


async def test_an_emergency_suspends_all_and_switches_off(
    sim: Sim, client: httpx.AsyncClient, pool: dict[str, Any]
) -> None:
    host = await a_member(client, pool)
    running = await guests(client, host["id"])
    await post(client, f"hosts/{host['id']}/actions/emergency_shutdown")
    await in_state(client, host["id"], "Halted")
    states = {str(sim.db.field("VM", vm["_xapiRef"], "power_state")) for vm in running}
    assert states <= {"Suspended", "Halted"}


async def test_a_host_leaves_its_pool(sim: Sim, client: httpx.AsyncClient, pool: dict[str, Any]) -> None:
    problem = await post(client, f"hosts/{pool['master']}/actions/detach", status=409)
    assert "coordinator" in problem["detail"]
    host = await a_member(client, pool)
    await emptied(client, host["id"])
    await post(client, f"hosts/{host['id']}/actions/detach")
    await one(client, "hosts", host["id"], 404)
    assert not sim.db.exists("host", host["_xapiRef"])


async def test_a_dead_host_is_forgotten(sim: Sim, client: httpx.AsyncClient, pool: dict[str, Any]) -> None:
    host = await a_member(client, pool)
    await post(client, f"hosts/{host['id']}/actions/forget", status=409)
    await emptied(client, host["id"])
    await post(client, f"hosts/{host['id']}/actions/clean_shutdown")
    await in_state(client, host["id"], "Halted")
    await post(client, f"hosts/{host['id']}/actions/forget")
    await one(client, "hosts", host["id"], 404)
    assert not sim.db.exists("host", host["_xapiRef"])


@moves_vms
async def test_a_pool_is_rebooted_host_by_host(sim: Sim, client: httpx.AsyncClient, pool: dict[str, Any]) -> None:
    await all_movable(sim, client)
    before = {row["id"]: row["startTime"] for row in await some(client, "hosts")}
    running = {vm["id"] for vm in await some(client, "vms", "power_state:Running")}
    answer = await client.post(f"{API}/pools/{pool['id']}/actions/rolling_reboot")
    task_id = answer.json()["taskId"]

    async def ended() -> bool:
        return bool((await one(client, "tasks", task_id))["status"] != "pending")

    await until(ended, within_s=60)
    task = await one(client, "tasks", task_id)
    assert task["status"] == "success", task
    rows = await some(client, "hosts")
    order = sorted(rows, key=lambda row: row["startTime"])
    assert all(row["startTime"] > before[row["id"]] and row["enabled"] for row in rows)
    assert order[0]["id"] == pool["master"] or order[0]["startTime"] == order[1]["startTime"]
    assert {vm["id"] for vm in await some(client, "vms", "power_state:Running")} == running


async def test_a_rolling_reboot_is_refused_while_a_vm_cannot_move(
    sim: Sim, client: httpx.AsyncClient, pool: dict[str, Any]
) -> None:
    await all_movable(sim, client)
    vm = (await some(client, "vms", "power_state:Running"))[0]
    await patch(client, f"vms/{vm['id']}", blockedOperations={"pool_migrate": "stays here"})
    problem = await post(client, f"pools/{pool['id']}/actions/rolling_reboot", status=409)
    assert vm["name_label"] in problem["detail"]
    assert all(row["enabled"] for row in await some(client, "hosts"))


async def test_who_joins_a_pool_and_who_leads_it(client: httpx.AsyncClient, pool: dict[str, Any]) -> None:
    host = await a_member(client, pool)
    problem = await post(client, f"pools/{pool['id']}/actions/add_host", {"host": host["id"]}, 409)
    assert "in this pool already" in problem["detail"]
    await post(client, f"pools/{pool['id']}/actions/add_host", {"host": "nobody"}, 404)
    await post(client, f"pools/{pool['id']}/actions/designate_master", {"hostId": pool["master"]})
    await post(client, f"pools/{pool['id']}/actions/designate_master", {"hostId": "nobody"}, 404)
    assert (await one(client, "pools", pool["id"]))["master"] == pool["master"]


async def test_the_toolstack_of_a_member_restarts(client: httpx.AsyncClient, pool: dict[str, Any]) -> None:
    """Nobody waits for a session that does not end."""
    host = await a_member(client, pool)
    began = time.monotonic()
    await post(client, f"hosts/{host['id']}/actions/restart_toolstack", {"bypassBackupCheck": True})
    assert time.monotonic() - began < 5


async def test_two_people_do_not_act_on_one_host(sim: Sim, client: httpx.AsyncClient, pool: dict[str, Any]) -> None:
    """The second hears at once that he is, and of what."""
    host = await a_member(client, pool)
    await emptied(client, host["id"])
    url = f"hosts/{host['id']}/actions"
    first = await client.post(f"{API}/{url}/smart_reboot", json={"bypassVersionCheck": True})
    problem = await post(client, f"{url}/clean_shutdown", status=409)
    assert (problem["code"], problem["data"]["operation"]) == ("operation-in-progress", "reboot")
    assert problem["data"]["taskId"] == first.json()["taskId"]
    task = (await client.get(first.headers["location"], params={"wait": "true"})).json()
    assert task["status"] == "success", task


async def test_the_management_goes_to_no_foreign_interface(client: httpx.AsyncClient, pool: dict[str, Any]) -> None:
    host, other = await a_member(client, pool), pool["master"]
    pif = next(row for row in await some(client, "pifs", "physical? !management?") if row["$host"] == other)
    problem = await post(client, f"hosts/{host['id']}/actions/management_reconfigure", {"pif": pif["id"]}, 422)
    assert "another host" in problem["detail"]
    await post(client, f"hosts/{host['id']}/actions/management_reconfigure", {"pif": "nobody"}, 404)
    await post(client, f"pools/{pool['id']}/actions/management_reconfigure", {"network": "nobody"}, 404)
