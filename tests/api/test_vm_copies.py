"""Clones and copies of VMs, snapshots and templates, conversions, and their deletion."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

import xensim
from tests.api.acting import API, one, post, refuse_once, some
from tests.journeys.conftest import connect
from xensim import Sim

KINDS = ("VM", "VDI", "VBD", "VIF", "task")


@pytest.fixture
async def sim() -> AsyncIterator[Sim]:
    async with xensim.serve(hosts=2, vms=24, seed=1, tls=True, port=0, pace=0) as pool:
        yield pool


@pytest.fixture
async def client(admin: httpx.AsyncClient, sim: Sim) -> httpx.AsyncClient:
    await connect(admin, sim)
    return admin


def everything(sim: Sim) -> dict[str, set[str]]:
    """Base copies apart, which a pool's collector merges later."""
    found = {kind: set(sim.db.refs(kind)) for kind in KINDS}
    return found | {"VDI": {ref for ref in found["VDI"] if sim.db.field("VDI", ref, "managed")}}


async def vm_in(client: httpx.AsyncClient, state: str) -> dict[str, Any]:
    return next(
        vm
        for vm in await some(client, "vms", f"power_state:{state}")
        if vm["$VBDs"] and not vm["blockedOperations"] and not vm["snapshots"]
    )


async def clone(client: httpx.AsyncClient, collection: str, vm: str, **body: Any) -> str:
    answer = await client.post(f"{API}/{collection}/{vm}/actions/clone", params={"sync": "true"}, json=body)
    assert answer.status_code == 201, answer.text
    made = str(answer.json()["id"])
    where = "vm-templates" if collection == "vm-templates" else "vms"
    assert answer.headers["location"] == f"{API}/{where}/{made}"
    assert (await one(client, where, made))["id"] == made
    return made


async def shared_sr(client: httpx.AsyncClient, pool: str) -> str:
    """The pool's default SR, which all its hosts see."""
    return str((await one(client, "pools", pool))["default_SR"])


async def test_clones_and_copies_and_their_deletion(sim: Sim, client: httpx.AsyncClient) -> None:
    vm = await vm_in(client, "Halted")
    sr = await shared_sr(client, vm["$pool"])
    before = everything(sim)
    for body in ({"name_label": "fast"}, {"fast": False}, {"name_label": "there", "srId": sr}):
        made = await clone(client, "vms", vm["id"], **body)
        assert (await one(client, "vms", made))["name_label"] == body.get("name_label", f"{vm['name_label']}_clone")
        disks = await some(client, f"vms/{made}/vdis")
        assert disks
        if "srId" in body:
            assert {disk["$SR"] for disk in disks} == {sr}
        assert (await client.delete(f"{API}/vms/{made}")).status_code == 204
        await one(client, "vms", made, 404)
        for disk in disks:
            await one(client, "vdis", disk["id"], 404)
        after = everything(sim)
        assert all(before[kind] == after[kind] for kind in ("VM", "VBD", "VIF"))
    await post(client, f"vms/{vm['id']}/actions/clone", {"fast": True, "srId": sr}, 422)
    await post(client, f"vms/{vm['id']}/actions/clone", {"srId": "nobody"}, 404)
    own = (await some(client, "hosts"))[0]["id"]
    await post(client, f"vms/{vm['id']}/actions/clone", {"hostId": own}, 422)


async def test_a_running_vm_is_copied_as_it_is_now(sim: Sim, client: httpx.AsyncClient) -> None:
    vm = await vm_in(client, "Running")
    for fast in (True, False):
        made = await one(client, "vms", await clone(client, "vms", vm["id"], name_label="twin", fast=fast))
        assert (made["power_state"], made["name_label"]) == ("Halted", "twin")
        after = await one(client, "vms", vm["id"])
        assert (after["power_state"], after["snapshots"]) == ("Running", vm["snapshots"])
        assert (await client.delete(f"{API}/vms/{made['id']}")).status_code == 204


async def test_a_copy_that_cannot_be_finished_leaves_nothing(
    sim: Sim, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    vm = await vm_in(client, "Running")
    before = everything(sim)
    refuse_once(monkeypatch, "VM.copy")
    problem = await post(client, f"vms/{vm['id']}/actions/clone", {"fast": False}, 502)
    assert problem["undone"] == ["took a snapshot to copy from"]
    after = everything(sim)
    assert all(before[kind] == after[kind] for kind in ("VM", "VBD", "VIF", "task"))
    assert (await one(client, "vms", vm["id"]))["snapshots"] == vm["snapshots"]


async def test_an_aborted_copy_is_stopped_at_the_pool(sim: Sim, client: httpx.AsyncClient) -> None:
    vm = await vm_in(client, "Halted")
    before = everything(sim)
    sim.pool.pace = 30.0
    started = (await client.post(f"{API}/vms/{vm['id']}/actions/clone", json={"fast": False})).json()["taskId"]
    async with asyncio.timeout(10):
        while set(sim.db.refs("task")) == before["task"]:
            await asyncio.sleep(0.02)
    await post(client, f"tasks/{started}/actions/abort")
    task = (await client.get(f"{API}/tasks/{started}")).json()
    assert (task["status"], task["result"]["code"]) == ("failure", "aborted")
    assert everything(sim) == before


async def test_an_aborted_copy_of_a_running_vm_says_what_was_undone(sim: Sim, client: httpx.AsyncClient) -> None:
    vm = await vm_in(client, "Running")
    before = everything(sim)
    sim.pool.pace = 0.5
    started = (await client.post(f"{API}/vms/{vm['id']}/actions/clone", json={"fast": False})).json()["taskId"]
    async with asyncio.timeout(10):
        while not any(sim.db.field("VM", ref, "current_operations") for ref in set(sim.db.refs("VM")) - before["VM"]):
            await asyncio.sleep(0.01)
    sim.pool.pace = 0.0
    await post(client, f"tasks/{started}/actions/abort")
    task = (await client.get(f"{API}/tasks/{started}")).json()
    assert (task["status"], task["result"]["code"]) == ("failure", "aborted")
    assert task["result"]["undone"] == ["took a snapshot to copy from"]
    assert everything(sim) == before


async def test_a_snapshot_and_a_template_are_cloned(client: httpx.AsyncClient) -> None:
    vm = await vm_in(client, "Halted")
    snapshot = (await post(client, f"vms/{vm['id']}/actions/snapshot", status=201))["id"]
    made = await clone(client, "vm-snapshots", snapshot, name_label="of a snapshot")
    assert (await one(client, "vms", made))["name_label"] == "of a snapshot"
    default = (await some(client, "vm-templates", "isDefaultTemplate?"))[0]["id"]
    custom = await one(client, "vm-templates", await clone(client, "vm-templates", default, name_label="mine"))
    assert custom["isDefaultTemplate"] is False
    assert (await client.delete(f"{API}/vm-templates/{custom['id']}")).status_code == 204


async def test_a_copy_goes_to_another_pool(client: httpx.AsyncClient) -> None:
    vm = await vm_in(client, "Halted")
    async with xensim.serve(hosts=1, vms=2, seed=7, tls=True, port=0, pace=0) as other:
        await connect(client, other)
        pool = next(row["id"] for row in await some(client, "pools") if row["id"] != vm["$pool"])
        sr = await shared_sr(client, pool)
        answer = await client.post(
            f"{API}/vms/{vm['id']}/actions/clone", params={"sync": "true"}, json={"name_label": "away", "srId": sr}
        )
        assert answer.status_code == 201, answer.text
        copy = await one(client, "vms", answer.json()["id"])
        assert (copy["$pool"], copy["name_label"], copy["power_state"]) == (pool, "away", "Halted")
        assert {disk["$SR"] for disk in await some(client, f"vms/{copy['id']}/vdis")} == {sr}
        assert (await one(client, "vms", vm["id"]))["$pool"] == vm["$pool"]


async def test_a_vm_becomes_a_template_and_again_a_vm(sim: Sim, client: httpx.AsyncClient) -> None:
    for vm in await some(client, "vms", "power_state:Halted"):
        answer = await client.post(f"{API}/vms/{vm['id']}/actions/convert_to_template", params={"sync": "true"})
        if answer.status_code == 204:
            break
        assert answer.json()["xapi_code"] == "VM_IS_PART_OF_AN_APPLIANCE"
    await one(client, "vms", vm["id"], 404)
    assert (await one(client, "vm-templates", vm["id"]))["isDefaultTemplate"] is False
    assert sim.db.field("VM", vm["_xapiRef"], "is_a_template") is True
    await post(client, f"vm-templates/{vm['id']}/actions/convert_to_vm")
    assert (await one(client, "vms", vm["id"]))["power_state"] == "Halted"
    running = (await some(client, "vms", "power_state:Running"))[0]["id"]
    answer = await client.post(f"{API}/vms/{running}/actions/convert_to_template")
    assert (answer.status_code, answer.json()["xapi_code"]) == (409, "VM_BAD_POWER_STATE")
    default = (await some(client, "vm-templates", "isDefaultTemplate?"))[0]["id"]
    await post(client, f"vm-templates/{default}/actions/convert_to_vm", status=403)
