"""Snapshots of VMs, CDs, and what becomes of a VM when something half way is refused or aborted."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

import xensim
from tests.api.acting import API, one, post, refuse_once, some
from tests.journeys.conftest import connect
from xensim import Sim
from xensim.failures import XapiFailure
from xensim.registry import OPERATIONS

KINDS = ("VM", "VDI", "VBD", "VIF", "task")


@pytest.fixture
async def sim() -> AsyncIterator[Sim]:
    async with xensim.serve(hosts=2, vms=24, seed=1, tls=True, port=0, pace=0) as pool:
        yield pool


@pytest.fixture
async def client(admin: httpx.AsyncClient, sim: Sim) -> httpx.AsyncClient:
    await connect(admin, sim)
    return admin


def refuse(*_: object) -> None:
    raise XapiFailure("INTERNAL_ERROR", "simulated")


def everything(sim: Sim) -> dict[str, set[str]]:
    """Base copies apart, which a pool's collector merges later."""
    found = {kind: set(sim.db.refs(kind)) for kind in KINDS}
    return found | {"VDI": {ref for ref in found["VDI"] if sim.db.field("VDI", ref, "managed")}}


async def halted(client: httpx.AsyncClient, at: int = 0) -> dict[str, Any]:
    return [vm for vm in await some(client, "vms", "power_state:Halted") if vm["$VBDs"]][at]


async def disks_of(client: httpx.AsyncClient, collection: str, vm: str) -> list[dict[str, Any]]:
    return await some(client, f"{collection}/{vm}/vdis")


async def test_a_snapshot_is_taken_and_the_vm_goes_back(sim: Sim, client: httpx.AsyncClient) -> None:
    vm = await halted(client)
    body = {"name_label": "before", "name_description": "why"}
    made = await client.post(f"{API}/vms/{vm['id']}/actions/snapshot", params={"sync": "true"}, json=body)
    assert made.status_code == 201, made.text
    snapshot = await one(client, "vm-snapshots", made.json()["id"])
    assert made.headers["location"] == f"{API}/vm-snapshots/{snapshot['id']}"
    assert (snapshot["name_label"], snapshot["name_description"]) == ("before", "why")
    assert snapshot["$snapshot_of"] == vm["id"]
    assert snapshot["id"] in (await one(client, "vms", vm["id"]))["snapshots"]
    sim.set("VM", vm["_xapiRef"], name_description="changed since")
    revert = f"vms/{vm['id']}/actions/revert_snapshot"
    await post(client, revert, {"snapshotId": snapshot["id"], "snapshotBefore": True})
    after = await one(client, "vms", vm["id"])
    assert len(after["snapshots"]) == len(vm["snapshots"]) + 2
    assert after["name_description"] == vm["name_description"]
    assert sim.db.field("VM", vm["_xapiRef"], "name_description") == vm["name_description"]
    [kept] = set(after["snapshots"]) - set(vm["snapshots"]) - {snapshot["id"]}
    assert (await one(client, "vm-snapshots", kept))["name_description"] == "changed since"


async def test_a_snapshot_is_called_as_in_xen_orchestra(client: httpx.AsyncClient) -> None:
    vm = await halted(client)
    made = await post(client, f"vms/{vm['id']}/actions/snapshot", status=201)
    name = (await one(client, "vm-snapshots", made["id"]))["name_label"]
    assert re.fullmatch(re.escape(vm["name_label"]) + r"_\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", name), name


async def test_what_cannot_be_reverted_to_is_said_at_once(sim: Sim, client: httpx.AsyncClient) -> None:
    vm, other = await halted(client, 0), await halted(client, 1)
    snapshot = (await post(client, f"vms/{vm['id']}/actions/snapshot", status=201))["id"]
    for wanted, status in ((snapshot, 422), ("nobody", 404)):
        answer = await client.post(
            f"{API}/vms/{other['id']}/actions/revert_snapshot", json={"snapshotId": wanted}, params={}
        )
        assert answer.status_code == status, answer.text
    problem = await post(client, f"vms/{other['id']}/actions/revert_snapshot", {"snapshotId": snapshot}, 422)
    assert "is not a snapshot of" in problem["detail"]
    await post(client, f"vms/{vm['id']}/actions/revert_snapshot", {}, 422)


async def test_what_it_was_before_is_kept_when_going_back_fails(
    sim: Sim, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    vm = await halted(client)
    snapshot = (await post(client, f"vms/{vm['id']}/actions/snapshot", status=201))["id"]
    refuse_once(monkeypatch, "VM.revert")
    body = {"snapshotId": snapshot, "snapshotBefore": True}
    problem = await post(client, f"vms/{vm['id']}/actions/revert_snapshot", body, 502)
    assert problem["done"] == ["took a snapshot of what it was before"]
    assert "undone" not in problem
    assert len((await one(client, "vms", vm["id"]))["snapshots"]) == len(vm["snapshots"]) + 2


async def test_marked_disks_are_left_out(sim: Sim, client: httpx.AsyncClient) -> None:
    vm = next(vm for vm in await some(client, "vms", "power_state:Halted") if len(vm["$VBDs"]) > 1)
    marked = (await disks_of(client, "vms", vm["id"]))[0]
    sim.set("VDI", marked["_xapiRef"], name_label=f"[NOSNAP] {marked['name_label']}")
    async with asyncio.timeout(10):
        while not (await one(client, "vdis", marked["id"]))["name_label"].startswith("[NOSNAP]"):
            await asyncio.sleep(0.02)
    made = (await post(client, f"vms/{vm['id']}/actions/snapshot", status=201))["id"]
    all_of_it, kept = await disks_of(client, "vms", vm["id"]), await disks_of(client, "vm-snapshots", made)
    assert len(kept) == len(all_of_it) - 1
    assert marked["id"] not in {disk["$snapshot_of"] for disk in kept}


async def test_a_snapshot_with_memory(sim: Sim, client: httpx.AsyncClient) -> None:
    for vm in await some(client, "vms", "power_state:Running"):
        if "checkpoint" in sim.db.field("VM", vm["_xapiRef"], "allowed_operations"):  # type: ignore[operator]
            break
    made = await post(client, f"vms/{vm['id']}/actions/snapshot", {"memory": True}, 201)
    shown = await one(client, "vm-snapshots", made["id"])
    assert shown["power_state"] == "Suspended"
    assert shown["suspendVdi"]
    assert (await one(client, "vms", vm["id"]))["power_state"] == "Running"
    problem = await post(client, f"vms/{(await halted(client))['id']}/actions/snapshot", {"memory": True}, 409)
    assert problem["xapi_code"] == "VM_BAD_POWER_STATE"


async def test_a_snapshot_that_cannot_be_described_goes_again(
    sim: Sim, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    vm = await halted(client)
    before = everything(sim)
    monkeypatch.setitem(OPERATIONS, "VM.set_name_description", refuse)
    body = {"name_label": "x", "name_description": "y"}
    problem = await post(client, f"vms/{vm['id']}/actions/snapshot", body, 502)
    assert (problem["done"], problem["undone"]) == (["took the snapshot"], ["took the snapshot"])
    assert everything(sim) == before
    assert (await one(client, "vms", vm["id"]))["snapshots"] == vm["snapshots"]


async def test_an_aborted_snapshot_leaves_nothing(sim: Sim, client: httpx.AsyncClient) -> None:
    vm = await halted(client)
    before = everything(sim)
    sim.pool.pace = 30.0
    started = (await client.post(f"{API}/vms/{vm['id']}/actions/snapshot")).json()["taskId"]
    async with asyncio.timeout(10):
        while set(sim.db.refs("task")) == before["task"]:
            await asyncio.sleep(0.02)
    sim.pool.pace = 0.0
    await post(client, f"tasks/{started}/actions/abort")
    assert (await client.get(f"{API}/tasks/{started}")).json()["result"]["code"] == "aborted"
    assert everything(sim) == before


async def cd_of(client: httpx.AsyncClient, vm: str) -> list[str | None]:
    return [row.get("VDI") for row in await some(client, "vbds", "is_cd_drive?") if row["VM"] == vm]


async def images(client: httpx.AsyncClient) -> list[str]:
    libraries = {row["id"] for row in await some(client, "srs", "content_type:iso")}
    return [row["id"] for row in await some(client, "vdis") if row["$SR"] in libraries]


async def test_a_cd_goes_in_and_out(client: httpx.AsyncClient) -> None:
    first, second, *_ = await images(client)
    vm = (await halted(client))["id"]
    for image in (first, second, second):
        await post(client, f"vms/{vm}/actions/insert_cd", {"vdiId": image})
        assert await cd_of(client, vm) == [image]
    for _ in range(2):
        await post(client, f"vms/{vm}/actions/eject_cd")
        assert await cd_of(client, vm) == [None]
    await post(client, f"vms/{vm}/actions/insert_cd", {"vdiId": "nobody"}, 404)


async def test_a_vm_without_a_drive_gets_one(
    sim: Sim, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = (await images(client))[0]
    vm = await halted(client)
    for row in await some(client, "vbds", "is_cd_drive?"):
        if row["VM"] == vm["id"]:
            assert (await client.delete(f"{API}/vbds/{row['id']}")).status_code == 204
    before = everything(sim)
    refuse_once(monkeypatch, "VBD.insert")
    problem = await post(client, f"vms/{vm['id']}/actions/insert_cd", {"vdiId": image}, 502)
    assert problem["undone"] == ["added a CD drive"]
    assert everything(sim) == before
    await post(client, f"vms/{vm['id']}/actions/insert_cd", {"vdiId": image})
    assert await cd_of(client, vm["id"]) == [image]


async def test_the_old_cd_comes_back_when_the_new_one_cannot_be_inserted(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, *_ = await images(client)
    vm = (await halted(client))["id"]
    refuse_once(monkeypatch, "VBD.insert", after=1)
    await post(client, f"vms/{vm}/actions/insert_cd", {"vdiId": first})
    problem = await post(client, f"vms/{vm}/actions/insert_cd", {"vdiId": second}, 502)
    assert len(problem["undone"]) == 1
    assert await cd_of(client, vm) == [first]
