"""Actions on many objects: what they would do, what they do, what they say when some fail or somebody aborts them."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

import xensim
from podium.services.batch import AT_ONCE
from tests.api.acting import API, one, post, some
from tests.journeys.conftest import connect
from tests.journeys.sse import Follower
from tests.served import Service
from xensim import Sim


@pytest.fixture
async def sim() -> AsyncIterator[Sim]:
    async with xensim.serve(hosts=2, vms=24, seed=1, tls=True, port=0, pace=0) as pool:
        yield pool


@pytest.fixture
async def client(admin: httpx.AsyncClient, sim: Sim) -> httpx.AsyncClient:
    await connect(admin, sim)
    return admin


async def batch(client: httpx.AsyncClient, path: str, status: int = 200, **body: Any) -> Any:
    return await post(client, path, body, status)


async def ids(client: httpx.AsyncClient, collection: str, found: str) -> list[str]:
    return [row["id"] for row in await some(client, collection, found)]


async def ended(client: httpx.AsyncClient, task_id: str) -> dict[str, Any]:
    task: dict[str, Any] = (await client.get(f"{API}/tasks/{task_id}", params={"wait": "true"})).json()
    return task


async def test_it_says_first_what_it_would_do(sim: Sim, client: httpx.AsyncClient) -> None:
    halted, running = await some(client, "vms", "power_state:Halted"), await ids(client, "vms", "power_state:Running")
    blocked = halted[1]
    sim.set("VM", blocked["_xapiRef"], blocked_operations={"start": "ask Ann"})
    async with asyncio.timeout(10):
        while not (await one(client, "vms", blocked["id"]))["blockedOperations"]:
            await asyncio.sleep(0.02)
    wanted = [halted[0]["id"], blocked["id"], running[0], "nobody"]
    preview = await batch(client, "vms/actions/start", ids=wanted, dryRun=True)
    assert preview["possible"] == [
        {"id": wanted[0], "name_label": halted[0]["name_label"], "effect": "will be started"}
    ]
    assert [
        (row["id"], row["reasons"][0]["code"], row["reasons"][0].get("xapi_code")) for row in preview["impossible"]
    ] == [
        (blocked["id"], "incorrect-state", "OPERATION_BLOCKED"),
        (running[0], "incorrect-state", "VM_BAD_POWER_STATE"),
        ("nobody", "not-found", None),
    ]
    assert "ask Ann" in preview["impossible"][0]["reasons"][0]["message"]
    assert (await one(client, "vms", wanted[0]))["power_state"] == "Halted"


async def test_pools_are_asked_what_they_would_refuse(sim: Sim, client: httpx.AsyncClient) -> None:
    running = await some(client, "vms", "power_state:Running")
    able = {
        vm["id"]
        for vm in running
        if "clean_shutdown" in sim.db.field("VM", vm["_xapiRef"], "allowed_operations")  # type: ignore[operator]
    }
    assert 0 < len(able) < len(running)
    preview = await batch(client, "vms/actions/clean_shutdown", filter="power_state:Running", dryRun=True)
    assert {row["id"] for row in preview["possible"]} == able
    reasons = {row["reasons"][0]["xapi_code"] for row in preview["impossible"]}
    assert reasons == {"VM_LACKS_FEATURE"}


async def test_who_is_busy_is_told(sim: Sim, client: httpx.AsyncClient) -> None:
    vm = (await ids(client, "vms", "power_state:Halted"))[0]
    sim.pool.pace = 30.0
    started = (await client.post(f"{API}/vms/{vm}/actions/start")).json()["taskId"]
    preview = await batch(client, "vms/actions/start", ids=[vm], dryRun=True)
    reason = preview["impossible"][0]["reasons"][0]
    assert (reason["code"], reason["data"]) == ("operation-in-progress", {"operation": "start", "taskId": started})
    await post(client, f"tasks/{started}/actions/abort")


async def test_what_makes_no_sense_is_refused_before_anything_begins(client: httpx.AsyncClient) -> None:
    vms = await ids(client, "vms", "")
    before = await some(client, "tasks")
    for path, body, status in (
        ("vms/actions/start", {}, 422),
        ("vms/actions/start", {"ids": []}, 422),
        ("vms/actions/start", {"ids": vms, "filter": "x"}, 422),
        ("vms/actions/start", {"filter": "("}, 400),
        ("vms/actions/start", {"ids": ["nobody"]}, 404),
        ("vms/actions/start", {"ids": vms, "params": {"x": "1"}}, 422),
        ("vms/actions/start", {"ids": [*vms, "a\0b"]}, 422),
        ("vms/actions/start", {"ids": [str(at) for at in range(2001)]}, 422),
        ("vms/actions/snapshot", {"ids": vms, "params": {"memory": "yes"}}, 422),
        ("vms/actions/add_tag", {"ids": vms}, 422),
        ("vms/actions/add_tag", {"ids": vms, "params": {"tag": " "}}, 422),
        ("vms/actions/migrate", {"ids": vms}, 422),
        ("vms/actions/fly", {"ids": vms}, 404),
    ):
        answer = await client.post(f"{API}/{path}", json=body)
        assert answer.status_code == status, (path, body, answer.text)
    assert await some(client, "tasks") == before


async def test_it_acts_on_all_it_can(sim: Sim, client: httpx.AsyncClient) -> None:
    halted = (await ids(client, "vms", "power_state:Halted"))[:5]
    running = (await ids(client, "vms", "power_state:Running"))[0]
    problem = await batch(client, "vms/actions/start", 409, ids=[*halted, running, halted[0]])
    assert problem["code"] == "partly-failed"
    assert problem["data"]["succeeded"] == sorted(halted)
    [failed] = problem["data"]["failed"]
    assert (failed["id"], failed["error"]["xapi_code"]) == (running, "VM_BAD_POWER_STATE")
    for vm in halted:
        shown = await one(client, "vms", vm)
        assert shown["power_state"] == sim.db.field("VM", shown["_xapiRef"], "power_state") == "Running"
    task = (await some(client, "tasks"))[-1]
    assert task["status"] == "failure"
    assert sorted(within["status"] for within in task["tasks"]) == ["failure", *["success"] * 5]
    assert {within["properties"]["objectId"] for within in task["tasks"]} == {*halted, running}


async def test_a_filter_names_the_objects(client: httpx.AsyncClient) -> None:
    answer = await batch(client, "vms/actions/add_tag", filter="power_state:=Running", params={"tag": "on"})
    running = await ids(client, "vms", "power_state:=Running")
    assert answer == {"succeeded": sorted(running), "failed": []}
    assert await ids(client, "vms", "tags:=on") == running
    await batch(client, "vms/actions/remove_tag", filter="tags:=on", params={"tag": "on"})
    assert await ids(client, "vms", "tags:=on") == []
    assert await batch(client, "vms/actions/start", filter="tags:=on") == {"succeeded": [], "failed": []}


async def test_snapshots_deletions_and_moves_of_many(client: httpx.AsyncClient) -> None:
    halted = [vm["id"] for vm in await some(client, "vms", "power_state:Halted") if not vm["blockedOperations"]][:3]
    await batch(client, "vms/actions/snapshot", ids=halted, params={"name_label": "before the update"})
    made = await ids(client, "vm-snapshots", 'name_label:="before the update"')
    assert len(made) == 3
    preview = await batch(client, "vm-snapshots/actions/delete", ids=made, dryRun=True)
    assert len(preview["possible"]) == 3
    await batch(client, "vm-snapshots/actions/delete", ids=made)
    assert await ids(client, "vm-snapshots", 'name_label:="before the update"') == []
    host = next(row["id"] for row in await some(client, "hosts", "enabled?"))
    running = await ids(client, "vms", "power_state:Running")
    body = {"ids": [*halted, *running], "params": {"hostId": host}, "dryRun": True}
    preview = await post(client, "vms/actions/migrate", body, 200)
    refused = {row["id"]: row["reasons"][0]["xapi_code"] for row in preview["impossible"] if row["id"] in halted}
    assert set(refused.values()) <= {"VM_BAD_POWER_STATE"}
    movable = [row["id"] for row in preview["possible"] if row["id"] in running]
    assert movable
    for vm in movable:
        if (await one(client, "vms", vm))["$container"] != host:
            await batch(client, "vms/actions/migrate", ids=[vm], params={"hostId": host})
            assert (await one(client, "vms", vm))["$container"] == host
            break


async def test_an_abort_stops_the_rest_and_says_what_was_done(sim: Sim, client: httpx.AsyncClient) -> None:
    wanted = await ids(client, "vms", "power_state:Halted")
    sim.pool.pace = 0.02
    tasks_before = set(sim.db.refs("task"))
    started = (await client.post(f"{API}/vms/actions/start", json={"ids": wanted})).json()["taskId"]
    async with asyncio.timeout(10):
        while set(sim.db.refs("task")) == tasks_before:
            await asyncio.sleep(0.005)
    sim.pool.pace = 30.0
    await asyncio.sleep(0.2)
    await post(client, f"tasks/{started}/actions/abort")
    task = await ended(client, started)
    assert (task["status"], task["result"]["code"]) == ("failure", "batch-aborted")
    data = task["result"]["data"]
    assert sorted([*data["succeeded"], *(row["id"] for row in data["failed"]), *data["untouched"]]) == sorted(wanted)
    assert {row["error"]["code"] for row in data["failed"]} <= {"aborted", "incorrect-state"}
    for vm in wanted:
        expected = "Running" if vm in data["succeeded"] else "Halted"
        shown = await one(client, "vms", vm)
        assert shown["power_state"] == sim.db.field("VM", shown["_xapiRef"], "power_state") == expected
        assert not sim.db.field("VM", shown["_xapiRef"], "current_operations")
    assert set(sim.db.refs("task")) == tasks_before


async def test_two_hundred_vms_start_while_everybody_else_is_served(admin: httpx.AsyncClient, service: Service) -> None:
    async with xensim.serve(hosts=8, vms=400, seed=2, tls=False, port=0, pace=0) as sim:
        server = (
            await admin.post(f"{API}/servers", json={"host": sim.url, "username": "root", "password": "xensim"})
        ).json()["id"]
        await admin.post(f"{API}/servers/{server}/actions/connect", params={"sync": "true"})
        preview = await batch(admin, "vms/actions/hard_shutdown", filter="power_state:Running", dryRun=True)
        wanted = [row["id"] for row in preview["possible"]][:200]
        assert len(wanted) == 200
        await batch(admin, "vms/actions/hard_shutdown", ids=wanted)
        sim.pool.pace = 0.1
        async with (
            service.client() as watcher,
            Follower(watcher, collections="VM,task") as follower,
        ):
            began = time.monotonic()
            started = (await admin.post(f"{API}/vms/actions/start", json={"ids": wanted})).json()["taskId"]
            assert time.monotonic() - began < 2
            slowest: dict[str, float] = {}
            progress = set()
            busiest = 0
            refs = [str(follower.view["VM"][vm]["_xapiRef"]) for vm in wanted]
            while follower.view["task"].get(started, {}).get("status") != "success":
                for path in ("ping", "vms?fields=id,power_state&limit=100"):
                    asked = time.monotonic()
                    assert (await admin.get(f"{API}/{path}")).status_code == 200
                    slowest[path] = max(slowest.get(path, 0), time.monotonic() - asked)
                shown = follower.view["task"].get(started, {})
                assert shown.get("status") != "failure", shown["result"]
                progress.add(shown.get("progress"))
                busiest = max(busiest, sum(bool(sim.db.field("VM", ref, "current_operations")) for ref in refs))
                await asyncio.sleep(0.02)
            assert all(follower.view["VM"][vm]["power_state"] == "Running" for vm in wanted)
        task = await ended(admin, started)
        assert (task["status"], task["progress"], len(task["tasks"])) == ("success", 100, 200)
        assert {within["status"] for within in task["tasks"]} == {"success"}
        assert task["result"] == {"succeeded": sorted(wanted), "failed": []}
        assert len(progress) > 10
        assert 4 < busiest <= AT_ONCE
        assert max(slowest.values()) < 1, slowest


async def test_a_pool_that_is_away_keeps_nobody_else_from_it(client: httpx.AsyncClient) -> None:
    async with xensim.serve(hosts=1, vms=4, seed=9, tls=True, port=0, pace=0) as other:
        server = await connect(client, other)
        pool = (await client.get(f"{API}/servers/{server}")).json()["poolId"]
    async with asyncio.timeout(20):
        while (await client.get(f"{API}/servers/{server}")).json()["status"] == "connected":
            await asyncio.sleep(0.05)
    vms = await some(client, "vms")
    away = {vm["id"] for vm in vms if vm["$pool"] == pool}
    assert away
    preview = await batch(client, "vms/actions/snapshot", ids=[vm["id"] for vm in vms], dryRun=True)
    reasons = {row["id"]: row["reasons"][0]["code"] for row in preview["impossible"] if row["id"] in away}
    assert reasons == dict.fromkeys(away, "pool-unreachable")
    problem = await batch(
        client, "vms/actions/add_tag", 409, ids=[vm["id"] for vm in vms], params={"tag": "everywhere"}
    )
    assert {row["id"] for row in problem["data"]["failed"]} == away
    assert {row["error"]["code"] for row in problem["data"]["failed"]} == {"pool-unreachable"}
    assert set(problem["data"]["succeeded"]) == {vm["id"] for vm in vms} - away
