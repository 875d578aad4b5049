"""The deletion of VMs: what goes with them, what stays, and what is not deleted at all."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

import xensim
from tests.api.acting import API, one, post, refuse_once, some
from tests.journeys.conftest import connect
from xensim import Sim


@pytest.fixture
async def sim() -> AsyncIterator[Sim]:
    async with xensim.serve(hosts=2, vms=24, seed=1, tls=True, port=0, pace=0) as pool:
        yield pool


@pytest.fixture
async def client(admin: httpx.AsyncClient, sim: Sim) -> httpx.AsyncClient:
    await connect(admin, sim)
    return admin


async def twin(client: httpx.AsyncClient, *, snapshots: int = 0) -> dict[str, Any]:
    """A VM that nobody else has anything to do with."""
    vm = next(vm for vm in await some(client, "vms", "power_state:Halted") if vm["$VBDs"] and not vm["snapshots"])
    made = (await post(client, f"vms/{vm['id']}/actions/clone", {"name_label": "twin"}, 201))["id"]
    for _ in range(snapshots):
        await post(client, f"vms/{made}/actions/snapshot", status=201)
    return await one(client, "vms", made)


async def disks_of(client: httpx.AsyncClient, collection: str, vm: str) -> list[str]:
    return [disk["id"] for disk in await some(client, f"{collection}/{vm}/vdis")]


async def test_snapshots_and_disks_go_with_their_vm(sim: Sim, client: httpx.AsyncClient) -> None:
    vm = await twin(client, snapshots=2)
    disks = await disks_of(client, "vms", vm["id"])
    pictures = [disk for one_ in vm["snapshots"] for disk in await disks_of(client, "vm-snapshots", one_)]
    assert len(pictures) == 2 * len(disks) > 0
    preview = await post(client, "vms/actions/delete", {"ids": [vm["id"]], "dryRun": True}, 200)
    count = 3 * len(disks)
    assert preview["possible"][0]["effect"] == f"will be deleted with {count} disks and 2 snapshots"
    answer = await client.delete(f"{API}/vms/{vm['id']}")
    assert (answer.status_code, answer.content) == (204, b"")
    await one(client, "vms", vm["id"], 404)
    for collection, gone in (("vdis", disks), ("vdi-snapshots", pictures), ("vm-snapshots", vm["snapshots"])):
        for object_id in gone:
            await one(client, collection, object_id, 404)
    refs = [sim.db.field("VM", ref, "uuid") for ref in sim.db.refs("VM")]
    assert not {vm["id"], *vm["snapshots"]} & set(refs)


async def test_one_snapshot_goes_with_its_disks_only(client: httpx.AsyncClient) -> None:
    vm = await twin(client, snapshots=2)
    first, second = vm["snapshots"]
    gone, kept = await disks_of(client, "vm-snapshots", first), await disks_of(client, "vm-snapshots", second)
    assert (await client.delete(f"{API}/vm-snapshots/{first}")).status_code == 204
    await one(client, "vm-snapshots", first, 404)
    assert (await one(client, "vms", vm["id"]))["snapshots"] == [second]
    for disk in gone:
        await one(client, "vdi-snapshots", disk, 404)
    for disk in kept:
        await one(client, "vdi-snapshots", disk)


async def test_disks_and_snapshots_may_stay(client: httpx.AsyncClient) -> None:
    vm = await twin(client, snapshots=1)
    disks = await disks_of(client, "vms", vm["id"])
    answer = await client.delete(f"{API}/vms/{vm['id']}", params={"delete_disks": "false"})
    assert answer.status_code == 204
    await one(client, "vms", vm["id"], 404)
    await one(client, "vm-snapshots", vm["snapshots"][0])
    for disk in disks:
        assert (await one(client, "vdis", disk))["$VBDs"] == []


async def test_what_stays_is_told(sim: Sim, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    vm, other = await twin(client), await twin(client)
    disks = await disks_of(client, "vms", vm["id"])
    body = {"VM": other["id"], "VDI": disks[0], "mode": "RO"}
    assert (await client.post(f"{API}/vbds", json=body)).status_code == 201
    answer = await client.delete(f"{API}/vms/{vm['id']}")
    assert answer.status_code == 200, answer.text
    [left] = answer.json()["left"]
    assert (left["id"], left["type"], left["reason"]) == (disks[0], "VDI", "another VM has it")
    await one(client, "vms", vm["id"], 404)
    await one(client, "vdis", disks[0])

    refuse_once(monkeypatch, "VDI.destroy")
    task_id = (await client.post(f"{API}/vms/actions/delete", json={"ids": [other["id"]]})).json()["taskId"]
    task = (await client.get(f"{API}/tasks/{task_id}", params={"wait": "true"})).json()
    assert task["status"] == "success"
    [within] = task["tasks"]
    assert len(within["result"]["left"]) == 1
    assert "was not deleted" in within["warnings"][0]["message"]


async def test_a_suspended_vm_goes_with_its_memory(sim: Sim, client: httpx.AsyncClient) -> None:
    vm = next(
        vm
        for vm in await some(client, "vms", "power_state:Running")
        if "suspend" in sim.db.field("VM", vm["_xapiRef"], "allowed_operations")  # type: ignore[operator]
    )
    await post(client, f"vms/{vm['id']}/actions/suspend")
    image = str(sim.db.field("VM", vm["_xapiRef"], "suspend_VDI"))
    assert sim.db.exists("VDI", image)
    assert (await client.delete(f"{API}/vms/{vm['id']}")).status_code in {200, 204}
    assert not sim.db.exists("VDI", image)
    assert not sim.db.exists("VM", vm["_xapiRef"])


async def test_the_guard_of_deletion(sim: Sim, client: httpx.AsyncClient) -> None:
    running = (await some(client, "vms", "power_state:Running"))[0]
    answer = await client.delete(f"{API}/vms/{running['id']}")
    assert (answer.status_code, answer.json()["code"]) == (409, "incorrect-state")
    assert "shut it down first" in answer.json()["detail"]
    template = (await some(client, "vm-templates", "isDefaultTemplate?"))[0]["id"]
    assert (await client.delete(f"{API}/vm-templates/{template}")).status_code == 403
    await one(client, "vm-templates", template)
    vm = await twin(client, snapshots=1)
    for collection, ref, object_id in (
        ("vms", vm["_xapiRef"], vm["id"]),
        ("vm-snapshots", (await one(client, "vm-snapshots", vm["snapshots"][0]))["_xapiRef"], vm["snapshots"][0]),
    ):
        sim.set("VM", ref, blocked_operations={"destroy": "on behalf of Ann"})
        async with asyncio.timeout(10):
            while not (await one(client, collection, object_id))["blockedOperations"]:
                await asyncio.sleep(0.02)
        answer = await client.delete(f"{API}/{collection}/{object_id}")
        assert (answer.status_code, answer.json()["xapi_code"]) == (409, "OPERATION_BLOCKED")
        assert "on behalf of Ann" in answer.json()["detail"]
        await one(client, collection, object_id)
    # of a VM that goes, a snapshot that must not go stays, with its disks
    sim.set("VM", vm["_xapiRef"], blocked_operations={})
    async with asyncio.timeout(10):
        while (await one(client, "vms", vm["id"]))["blockedOperations"]:
            await asyncio.sleep(0.02)
    pictures = await disks_of(client, "vm-snapshots", vm["snapshots"][0])
    answer = await client.delete(f"{API}/vms/{vm['id']}")
    assert [left["id"] for left in answer.json()["left"]] == vm["snapshots"]
    for disk in pictures:
        await one(client, "vdi-snapshots", disk)


async def test_an_aborted_deletion_leaves_no_disks_that_nobody_has(sim: Sim, client: httpx.AsyncClient) -> None:
    vms = [await twin(client, snapshots=1) for _ in range(3)]
    disks = {vm["id"]: await disks_of(client, "vms", vm["id"]) for vm in vms}
    sim.pool.pace = 0.3
    body = {"ids": [vm["id"] for vm in vms]}
    started = (await client.post(f"{API}/vms/actions/delete", json=body)).json()["taskId"]
    async with asyncio.timeout(10):
        while not any(sim.db.field("VM", vm["_xapiRef"], "current_operations") for vm in vms):
            await asyncio.sleep(0.01)
    await post(client, f"tasks/{started}/actions/abort")
    result = (await client.get(f"{API}/tasks/{started}")).json()["result"]
    assert result["code"] == "batch-aborted"
    gone = set(result["data"]["succeeded"])
    assert gone
    for vm in vms:
        status = 404 if vm["id"] in gone else 200
        await one(client, "vms", vm["id"], status)
        for disk in disks[vm["id"]]:
            await one(client, "vdis", disk, status)
