"""Migration: within a pool, with the storage, to another pool; and the question where it can be."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

import xensim
from tests.api.acting import API, one, patch, post, some
from tests.api.interference import Interference, interference
from tests.journeys.conftest import connect
from tests.served import Service
from xensim import Sim

__all__ = ["interference"]
Row = dict[str, Any]


@pytest.fixture
async def sim() -> AsyncIterator[Sim]:
    async with xensim.serve(hosts=3, vms=30, seed=1, tls=False, port=0, pace=0) as pool:
        yield pool


@pytest.fixture
async def other() -> AsyncIterator[Sim]:
    async with xensim.serve(hosts=2, vms=4, seed=2, tls=False, port=0, pace=0) as pool:
        yield pool


@pytest.fixture
async def client(admin: httpx.AsyncClient, sim: Sim) -> httpx.AsyncClient:
    await connect(admin, sim)
    return admin


async def check(client: httpx.AsyncClient, vm: Row, **body: Any) -> list[Row]:
    answer = await client.post(f"{API}/vms/{vm['id']}/actions/check_migrate", json=body)
    assert answer.status_code == 200, answer.text
    rows: list[Row] = answer.json()["hosts"]
    return rows


async def movable(client: httpx.AsyncClient, kind: str, state: str = "Running") -> tuple[Row, Row]:
    """A VM of the first pool that can move in that way, and to where."""
    for vm in await some(client, "vms", f"power_state:{state}"):
        for host in await check(client, vm):
            if host["possible"] and host["kind"] == kind:
                return vm, host
    raise AssertionError(f"no VM can move: {kind}")


async def disks(client: httpx.AsyncClient, vm: Row) -> list[Row]:
    return list((await client.get(f"{API}/vms/{vm['id']}/vdis", params={"fields": "*"})).json())


def ref(sim: Sim, kind: str, uuid: str) -> str | None:
    return next((ref for ref in sim.db.refs(kind) if sim.db.field(kind, ref, "uuid") == uuid), None)


def counted(sim: Sim) -> dict[str, set[str]]:
    return {kind: set(sim.db.refs(kind)) for kind in ("VM", "VDI", "VBD", "VIF", "task", "session")}


async def test_a_running_vm_moves_within_its_pool(
    sim: Sim, client: httpx.AsyncClient, interference: Interference
) -> None:
    vm, to = await movable(client, "live")
    interference.begin()
    await post(client, f"vms/{vm['id']}/actions/migrate", {"hostId": to["hostId"]})
    assert interference.calls == ["VM.pool_migrate"]
    shown = await one(client, "vms", vm["id"])
    assert (shown["$container"], shown["power_state"]) == (to["hostId"], "Running")
    record = sim.db.record("VM", vm["_xapiRef"])
    assert sim.db.field("host", str(record["resident_on"]), "uuid") == to["hostId"]
    reasons = (await check(client, shown, hostId=to["hostId"]))[0]["reasons"]
    assert [reason["message"] for reason in reasons] == [f"{vm['name_label']} is there already"]


async def test_to_the_storage_where_it_is_no_storage_moves(
    client: httpx.AsyncClient, interference: Interference
) -> None:
    vm, to = await movable(client, "live")
    here = {disk["id"]: disk["$SR"] for disk in await disks(client, vm)}
    interference.begin()
    body = {"hostId": to["hostId"], "srIdByVdiId": here}
    await post(client, f"vms/{vm['id']}/actions/migrate", body)
    assert interference.calls == ["VM.pool_migrate"]


async def test_disks_move_to_other_storage(sim: Sim, client: httpx.AsyncClient, interference: Interference) -> None:
    vm, to = await movable(client, "live")
    before = counted(sim)
    here = {disk["$SR"] for disk in await disks(client, vm)}
    target = next(
        sr["id"]
        for sr in await some(client, "srs", "shared?")
        if sr["SR_type"] in {"nfs", "lvmoiscsi"}
        and sr["id"] not in here
        and sr["name_label"] != "Old NFS (decommissioned)"
    )
    found = await check(client, vm, hostId=to["hostId"], srId=target)
    assert [(row["kind"], row["possible"]) for row in found] == [("storage", True)]
    await post(client, f"vms/{vm['id']}/actions/migrate", {"hostId": to["hostId"], "srId": target})
    assert {disk["$SR"] for disk in await disks(client, vm)} == {target}
    assert (await one(client, "vms", vm["id"]))["$container"] == to["hostId"]
    after = counted(sim)
    assert {kind: len(refs) for kind, refs in after.items()} == {kind: len(refs) for kind, refs in before.items()}


async def test_a_halted_vm_has_nothing_to_move_within_its_pool(client: httpx.AsyncClient) -> None:
    vm = next(row for row in await some(client, "vms", "power_state:Halted") if row["$container"] == row["$pool"])
    rows = await check(client, vm)
    assert {(row["kind"], row["possible"]) for row in rows} == {("cold", False)}
    problem = await post(client, f"vms/{vm['id']}/actions/migrate", {"hostId": rows[0]["hostId"]}, 409)
    assert "is halted" in problem["detail"]


@pytest.mark.parametrize("state", ["Running", "Halted"])
async def test_a_vm_moves_to_another_pool(state: str, sim: Sim, other: Sim, client: httpx.AsyncClient) -> None:
    await connect(client, other)
    vm, to = await movable(client, "cross-pool", state)
    assert to["poolId"] != vm["$pool"]
    sessions = len(other.db.refs("session"))
    await post(client, f"vms/{vm['id']}/actions/migrate", {"hostId": to["hostId"]})
    shown = await one(client, "vms", vm["id"])
    assert (shown["$pool"], shown["power_state"]) == (to["poolId"], state)
    assert ref(sim, "VM", vm["uuid"]) is None
    assert ref(other, "VM", vm["uuid"]) is not None
    pool = await one(client, "pools", to["poolId"])
    assert {disk["$SR"] for disk in await disks(client, shown)} == {pool["default_SR"]}
    for vif in await some(client, "vifs", f"$VM:{vm['id']}"):
        assert (await one(client, "networks", vif["$network"]))["$pool"] == to["poolId"]
    assert len(other.db.refs("session")) == sessions


async def test_each_disk_and_interface_goes_where_it_is_told(other: Sim, client: httpx.AsyncClient) -> None:
    await connect(client, other)
    vm, to = await movable(client, "cross-pool")
    there = f"$pool:{to['poolId']}"
    sr = next(row for row in await some(client, "srs", f"shared? {there}") if row["SR_type"] == "lvmoiscsi")
    network = next(row for row in await some(client, "networks", there) if row["name_label"].startswith("DMZ"))
    body = {
        "hostId": to["hostId"],
        "srIdByVdiId": {disk["id"]: sr["id"] for disk in await disks(client, vm)},
        "networkIdByVifId": dict.fromkeys(vm["VIFs"], network["id"]),
    }
    await post(client, f"vms/{vm['id']}/actions/migrate", body)
    shown = await one(client, "vms", vm["id"])
    assert {disk["$SR"] for disk in await disks(client, shown)} == {sr["id"]}
    assert {vif["$network"] for vif in await some(client, "vifs", f"$VM:{vm['id']}")} == {network["id"]}


async def test_what_is_not_mapped_is_named(sim: Sim, other: Sim, client: httpx.AsyncClient) -> None:
    await connect(client, other)
    vm, to = await movable(client, "cross-pool")
    pool_ref = next(iter(other.db.refs("pool")))
    other.db.set("pool", pool_ref, default_SR="OpaqueRef:NULL")
    for network in await some(client, "networks", f"$pool:{to['poolId']}"):
        await patch(client, f"networks/{network['id']}", name_label=f"other {network['name_label']}")
    problem = await post(client, f"vms/{vm['id']}/actions/migrate", {"hostId": to["hostId"]}, 422)
    for disk in await disks(client, vm):
        assert disk["name_label"] in problem["detail"]
    assert "the interface 0, now on" in problem["detail"]
    found = await check(client, vm, hostId=to["hostId"])
    assert [reason["code"] for reason in found[0]["reasons"]] == ["invalid-parameters"]
    assert ref(sim, "VM", vm["uuid"]) is not None


async def test_what_the_other_pool_lacks_is_named(sim: Sim, other: Sim, client: httpx.AsyncClient) -> None:
    await connect(client, other)
    vm, to = await movable(client, "cross-pool")
    there = f"$pool:{to['poolId']}"
    iso = next(row for row in await some(client, "srs", there) if row["SR_type"] == "iso")
    found = await check(client, vm, hostId=to["hostId"], srId=iso["id"])
    assert (found[0]["kind"], found[0]["possible"]) == ("cross-pool", False)
    reason = found[0]["reasons"][0]
    assert (reason["xapi_code"], reason["words"]) == ("SR_DOES_NOT_SUPPORT_MIGRATION", [iso["name_label"]])
    before = counted(other)
    problem = await post(client, f"vms/{vm['id']}/actions/migrate", {"hostId": to["hostId"], "srId": iso["id"]}, 501)
    assert problem["words"] == [iso["name_label"]]
    assert counted(other) == before


async def test_an_aborted_move_leaves_the_vm_where_it_was(sim: Sim, other: Sim, client: httpx.AsyncClient) -> None:
    await connect(client, other)
    vm, to = await movable(client, "cross-pool")
    here, there = counted(sim), counted(other)
    sim.pool.pace = 20.0
    answer = await client.post(f"{API}/vms/{vm['id']}/actions/migrate", json={"hostId": to["hostId"]})
    task = answer.json()["taskId"]
    async with asyncio.timeout(20):
        while not (await one(client, "tasks", task)).get("progress"):
            await asyncio.sleep(0.05)
    problem = await post(client, f"vms/{vm['id']}/actions/migrate", {"hostId": to["hostId"]}, 409)
    assert problem["code"] == "operation-in-progress"
    await post(client, f"tasks/{task}/actions/abort")
    sim.pool.pace = 0.0
    assert (await one(client, "tasks", task))["result"]["code"] == "aborted"
    assert counted(sim) == here
    assert counted(other) == there
    shown = await one(client, "vms", vm["id"])
    assert (shown["$pool"], shown["$container"]) == (vm["$pool"], vm["$container"])


async def test_what_is_known_here_is_asked_of_nobody(
    sim: Sim, client: httpx.AsyncClient, interference: Interference
) -> None:
    vm, to = await movable(client, "live")
    await post(client, f"hosts/{to['hostId']}/actions/disable")
    interference.begin()
    found = await check(client, vm, hostId=to["hostId"])
    assert [reason["xapi_code"] for reason in found[0]["reasons"]] == ["HOST_DISABLED"]
    await patch(client, f"vms/{vm['id']}", blockedOperations={"pool_migrate": "not in the day"})
    interference.begin()
    found = await check(client, vm)
    assert not any(row["possible"] for row in found)
    assert all("not in the day" in row["reasons"][-1]["message"] for row in found if row["hostId"] != vm["$container"])
    assert interference.calls == []


async def test_hosts_of_pools_that_do_not_answer_are_left_out(other: Sim, client: httpx.AsyncClient) -> None:
    server = await connect(client, other)
    vm, to = await movable(client, "cross-pool")
    await post(client, f"servers/{server}/actions/disconnect")
    assert {row["poolId"] for row in await check(client, vm)} == {vm["$pool"]}
    assert to["poolId"] != vm["$pool"]


async def test_what_is_not_there(client: httpx.AsyncClient) -> None:
    vm, to = await movable(client, "live")
    url = f"vms/{vm['id']}/actions/migrate"
    await post(client, "vms/nobody/actions/migrate", {"hostId": to["hostId"]}, 404)
    for body, status in (
        ({"hostId": "nobody"}, 404),
        ({"hostId": to["hostId"], "srId": "nobody"}, 404),
        ({"hostId": to["hostId"], "migrationNetworkId": "nobody"}, 404),
        ({"hostId": to["hostId"], "srIdByVdiId": {"nobody": "x"}}, 422),
        ({"hostId": to["hostId"], "networkIdByVifId": {"nobody": "x"}}, 422),
        ({}, 422),
        ({"hostId": to["hostId"], "unknown": 1}, 422),
    ):
        problem = await post(client, url, body, status)
        assert problem["status"] == status
    await post(client, f"vms/{vm['id']}/actions/check_migrate", {"hostId": "nobody"}, 404)


async def test_who_may_not(client: httpx.AsyncClient, service: Service) -> None:
    vm, to = await movable(client, "live")
    nobody = ("nobody@example.org", "long enough a secret")
    answer = await client.post(f"{API}/users", json={"name": nobody[0], "password": nobody[1], "permission": "none"})
    assert answer.status_code == 201, answer.text
    async with service.client(auth=nobody) as stranger:
        for action in ("migrate", "check_migrate"):
            problem = await post(stranger, f"vms/{vm['id']}/actions/{action}", {"hostId": to["hostId"]}, 403)
            missing = problem["data"]["missingPrivileges"]
            assert missing == [{"action": "migrate-send", "resource": "vm", "objectId": vm["id"]}]
