"""create_vm: everything that it takes, and nothing left where it fails."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

import xensim
from podium.services.cloud_init import SIZE
from tests.api.interference import Interference, interference
from tests.journeys.conftest import connect
from xensim import Sim

GIB = 1 << 30
__all__ = ["interference"]
COUNTED = ("VM", "VDI", "VBD", "VIF", "VTPM", "task")


@pytest.fixture
async def sim() -> AsyncIterator[Sim]:
    async with xensim.serve(hosts=2, vms=8, seed=1, tls=False, port=0, pace=0) as one:
        yield one


@pytest.fixture
async def client(admin: httpx.AsyncClient, sim: Sim) -> httpx.AsyncClient:
    await connect(admin, sim)
    return admin


@pytest.fixture
async def site(client: httpx.AsyncClient) -> dict[str, Any]:
    """What a VM is made of."""

    async def rows(collection: str, found: str = "") -> list[dict[str, Any]]:
        answer = await client.get(f"/rest/v0/{collection}", params={"fields": "*", "filter": found})
        return list(answer.json())

    images = {sr["id"] for sr in await rows("srs", "content_type:iso")}
    return {
        "pool": (await rows("pools"))[0],
        "template": next(one for one in await rows("vm-templates") if one["template_info"]["disks"]),
        "sr": next(one for one in await rows("srs", "shared?") if one["SR_type"] == "nfs"),
        "network": (await rows("networks"))[0],
        "host": (await rows("hosts"))[0],
        "iso": next(one for one in await rows("vdis") if one["$SR"] in images),
    }


def state(sim: Sim) -> dict[str, set[str]]:
    """What there is. Base copies apart: storage makes them when a disk is cloned, and removes them in its own time."""
    found = {kind: set(sim.db.refs(kind)) for kind in COUNTED}
    found["VDI"] = {ref for ref in found["VDI"] if sim.db.field("VDI", ref, "managed")}
    return found


async def create(client: httpx.AsyncClient, site: dict[str, Any], status: int = 201, **body: Any) -> Any:
    answer = await client.post(
        f"/rest/v0/pools/{site['pool']['id']}/actions/create_vm",
        params={"sync": "true"},
        json={"template": site["template"]["id"], "name_label": "made", **body},
    )
    assert answer.status_code == status, answer.text
    if status != 201:
        return answer.json()
    assert answer.headers["location"] == f"/rest/v0/vms/{answer.json()['id']}"
    return (await client.get(f"/rest/v0/vms/{answer.json()['id']}")).json()


async def disks(client: httpx.AsyncClient, vm: dict[str, Any]) -> list[dict[str, Any]]:
    return list((await client.get(f"/rest/v0/vms/{vm['id']}/vdis", params={"fields": "*"})).json())


async def test_the_least(sim: Sim, client: httpx.AsyncClient, site: dict[str, Any]) -> None:
    vm = await create(client, site, vdis=[{"userdevice": "0", "sr": site["sr"]["id"]}])
    assert (vm["name_label"], vm["power_state"]) == ("made", "Halted")
    assert vm["creation"]["template"] == site["template"]["uuid"]
    wanted = [disk["size"] for disk in site["template"]["template_info"]["disks"]]
    assert [disk["size"] for disk in await disks(client, vm)] == wanted


async def test_everything(sim: Sim, client: httpx.AsyncClient, site: dict[str, Any]) -> None:
    vm = await create(
        client,
        site,
        name_description="why",
        cpus=3,
        memory="3 GiB",
        autoPoweron=True,
        high_availability="best-effort",
        hvmBootFirmware="uefi",
        secureBoot=True,
        affinity=site["host"]["id"],
        vdis=[
            {"userdevice": "0", "sr": site["sr"]["id"], "size": "20 GiB", "name_label": "root"},
            {"size": 5 * GIB, "sr": site["sr"]["id"], "name_label": "data"},
        ],
        vifs=[{"network": site["network"]["id"], "mac": "02:00:00:00:00:01", "ipv4_allowed": ["10.0.0.5"]}],
        install={"method": "cdrom", "repository": site["iso"]["id"]},
        cloud_config="#cloud-config\nhostname: made\n",
        network_config="version: 2\n",
        createVtpm=True,
        copyHostBiosStrings=True,
        boot=True,
    )
    assert len(vm["VTPMs"]) == 1
    assert vm["bios_strings"]
    assert (vm["name_description"], vm["power_state"]) == ("why", "Running")
    assert (vm["CPUs"]["number"], vm["memory"]["static"][1]) == (3, 3 * GIB)
    assert (vm["boot"]["firmware"], vm["boot"]["order"], vm["secureBoot"]) == ("uefi", "dc", True)
    assert vm["high_availability"] == "best-effort"
    found = {disk["name_label"]: disk for disk in await disks(client, vm)}
    assert {"root", "data", "XO CloudConfigDrive"} <= set(found)
    assert (found["root"]["size"], found["data"]["size"]) == (20 * GIB, 5 * GIB)
    vif = (await client.get("/rest/v0/vifs", params={"fields": "*", "filter": f"$VM:{vm['id']}"})).json()
    assert ("02:00:00:00:00:01", ["10.0.0.5"], "locked") in [
        (one["MAC"].lower(), one["allowedIpv4Addresses"], one["lockingMode"]) for one in vif
    ]
    drive = found["XO CloudConfigDrive"]
    ref = next(ref for ref in sim.db.refs("VDI") if sim.db.field("VDI", ref, "uuid") == drive["id"])
    image = bytes(sim.pool.contents.read(ref, 0, SIZE))
    assert b"hostname: made" in image
    assert b"CIDATA" in image


async def test_the_drive_goes_when_the_guest_has_read_it(
    sim: Sim, client: httpx.AsyncClient, site: dict[str, Any]
) -> None:
    vm = await create(
        client,
        site,
        vdis=[{"userdevice": "0", "sr": site["sr"]["id"]}],
        cloud_config="#cloud-config\n",
        destroy_cloud_config_vdi=True,
        boot=True,
    )
    assert vm["power_state"] == "Running"
    async with asyncio.timeout(20):
        while "XO CloudConfigDrive" in {disk["name_label"] for disk in await disks(client, vm)}:
            await asyncio.sleep(0.05)
    tasks = (await client.get("/rest/v0/tasks", params={"fields": "*"})).json()
    removal = next(task for task in tasks if task["properties"]["name"] == "REST API: remove cloud-init drive")
    ended = (await client.get(f"/rest/v0/tasks/{removal['id']}", params={"wait": "true"})).json()
    assert (ended["status"], ended["properties"]["objectId"]) == ("success", vm["id"])
    names = {sim.db.field("VDI", ref, "name_label") for ref in sim.db.refs("VDI")}
    assert "XO CloudConfigDrive" not in names


async def test_a_full_copy_of_the_template(client: httpx.AsyncClient, site: dict[str, Any]) -> None:
    vm = await create(client, site, clone=False, vdis=[{"userdevice": "0", "sr": site["sr"]["id"], "size": 30 * GIB}])
    assert [disk["size"] for disk in await disks(client, vm)] == [30 * GIB]


async def test_the_disks_of_a_custom_template_are_changed(
    sim: Sim, client: httpx.AsyncClient, site: dict[str, Any]
) -> None:
    sr = site["sr"]["id"]
    sizes = [{"userdevice": "0", "sr": sr}, *({"size": GIB, "sr": sr, "name_label": name} for name in ("a", "b", "c"))]
    golden = await create(client, site, vdis=sizes, vifs=[{"network": site["network"]["id"]}])
    done = await client.post(f"/rest/v0/vms/{golden['id']}/actions/convert_to_template", params={"sync": "true"})
    assert done.status_code == 204, done.text
    rows = (await client.get("/rest/v0/srs", params={"fields": "*", "filter": "shared?"})).json()
    elsewhere = next(one for one in rows if one["SR_type"] == "lvmoiscsi")
    before = state(sim)
    custom = {**site, "template": golden}
    problem = await create(client, custom, 422, vdis=[{"userdevice": "1", "size": 1024}])
    assert "cannot shrink" in problem["detail"]
    changes = [
        {"userdevice": "1", "size": 2 * GIB, "name_label": "larger", "name_description": "why"},
        {"userdevice": "2", "sr": elsewhere["id"], "name_label": "moved"},
        {"userdevice": "3", "destroy": True},
        {"size": GIB, "name_label": "new", "sr": sr},
    ]
    vm = await create(client, custom, vdis=changes, vifs=[{"device": "0", "destroy": True}])
    found = {disk["name_label"]: disk for disk in await disks(client, vm)}
    assert (found["larger"]["size"], found["larger"]["name_description"]) == (2 * GIB, "why")
    assert found["moved"]["$SR"] == elsewhere["id"]
    assert found["new"]["size"] == GIB
    assert "c" not in found
    assert vm["VIFs"] == []
    await remove(client, vm)
    assert state(sim) == before


async def test_a_failure_while_disks_are_moved_leaves_nothing_behind(
    sim: Sim, client: httpx.AsyncClient, site: dict[str, Any], interference: Interference
) -> None:
    sr = site["sr"]["id"]
    golden = await create(client, site, vdis=[{"userdevice": "0", "sr": sr}, {"size": GIB, "sr": sr}])
    await client.post(f"/rest/v0/vms/{golden['id']}/actions/convert_to_template", params={"sync": "true"})
    rows = (await client.get("/rest/v0/srs", params={"fields": "*", "filter": "shared?"})).json()
    elsewhere = next(one for one in rows if one["SR_type"] == "lvmoiscsi")
    wish = [{"userdevice": "0", "sr": elsewhere["id"]}, {"userdevice": "1", "destroy": True}]
    custom = {**site, "template": golden}
    interference.begin()
    vm = await create(client, custom, vdis=wish)
    steps = list(interference.calls)
    assert {"VDI.copy", "VBD.destroy", "VDI.destroy"} <= set(steps)
    await remove(client, vm)
    before = state(sim)
    for number, method in enumerate(steps):
        interference.refuse(number)
        await create(client, custom, 502, vdis=wish)
        assert state(sim) == before, method


async def test_with_a_gpu(sim: Sim, client: httpx.AsyncClient, site: dict[str, Any]) -> None:
    async def rows(collection: str) -> list[dict[str, Any]]:
        return list((await client.get(f"/rest/v0/{collection}", params={"fields": "*"})).json())

    group, kind = (await rows("gpu-groups"))[0], (await rows("vgpu-types"))[0]
    disk = [{"userdevice": "0", "sr": site["sr"]["id"]}]
    vm = await create(client, site, vdis=disk, gpuGroup=group["id"], vgpuType=kind["id"])
    vgpu = (await client.get(f"/rest/v0/vgpus/{vm['VGPUs'][0]}")).json()
    assert (vgpu["gpuGroup"], vgpu["vgpuType"]) == (group["id"], kind["id"])
    await create(client, site, 422, vdis=disk, gpuGroup=group["id"])


async def test_the_secrets_of_cloud_init_are_not_in_the_task(client: httpx.AsyncClient, site: dict[str, Any]) -> None:
    await create(client, site, vdis=[{"userdevice": "0", "sr": site["sr"]["id"]}], cloud_config="password: hunter2")
    assert "hunter2" not in (await client.get("/rest/v0/tasks", params={"fields": "*"})).text


def everything(site: dict[str, Any]) -> dict[str, Any]:
    """A wish with each kind of step."""
    return {
        "cpus": 5,
        "autoPoweron": True,
        "copyHostBiosStrings": True,
        "vdis": [
            {"userdevice": "0", "sr": site["sr"]["id"], "name_label": "root"},
            {"size": GIB, "sr": site["sr"]["id"]},
        ],
        "vifs": [{"network": site["network"]["id"]}],
        "install": {"method": "cdrom", "repository": site["iso"]["id"]},
        "createVtpm": True,
        "cloud_config": "#cloud-config\n",
        "boot": True,
    }


async def test_a_failure_at_any_step_leaves_nothing_behind(
    sim: Sim, client: httpx.AsyncClient, site: dict[str, Any], interference: Interference
) -> None:
    interference.begin()
    vm = await create(client, site, **everything(site))
    steps = list(interference.calls)
    assert {"VM.clone", "VM.provision", "VDI.create", "VBD.create", "VIF.create", "VTPM.create", "VM.start"} <= set(
        steps
    )
    await remove(client, vm)
    off = await client.patch(f"/rest/v0/pools/{site['pool']['id']}", json={"autoPoweron": False})
    assert off.status_code == 204, off.text
    before = state(sim)
    for number, method in enumerate(steps):
        interference.refuse(number)
        problem = await create(client, site, 502, **everything(site))
        assert problem["xapi_code"] == "INTERNAL_ERROR", method
        if number:
            assert problem["done"][0] == "made the VM from its template", method
        assert sorted(problem.get("done", [])) == sorted(problem.get("undone", [])), method
        assert state(sim) == before, method
        assert not (await client.get(f"/rest/v0/pools/{site['pool']['id']}")).json()["auto_poweron"], method
        assert (await client.get("/rest/v0/vms", params={"filter": "name_label:=made"})).json() == [], method


async def test_an_abort_at_any_step_leaves_nothing_behind(
    sim: Sim, client: httpx.AsyncClient, site: dict[str, Any], interference: Interference
) -> None:
    before = state(sim)
    url = f"/rest/v0/pools/{site['pool']['id']}/actions/create_vm"
    body = {"template": site["template"]["id"], "name_label": "made", **everything(site)}
    number = 0
    while True:
        begun: list[str] = []
        aborting: asyncio.Task[httpx.Response] | None = None

        async def abort(at: int, _: str, wanted: int = number, begun: list[str] = begun) -> None:
            nonlocal aborting
            if at == wanted and aborting is None:
                while not begun:
                    await asyncio.sleep(0.01)
                path = f"/rest/v0/tasks/{begun[0]}/actions/abort"
                aborting = asyncio.ensure_future(client.post(path, params={"sync": "true"}))
                await asyncio.sleep(0.05)  # the pool goes on with what it was told, whoever has left meanwhile

        interference.begin(abort)
        begun.append((await client.post(url, json=body)).json()["taskId"])
        async with asyncio.timeout(30):
            ended = (await client.get(f"/rest/v0/tasks/{begun[0]}", params={"wait": "true"})).json()
        if aborting is None:
            assert ended["status"] == "success", ended
            break
        await aborting
        if ended["status"] == "success":  # the last call was done, and nothing was waited for any more
            break
        assert ended["result"]["code"] == "aborted", number
        assert state(sim) == before, interference.calls[number]
        number += 1
    assert number > 15


async def remove(client: httpx.AsyncClient, vm: dict[str, Any]) -> None:
    if vm["power_state"] != "Halted":
        stopped = await client.post(f"/rest/v0/vms/{vm['id']}/actions/hard_shutdown", params={"sync": "true"})
        assert stopped.status_code == 204, stopped.text
    assert (await client.delete(f"/rest/v0/vms/{vm['id']}")).status_code == 204


async def test_what_is_wrong_is_said_before_anything_is_made(
    sim: Sim, client: httpx.AsyncClient, site: dict[str, Any]
) -> None:
    before = state(sim)
    for status, body in (
        (404, {"template": "nobody"}),
        (404, {"vdis": [{"size": 1, "sr": "nobody"}]}),
        (404, {"vifs": [{"network": "nobody"}]}),
        (422, {"vdis": [{"name_label": "no size"}]}),
        (422, {"vdis": [{"userdevice": "77", "size": 1}]}),
        (404, {"vgpuType": "nobody", "gpuGroup": "nobody"}),
        (422, {"install": {"method": "cdrom"}}),
        (422, {"network_config": "x"}),
        (422, {"unknown": 1}),
        (422, {"name_label": ""}),
    ):
        assert (await create(client, site, status, **body))["status"] == status
    assert state(sim) == before
