"""What is done to VBDs and VIFs: drives and interfaces come to VMs, change, are plugged in, and go."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

import xensim
from tests.api.acting import API, one, patch, post, some
from tests.journeys.conftest import connect
from xensim import Sim

GIB = 1 << 30


@pytest.fixture
async def sim() -> AsyncIterator[Sim]:
    async with xensim.serve(hosts=2, vms=24, seed=1, tls=True, port=0, pace=0) as pool:
        yield pool


@pytest.fixture
async def client(admin: httpx.AsyncClient, sim: Sim) -> httpx.AsyncClient:
    await connect(admin, sim)
    return admin


@pytest.fixture
async def other(client: httpx.AsyncClient) -> AsyncIterator[Sim]:
    """Another pool."""
    async with xensim.serve(hosts=1, vms=2, seed=7, tls=True, port=0, pace=0) as pool:
        await connect(client, pool)
        yield pool


async def agile(sim: Sim, client: httpx.AsyncClient) -> dict[str, Any]:
    """A running VM whose guest lets devices be plugged in."""
    for vif in await some(client, "vifs", "attached?"):
        if "unplug" in sim.db.field("VIF", vif["_xapiRef"], "allowed_operations"):  # type: ignore[operator]
            return await one(client, "vms", vif["$VM"])
    raise AssertionError("the simulated pool has no such VM")


async def shared_sr(client: httpx.AsyncClient) -> str:
    plugged = {row["SR"] for row in await some(client, "pbds", "attached?")}
    rows = await some(client, "srs", "shared?")
    return str(next(row["id"] for row in rows if row["SR_type"] == "nfs" and row["id"] in plugged))


async def disk(client: httpx.AsyncClient) -> str:
    body = {"srId": await shared_sr(client), "virtual_size": GIB, "name_label": "data"}
    return str((await post(client, "vdis", body, 201))["id"])


async def test_a_disk_is_given_to_a_running_vm_and_taken(sim: Sim, client: httpx.AsyncClient) -> None:
    vm = await agile(sim, client)
    body = {"VM": vm["id"], "VDI": await disk(client), "other_config": {"owner": "true"}}
    answer = await client.post(f"{API}/vbds", json=body)
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"{API}/vbds/{answer.json()['id']}"
    vbd = await one(client, "vbds", answer.json()["id"])
    assert (vbd["VM"], vbd["VDI"], vbd["attached"], vbd["read_only"]) == (vm["id"], body["VDI"], False, False)
    assert vbd["id"] in (await one(client, "vms", vm["id"]))["$VBDs"]
    path = f"vbds/{vbd['id']}"
    await post(client, f"{path}/actions/connect")
    plugged = await one(client, "vbds", vbd["id"])
    assert plugged["attached"]
    assert plugged["device"]
    problem = await post(client, f"{path}/actions/connect", status=409)
    assert problem["xapi_code"] == "DEVICE_ALREADY_ATTACHED"
    answer = await client.delete(f"{API}/{path}")
    assert (answer.status_code, answer.json()["xapi_code"]) == (409, "OPERATION_NOT_ALLOWED")
    await post(client, f"{path}/actions/disconnect")
    assert not (await one(client, "vbds", vbd["id"]))["attached"]
    assert (await client.delete(f"{API}/{path}")).status_code == 204
    await one(client, "vbds", vbd["id"], 404)
    assert not sim.db.exists("VBD", vbd["_xapiRef"])
    assert (await one(client, "vdis", body["VDI"]))["$VBDs"] == []


async def test_an_empty_drive_and_what_no_drive_can_be(client: httpx.AsyncClient, other: Sim) -> None:
    vm = (await some(client, "vms", "power_state:Halted"))[0]
    made = await post(client, "vbds", {"VM": vm["id"], "type": "CD", "empty": True}, 201)
    vbd = await one(client, "vbds", made["id"])
    assert (vbd["is_cd_drive"], vbd["read_only"], "VDI" in vbd) == (True, True, False)
    problem = await post(client, "vbds", {"VM": vm["id"]}, 422)
    assert "VDI" in problem["detail"]
    await post(client, "vbds", {"VM": "nobody", "VDI": await disk(client)}, 404)
    await post(client, "vbds", {"VM": vm["id"], "VDI": "nobody"}, 404)
    foreign = next(row for row in await some(client, "vdis") if row["$pool"] != vm["$pool"])
    problem = await post(client, "vbds", {"VM": vm["id"], "VDI": foreign["id"]}, 422)
    assert "another pool" in problem["detail"]
    problem = await post(client, f"vbds/{vbd['id']}/actions/connect", status=409)
    assert problem["xapi_code"] == "VM_BAD_POWER_STATE"


async def test_an_interface_comes_is_plugged_and_goes(sim: Sim, client: httpx.AsyncClient) -> None:
    vm = await agile(sim, client)
    network = (await some(client, "networks"))[0]
    body = {"vmId": vm["id"], "networkId": network["id"], "MAC": "02:00:00:00:00:2a"}
    answer = await client.post(f"{API}/vifs", json=body)
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"{API}/vifs/{answer.json()['id']}"
    vif = await one(client, "vifs", answer.json()["id"])
    assert (vif["$VM"], vif["$network"], vif["MAC"]) == (vm["id"], network["id"], body["MAC"])
    assert (vif["MTU"], vif["lockingMode"], vif["attached"]) == (network["MTU"], "network_default", False)
    path = f"vifs/{vif['id']}"
    await post(client, f"{path}/actions/connect")
    assert (await one(client, "vifs", vif["id"]))["attached"]
    assert sim.db.field("VIF", vif["_xapiRef"], "currently_attached") is True
    answer = await client.delete(f"{API}/{path}")
    assert (answer.status_code, answer.json()["code"]) == (409, "incorrect-state")
    await post(client, f"{path}/actions/disconnect")
    assert not (await one(client, "vifs", vif["id"]))["attached"]
    assert (await client.delete(f"{API}/{path}")).status_code == 204
    await one(client, "vifs", vif["id"], 404)
    assert vif["id"] not in (await one(client, "vms", vm["id"]))["VIFs"]


async def test_allowed_addresses_lock_an_interface(client: httpx.AsyncClient) -> None:
    vm = (await some(client, "vms", "power_state:Halted"))[0]
    networks = await some(client, "networks")
    body = {
        "vmId": vm["id"],
        "networkId": networks[0]["id"],
        "ipv4_allowed": ["10.0.0.7"],
        "locking_mode": "unlocked",
    }
    vif = await one(client, "vifs", (await post(client, "vifs", body, 201))["id"])
    assert (vif["lockingMode"], vif["allowedIpv4Addresses"]) == ("locked", ["10.0.0.7"])
    path = f"vifs/{vif['id']}"
    cases: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"allowedIpv4Addresses": [], "lockingMode": "unlocked"}, {"lockingMode": "unlocked"}),
        (
            {"allowedIpv6Addresses": ["fd00::1"], "lockingMode": "disabled"},
            {"lockingMode": "locked", "allowedIpv6Addresses": ["fd00::1"]},
        ),
        ({"rateLimit": 1024}, {"rateLimit": 1024}),
        ({"rateLimit": None}, {"rateLimit": None}),
        ({"txChecksumming": False}, {"txChecksumming": False}),
        ({"txChecksumming": True}, {"txChecksumming": True}),
        ({"networkId": networks[1]["id"]}, {"$network": networks[1]["id"]}),
    ]
    for changes, expected in cases:
        await patch(client, path, **changes)
        row = await one(client, "vifs", vif["id"])
        assert {name: row.get(name) for name in expected} == expected, changes
    await patch(client, path, 422, allowedIpv4Addresses=["10.0.0.300"])
    await patch(client, path, 422, lockingMode=None)
    await patch(client, path, 404, networkId="nobody")


async def test_a_change_of_an_interface_is_whole_or_nothing(sim: Sim, client: httpx.AsyncClient) -> None:
    vm = (await some(client, "vms", "power_state:Halted"))[0]
    network = (await some(client, "networks"))[0]
    made = await post(client, "vifs", {"vmId": vm["id"], "networkId": network["id"]}, 201)
    vif = await one(client, "vifs", made["id"])
    gone = (await some(client, "networks"))[1]
    sim.destroy("network", gone["_xapiRef"])
    await patch(client, f"vifs/{vif['id']}", 404, allowedIpv4Addresses=["10.0.0.7"], networkId=gone["id"])
    assert sim.db.field("VIF", vif["_xapiRef"], "ipv4_allowed") == []


async def test_a_network_of_another_pool_is_no_place_for_an_interface(client: httpx.AsyncClient, other: Sim) -> None:
    vm = (await some(client, "vms", "power_state:Halted"))[0]
    networks = await some(client, "networks")
    foreign = next(row for row in networks if row["$pool"] != vm["$pool"])
    problem = await post(client, "vifs", {"vmId": vm["id"], "networkId": foreign["id"]}, 422)
    assert "another pool" in problem["detail"]
    vif = (await one(client, "vifs", next(iter(vm["VIFs"])))) if vm["VIFs"] else None
    if vif is None:
        near = next(row for row in networks if row["$pool"] == vm["$pool"])
        made = await post(client, "vifs", {"vmId": vm["id"], "networkId": near["id"]}, 201)
        vif = await one(client, "vifs", made["id"])
    problem = await patch(client, f"vifs/{vif['id']}", 422, networkId=foreign["id"])
    assert "another pool" in problem["detail"]
