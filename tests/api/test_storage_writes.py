"""What is done to disks: from HTTP to the simulated pool's state, and back into the cache before the answer."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

import xensim
from tests.api.acting import API, one, patch, post, refuse_once, some
from tests.journeys.conftest import connect
from xensim import Sim

GIB = 1 << 30


@pytest.fixture
async def sim() -> AsyncIterator[Sim]:
    async with xensim.serve(hosts=2, vms=24, seed=1, tls=True, port=0, pace=0) as one:
        yield one


@pytest.fixture
async def client(admin: httpx.AsyncClient, sim: Sim) -> httpx.AsyncClient:
    await connect(admin, sim)
    return admin


async def shared_srs(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    rows = await some(client, "srs", "shared?")
    return [row for row in rows if row["content_type"] != "iso" and row["SR_type"] in {"nfs", "lvmoiscsi", "lvmohba"}]


async def new_disk(client: httpx.AsyncClient, sr: str, **more: Any) -> dict[str, Any]:
    made = await post(client, "vdis", {"srId": sr, "virtual_size": GIB, "name_label": "new", **more}, 201)
    return await one(client, "vdis", made["id"])


async def attached_disk(client: httpx.AsyncClient, state: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A disk on shared storage of a VM in that power state, and the VM."""
    srs = {row["id"] for row in await shared_srs(client)}
    vbds = {row["id"]: row for row in await some(client, "vbds")}
    for vm in await some(client, "vms", f"power_state:{state}"):
        for vbd in (vbds[id_] for id_ in vm["$VBDs"] if id_ in vbds):
            if vbd["is_cd_drive"] or "VDI" not in vbd:
                continue
            disk = await one(client, "vdis", vbd["VDI"])
            if disk["$SR"] in srs and not disk["cbt_enabled"]:
                return disk, vm
    raise AssertionError("the simulated pool has no such disk")


async def test_a_disk_is_made(sim: Sim, client: httpx.AsyncClient) -> None:
    sr = (await shared_srs(client))[0]
    body = {
        "srId": sr["id"],
        "virtual_size": "2 GiB",
        "name_label": "data",
        "name_description": "two\nlines",
        "tags": ["a"],
        "sharable": True,
        "other_config": {"k": "v"},
    }
    answer = await client.post(f"{API}/vdis", json=body)
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"{API}/vdis/{answer.json()['id']}"
    disk = await one(client, "vdis", answer.json()["id"])
    assert (disk["name_label"], disk["name_description"], disk["size"]) == ("data", "two\nlines", 2 * GIB)
    assert (disk["tags"], disk["other_config"], disk["$SR"]) == (["a"], {"k": "v"}, sr["id"])
    assert sim.db.field("VDI", disk["_xapiRef"], "sharable") is True
    assert disk["id"] in (await one(client, "srs", sr["id"]))["VDIs"]
    tasks = await some(client, "tasks", "properties:name:/create/")
    assert any(row["result"] == {"id": disk["id"]} for row in tasks if row["status"] == "success")
    await post(client, "vdis", {"srId": "nobody", "virtual_size": GIB}, 404)
    await post(client, "vdis", {"srId": sr["id"]}, 422)
    await post(client, "vdis", {"srId": sr["id"], "virtual_size": "much"}, 422)


async def test_a_disk_is_changed_and_grown(sim: Sim, client: httpx.AsyncClient) -> None:
    disk = await new_disk(client, (await shared_srs(client))[0]["id"])
    path = f"vdis/{disk['id']}"
    cases: list[tuple[dict[str, Any], str, Any]] = [
        ({"name_label": "a"}, "name_label", "a"),
        ({"nameLabel": "b"}, "name_label", "b"),
        ({"name_description": "c"}, "name_description", "c"),
        ({"nameDescription": "d"}, "name_description", "d"),
        ({"tags": ["x", "y"]}, "tags", ["x", "y"]),
        ({"size": 2 * GIB}, "size", 2 * GIB),
        ({"size": "3 GiB", "name_label": "e"}, "size", 3 * GIB),
        ({"cbt": True}, "cbt_enabled", True),
        ({"cbt": False}, "cbt_enabled", False),
    ]
    for body, field, value in cases:
        await patch(client, path, **body)
        assert (await one(client, "vdis", disk["id"]))[field] == value, body
    assert sim.db.field("VDI", disk["_xapiRef"], "virtual_size") == 3 * GIB
    problem = await patch(client, path, 422, size=GIB, name_label="not")
    assert problem["code"] == "invalid-parameters"
    assert sim.db.field("VDI", disk["_xapiRef"], "name_label") == "e"
    await patch(client, path, 422, sharable=True)
    await patch(client, path, 422, size=None)
    await post(client, f"{path}/actions/resize", {"size": "4 GiB"})
    assert (await one(client, "vdis", disk["id"]))["size"] == 4 * GIB
    await post(client, f"{path}/actions/resize", {"size": "1 GiB"}, 422)


async def test_a_disk_in_use_is_neither_grown_nor_deleted(client: httpx.AsyncClient) -> None:
    disk, _ = await attached_disk(client, "Running")
    problem = await patch(client, f"vdis/{disk['id']}", 409, size=disk["size"] + GIB)
    assert problem["xapi_code"] == "VDI_IN_USE"
    assert disk["name_label"] in problem["detail"]
    answer = await client.delete(f"{API}/vdis/{disk['id']}")
    assert (answer.status_code, answer.json()["xapi_code"]) == (409, "VDI_IN_USE")
    await one(client, "vdis", disk["id"])


async def test_disks_and_snapshots_are_deleted(sim: Sim, client: httpx.AsyncClient) -> None:
    disk = await new_disk(client, (await shared_srs(client))[0]["id"])
    assert (await client.delete(f"{API}/vdis/{disk['id']}")).status_code == 204
    await one(client, "vdis", disk["id"], 404)
    assert not sim.db.exists("VDI", disk["_xapiRef"])
    assert (await client.delete(f"{API}/vdis/{disk['id']}")).status_code == 404
    for snapshot in await some(client, "vdi-snapshots"):
        if not snapshot["$VBDs"]:
            break
    answer = await client.delete(f"{API}/vdi-snapshots/{snapshot['id']}")
    assert answer.status_code == 204, answer.text
    await one(client, "vdi-snapshots", snapshot["id"], 404)


async def test_a_disk_moves_while_its_vm_runs(sim: Sim, client: httpx.AsyncClient) -> None:
    disk, vm = await attached_disk(client, "Running")
    target = next(row for row in await shared_srs(client) if row["id"] != disk["$SR"])
    made = await post(client, f"vdis/{disk['id']}/actions/migrate", {"srId": target["id"]}, 200)
    moved = await one(client, "vdis", made["id"])
    assert (moved["$SR"], moved["name_label"], moved["size"]) == (target["id"], disk["name_label"], disk["size"])
    await one(client, "vdis", disk["id"], 404)
    assert made["id"] in {row["id"] for row in await some(client, f"vms/{vm['id']}/vdis")}
    assert (await one(client, "vms", vm["id"]))["power_state"] == "Running"
    again = await post(client, f"vdis/{made['id']}/actions/migrate", {"srId": target["id"]}, 200)
    assert again == made


async def test_a_disk_of_a_halted_vm_moves(sim: Sim, client: httpx.AsyncClient) -> None:
    disk, vm = await attached_disk(client, "Halted")
    before = [await one(client, "vbds", vbd) for vbd in disk["$VBDs"]]
    target = next(row for row in await shared_srs(client) if row["id"] != disk["$SR"])
    made = await post(client, f"vdis/{disk['id']}/actions/migrate", {"srId": target["id"]}, 200)
    moved = await one(client, "vdis", made["id"])
    assert moved["$SR"] == target["id"]
    await one(client, "vdis", disk["id"], 404)
    after = [await one(client, "vbds", vbd) for vbd in moved["$VBDs"]]
    kept = ("VM", "position", "bootable", "read_only", "is_cd_drive")
    assert [[row[name] for name in kept] for row in after] == [[row[name] for name in kept] for row in before]
    await post(client, f"vms/{vm['id']}/actions/start")


async def test_a_move_that_fails_leaves_no_trace(
    sim: Sim, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk, vm = await attached_disk(client, "Halted")
    target = next(row for row in await shared_srs(client) if row["id"] != disk["$SR"])
    before = {kind: set(sim.db.refs(kind)) for kind in ("VDI", "VBD")}
    refuse_once(monkeypatch, "VBD.create")
    problem = await post(client, f"vdis/{disk['id']}/actions/migrate", {"srId": target["id"]}, 502)
    assert problem["undone"] == [
        "took the original out of its VM",
        f"copied {disk['name_label']} to {target['name_label']}",
    ]
    assert set(sim.db.refs("VDI")) == before["VDI"]
    assert len(sim.db.refs("VBD")) == len(before["VBD"])
    again = await one(client, "vdis", disk["id"])
    [vbd] = [await one(client, "vbds", vbd) for vbd in again["$VBDs"]]
    assert vbd["VM"] == vm["id"]


async def test_disks_are_copied(sim: Sim, client: httpx.AsyncClient) -> None:
    disk, _ = await attached_disk(client, "Halted")
    target = next(row for row in await shared_srs(client) if row["id"] != disk["$SR"])
    body = {"srId": target["id"], "name_label": "the copy"}
    made = await post(client, f"vdis/{disk['id']}/actions/copy", body, 201)
    copy = await one(client, "vdis", made["id"])
    assert (copy["name_label"], copy["$SR"], copy["size"], copy["$VBDs"]) == (
        "the copy", target["id"], disk["size"], [],
    )  # fmt: skip
    snapshot = (await some(client, "vdi-snapshots"))[0]
    made = await post(client, f"vdi-snapshots/{snapshot['id']}/actions/copy", {"srId": target["id"]}, 201)
    assert (await one(client, "vdis", made["id"]))["$SR"] == target["id"]
    await post(client, f"vdis/{disk['id']}/actions/copy", {"srId": "nobody"}, 404)


async def test_many_disks_are_deleted_at_once(client: httpx.AsyncClient) -> None:
    sr = (await shared_srs(client))[0]["id"]
    made = [(await new_disk(client, sr))["id"] for _ in range(2)]
    used, _ = await attached_disk(client, "Running")
    body = {"ids": [*made, used["id"]], "dryRun": True}
    preview = await post(client, "vdis/actions/delete", body, 200)
    assert [row["id"] for row in preview["possible"]] == made
    assert "in use" in preview["impossible"][0]["reasons"][0]["message"]
    done = await post(client, "vdis/actions/delete", {"ids": made}, 200)
    assert (sorted(done["succeeded"]), done["failed"]) == (sorted(made), [])
    for disk in made:
        await one(client, "vdis", disk, 404)


async def test_an_aborted_move_leaves_no_trace(admin: httpx.AsyncClient) -> None:
    async with xensim.serve(hosts=2, vms=24, seed=1, tls=True, port=0, pace=1) as sim:
        await connect(admin, sim)
        disk, vm = await attached_disk(admin, "Halted")
        target = next(row for row in await shared_srs(admin) if row["id"] != disk["$SR"])
        before = {kind: set(sim.db.refs(kind)) for kind in ("VDI", "VBD")}
        answer = await admin.post(f"{API}/vdis/{disk['id']}/actions/migrate", json={"srId": target["id"]})
        task = answer.json()["taskId"]
        async with asyncio.timeout(10):
            while set(sim.db.refs("VDI")) == before["VDI"]:
                await asyncio.sleep(0.02)
        busy = await admin.delete(f"{API}/vdis/{disk['id']}")
        assert (busy.status_code, busy.json()["code"]) == (409, "operation-in-progress")
        busy = await admin.post(f"{API}/vms/{vm['id']}/actions/start", params={"sync": "true"})
        assert (busy.status_code, busy.json()["code"]) == (409, "operation-in-progress")
        await post(admin, f"tasks/{task}/actions/abort")
        ended = (await admin.get(f"{API}/tasks/{task}", params={"wait": "true"})).json()
        assert ended["status"] == "failure"
        assert {kind: set(sim.db.refs(kind)) for kind in ("VDI", "VBD")} == before
