"""What is done to networks, interfaces of hosts, and bonds: made for a whole pool, changed, and taken away whole."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

import xensim
from tests.api.acting import API, one, patch, post, refuse_once, some
from tests.journeys.conftest import connect
from xensim import Sim

CLASSES = ("network", "PIF", "VLAN", "Bond")


@pytest.fixture
async def sim() -> AsyncIterator[Sim]:
    async with xensim.serve(hosts=2, vms=12, seed=1, tls=True, port=0, pace=0) as pool:
        yield pool


@pytest.fixture
async def client(admin: httpx.AsyncClient, sim: Sim) -> httpx.AsyncClient:
    await connect(admin, sim)
    return admin


@pytest.fixture
async def pool(client: httpx.AsyncClient) -> str:
    return str((await some(client, "pools"))[0]["id"])


def rows(sim: Sim) -> dict[str, set[str]]:
    return {cls: set(sim.db.refs(cls)) for cls in CLASSES}


async def pif_of(client: httpx.AsyncClient, device: str, vlan: int = -1) -> dict[str, Any]:
    pifs = await some(client, "pifs", f"device:{device}")
    return next(row for row in pifs if row["vlan"] == vlan and row["device"] == device)


async def vlan_network(client: httpx.AsyncClient, pool: str, vlan: int, **more: Any) -> dict[str, Any]:
    pif = await pif_of(client, "eth1")
    body = {"name": f"VLAN {vlan}", "pif": pif["id"], "vlan": vlan, **more}
    made = await post(client, f"pools/{pool}/actions/create_network", body, 201)
    return await one(client, "networks", made["id"])


async def test_a_vlan_is_made_on_every_host(sim: Sim, client: httpx.AsyncClient, pool: str) -> None:
    pif = await pif_of(client, "eth1")
    body = {"name": "guests", "description": "of the house", "pif": pif["id"], "vlan": 42, "mtu": 1400, "nbd": True}
    answer = await client.post(f"{API}/pools/{pool}/actions/create_network", params={"sync": "true"}, json=body)
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"{API}/networks/{answer.json()['id']}"
    network = await one(client, "networks", answer.json()["id"])
    assert (network["name_label"], network["name_description"]) == ("guests", "of the house")
    assert (network["MTU"], network["nbd"], len(network["PIFs"])) == (1400, True, 2)
    pifs = [await one(client, "pifs", one_pif) for one_pif in network["PIFs"]]
    assert {(row["vlan"], row["device"]) for row in pifs} == {(42, "eth1")}
    assert len({row["$host"] for row in pifs}) == 2
    assert sim.db.field("network", network["_xapiRef"], "purpose") == ["nbd"]
    answer = await client.post(f"{API}/pools/{pool}/actions/create_network", json={**body, "vlan": 43})
    assert answer.status_code == 202
    task = (await client.get(f"{API}/tasks/{answer.json()['taskId']}", params={"wait": "true"})).json()
    assert (task["status"], task["properties"]["objectId"]) == ("success", pool)


async def test_a_vlan_that_cannot_be_made_leaves_nothing(
    sim: Sim, client: httpx.AsyncClient, pool: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rows(sim)
    pif = await pif_of(client, "eth1")
    path = f"pools/{pool}/actions/create_network"
    problem = await post(client, path, {"name": "taken", "pif": pif["id"], "vlan": 100}, 409)
    assert problem["xapi_code"] == "PIF_VLAN_EXISTS"
    assert problem["undone"] == ["made the network taken"]
    assert rows(sim) == before
    refuse_once(monkeypatch, "network.add_purpose")
    await post(client, path, {"name": "no", "pif": pif["id"], "vlan": 44, "nbd": True}, 502)
    assert rows(sim) == before
    for wrong in ({"vlan": 4095}, {"vlan": -1}, {"pif": None}, {"mtu": 1}, {"name": ""}):
        await post(client, path, {"name": "wrong", "pif": pif["id"], "vlan": 45, **wrong}, 422)
    await post(client, path, {"name": "wrong", "pif": "nobody", "vlan": 45}, 404)
    assert rows(sim) == before


async def test_an_internal_network(sim: Sim, client: httpx.AsyncClient, pool: str) -> None:
    made = await post(client, f"pools/{pool}/actions/create_internal_network", {"name": "inside"}, 201)
    network = await one(client, "networks", made["id"])
    assert (network["name_label"], network["PIFs"], network["MTU"]) == ("inside", [], 1500)
    assert (await client.delete(f"{API}/networks/{network['id']}")).status_code == 204
    await one(client, "networks", network["id"], 404)
    assert not sim.db.exists("network", network["_xapiRef"])


async def test_a_bond_is_made_on_every_host_and_taken_apart(
    sim: Sim, client: httpx.AsyncClient, pool: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pool's eth2 and eth3 are bonded from the start."""
    old = await one(client, "networks", (await pif_of(client, "bond0"))["$network"])
    bonds = await some(client, "bonds")
    answer = await client.delete(f"{API}/networks/{old['id']}")
    assert answer.status_code == 204, answer.text
    await one(client, "networks", old["id"], 404)
    for bond in bonds:
        await one(client, "bonds", bond["id"], 404)
    before = rows(sim)
    eth2 = await pif_of(client, "eth2")
    eth3 = next(row for row in await some(client, "pifs", "device:eth3") if row["$host"] == eth2["$host"])
    path = f"pools/{pool}/actions/create_bonded_network"
    body = {"name": "fast", "pifIds": [eth2["id"], eth3["id"]], "bondMode": "lacp", "mtu": 9000}
    refuse_once(monkeypatch, "Bond.create")
    await post(client, path, body, 502)
    assert rows(sim) == before
    made = await post(client, path, body, 201)
    network = await one(client, "networks", made["id"])
    assert (network["isBonded"], network["MTU"], len(network["PIFs"])) == (True, 9000, 2)
    found = await some(client, "bonds")
    assert [row["mode"] for row in found] == ["lacp", "lacp"]
    assert (await one(client, "pifs", eth2["id"]))["isBondSlave"]
    await post(client, path, {**body, "bondMode": "magic"}, 422)
    assert (await client.delete(f"{API}/bonds/{found[0]['id']}")).status_code == 204
    await one(client, "bonds", found[0]["id"], 404)
    assert len(sim.db.refs("Bond")) == 1


async def test_a_network_is_changed(sim: Sim, client: httpx.AsyncClient, pool: str) -> None:
    network = await vlan_network(client, pool, 50)
    path = f"networks/{network['id']}"
    cases: list[tuple[dict[str, Any], str, Any]] = [
        ({"name_label": "a"}, "name_label", "a"),
        ({"nameLabel": "b"}, "name_label", "b"),
        ({"name_description": "c"}, "name_description", "c"),
        ({"MTU": 9000}, "MTU", 9000),
        ({"defaultIsLocked": True}, "defaultIsLocked", True),
        ({"defaultIsLocked": False}, "defaultIsLocked", False),
        ({"nbd": True}, "nbd", True),
        ({"nbd": False}, "nbd", False),
        ({"automatic": True}, "automatic", True),
        ({"automatic": False}, "automatic", False),
    ]
    for body, field, value in cases:
        await patch(client, path, **body)
        assert (await one(client, "networks", network["id"]))[field] == value, body
    assert sim.db.field("network", network["_xapiRef"], "default_locking_mode") == "unlocked"
    await patch(client, path, 422, MTU=1)
    await patch(client, path, 422, bridge="xapi9")


async def test_a_network_is_deleted_with_its_vlans_or_not_at_all(
    sim: Sim, client: httpx.AsyncClient, pool: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rows(sim)
    network = await vlan_network(client, pool, 51)
    between = {cls: len(refs) for cls, refs in rows(sim).items()}
    refuse_once(monkeypatch, "network.destroy")
    answer = await client.delete(f"{API}/networks/{network['id']}")
    assert answer.status_code == 502, answer.text
    assert answer.json()["undone"] == ["took away the VLAN 51", "took away the VLAN 51"]
    assert {cls: len(refs) for cls, refs in rows(sim).items()} == between
    again = await one(client, "networks", network["id"])
    assert {(await one(client, "pifs", pif))["vlan"] for pif in again["PIFs"]} == {51}
    assert (await client.delete(f"{API}/networks/{network['id']}")).status_code == 204
    assert rows(sim) == before


async def test_a_network_in_use_stays_as_it_is(sim: Sim, client: httpx.AsyncClient) -> None:
    before = rows(sim)
    for vif in await some(client, "vifs", "attached?"):
        network = await one(client, "networks", vif["$network"])
        answer = await client.delete(f"{API}/networks/{network['id']}")
        assert (answer.status_code, answer.json()["code"]) == (409, "incorrect-state"), answer.text
    physical = (await pif_of(client, "eth0"))["$network"]
    assert (await client.delete(f"{API}/networks/{physical}")).status_code == 409
    assert rows(sim) == before


async def test_the_address_of_an_interface(sim: Sim, client: httpx.AsyncClient) -> None:
    pif = await pif_of(client, "eth1")
    path = f"pifs/{pif['id']}"
    static: dict[str, Any] = {
        "mode": "Static",
        "ip": "10.9.0.7",
        "netmask": "255.255.255.0",
        "gateway": "10.9.0.1",
        "dns": "10.9.0.2",
    }
    await patch(client, path, **static)
    row = await one(client, "pifs", pif["id"])
    assert {name: row[name] for name in static} == static
    assert sim.db.field("PIF", pif["_xapiRef"], "IP") == "10.9.0.7"
    await patch(client, path, gateway="10.9.0.254")
    row = await one(client, "pifs", pif["id"])
    assert (row["mode"], row["ip"], row["gateway"]) == ("Static", "10.9.0.7", "10.9.0.254")
    await patch(client, path, ipv6Mode="Static", ipv6="fd00:9::7/64")
    row = await one(client, "pifs", pif["id"])
    assert (row["ipv6Mode"], row["ipv6"]) == ("Static", ["fd00:9::7/64"])
    await patch(client, path, mode="None", ipv6Mode="None")
    row = await one(client, "pifs", pif["id"])
    assert (row["mode"], row["ip"], row["ipv6Mode"]) == ("None", "", "None")
    problem = await patch(client, path, 422, mode="Static", ip="10.9.0.7")
    assert "netmask" in problem["detail"]
    await patch(client, path, 422, ip="10.9.0.300")
    management = await pif_of(client, "eth0")
    problem = await patch(client, f"pifs/{management['id']}", 409, mode="None")
    assert problem["xapi_code"] == "PIF_IS_MANAGEMENT_INTERFACE"


async def test_interfaces_go_down_and_up_and_away(sim: Sim, client: httpx.AsyncClient, pool: str) -> None:
    network = await vlan_network(client, pool, 52)
    pif = network["PIFs"][0]
    for action, attached in (("unplug", False), ("plug", True)):
        await post(client, f"pifs/{pif}/actions/{action}")
        assert (await one(client, "pifs", pif))["attached"] is attached
    management = await pif_of(client, "eth0")
    problem = await post(client, f"pifs/{management['id']}/actions/unplug", status=409)
    assert problem["xapi_code"]
    assert (await client.delete(f"{API}/pifs/{pif}")).status_code == 204
    await one(client, "pifs", pif, 404)
    assert (await one(client, "networks", network["id"]))["PIFs"] == network["PIFs"][1:]
    bond = await pif_of(client, "bond0")
    answer = await client.delete(f"{API}/pifs/{bond['id']}")
    assert (answer.status_code, answer.json()["code"]) == (409, "incorrect-state")
    answer = await client.delete(f"{API}/pifs/{management['id']}")
    assert answer.status_code == 409


async def test_an_aborted_bond_leaves_nothing(admin: httpx.AsyncClient) -> None:
    """The first host has its bond when the second one's is stopped."""
    async with xensim.serve(hosts=2, vms=2, seed=1, tls=True, port=0, pace=1) as sim:
        await connect(admin, sim)
        pool = (await some(admin, "pools"))[0]["id"]
        old = (await pif_of(admin, "bond0"))["$network"]
        assert (await admin.delete(f"{API}/networks/{old}")).status_code == 204
        before = rows(sim)
        eth2 = await pif_of(admin, "eth2")
        eth3 = next(row for row in await some(admin, "pifs", "device:eth3") if row["$host"] == eth2["$host"])
        body = {"name": "fast", "pifIds": [eth2["id"], eth3["id"]], "bondMode": "active-backup"}
        answer = await admin.post(f"{API}/pools/{pool}/actions/create_bonded_network", json=body)
        task = answer.json()["taskId"]
        async with asyncio.timeout(20):
            while not sim.db.refs("Bond"):
                await asyncio.sleep(0.02)
        await post(admin, f"tasks/{task}/actions/abort")
        ended = (await admin.get(f"{API}/tasks/{task}", params={"wait": "true"})).json()
        assert ended["status"] == "failure"
        assert rows(sim) == before


async def test_an_address_is_changed_whole_or_not_at_all(
    sim: Sim, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    pif = await pif_of(client, "eth1")
    refuse_once(monkeypatch, "PIF.reconfigure_ipv6")
    problem = await patch(client, f"pifs/{pif['id']}", 502, mode="DHCP", ipv6Mode="Autoconf")
    assert problem["undone"] == ["changed the IPv4 address"]
    assert (await one(client, "pifs", pif["id"]))["mode"] == pif["mode"]
    assert sim.db.field("PIF", pif["_xapiRef"], "ip_configuration_mode") == pif["mode"]
