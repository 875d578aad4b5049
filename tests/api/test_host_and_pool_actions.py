"""What is done to hosts and pools, from HTTP to the simulator's state and back into the cache."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

import xensim
from tests.journeys.conftest import connect
from xensim import Sim


@pytest.fixture
async def sim() -> AsyncIterator[Sim]:
    async with xensim.serve(hosts=3, vms=12, seed=1, tls=True, port=0) as one:
        yield one


@pytest.fixture
async def client(admin: httpx.AsyncClient, sim: Sim) -> httpx.AsyncClient:
    await connect(admin, sim)
    return admin


async def some(client: httpx.AsyncClient, collection: str, found: str = "") -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = (
        await client.get(f"/rest/v0/{collection}", params={"filter": found, "fields": "*"})
    ).json()
    return rows


async def act(client: httpx.AsyncClient, url: str, body: Any = None, status: int = 204) -> Any:
    answer = await client.post(f"/rest/v0/{url}", params={"sync": "true"}, json=body)
    assert answer.status_code == status, answer.text
    return answer


async def test_settings_of_a_pool(client: httpx.AsyncClient) -> None:
    pool = (await some(client, "pools"))[0]
    sr = (await some(client, "srs", "shared? !content_type:iso"))[0]["id"]
    url = f"/rest/v0/pools/{pool['id']}"
    cases: list[tuple[dict[str, Any], str, Any]] = [
        ({"name_label": "Lyon"}, "name_label", "Lyon"),
        ({"nameDescription": "south"}, "name_description", "south"),
        ({"tags": ["prod"]}, "tags", ["prod"]),
        ({"default_SR": sr}, "default_SR", sr),
        ({"suspendSr": sr}, "suspendSr", sr),
        ({"crashDumpSr": sr}, "crashDumpSr", sr),
        ({"autoPoweron": True}, "auto_poweron", True),
        ({"migrationCompression": True}, "migrationCompression", True),
    ]
    for body, field, value in cases:
        answer = await client.patch(url, json=body)
        assert answer.status_code == 204, answer.text
        assert (await client.get(url)).json()[field] == value, body
    assert (await client.patch(url, json={"defaultSr": None})).status_code == 204
    assert "default_SR" not in (await client.get(url)).json()
    for wrong, status in (({"defaultSr": "nobody"}, 404), ({"HA": True}, 422), ({"name_label": 1}, 422)):
        assert (await client.patch(url, json=wrong)).status_code == status


async def test_settings_of_a_host(client: httpx.AsyncClient) -> None:
    host = (await some(client, "hosts"))[0]
    url = f"/rest/v0/hosts/{host['id']}"
    cases: list[tuple[dict[str, Any], str, Any]] = [
        ({"name_label": "lyon-1"}, "name_label", "lyon-1"),
        ({"name_description": "rack 2"}, "name_description", "rack 2"),
        ({"tags": ["a"]}, "tags", ["a"]),
        ({"iscsiIqn": "iqn.2026-11.org.example:lyon-1"}, "iscsiIqn", "iqn.2026-11.org.example:lyon-1"),
        ({"powerOnMode": "wake-on-lan"}, "powerOnMode", "wake-on-lan"),
        ({"logDestination": "10.0.0.9"}, "logging", {"syslog_destination": "10.0.0.9"}),
    ]
    for body, field, value in cases:
        answer = await client.patch(url, json=body)
        assert answer.status_code == 204, answer.text
        assert (await client.get(url)).json()[field] == value, body


async def test_maintenance_from_its_plan_to_its_end(sim: Sim, client: httpx.AsyncClient) -> None:
    host = max(await some(client, "hosts"), key=lambda one: len(one["residentVms"]))
    url = f"hosts/{host['id']}"
    plan = (await client.get(f"/rest/v0/{url}/evacuation_plan")).json()
    assert {one["id"] for one in plan["vms"]} <= set(host["residentVms"])
    for vm in plan["vms"]:
        assert (vm["hostId"] is None) == bool(vm["reasons"])
        assert vm["hostId"] != host["id"]
    answer = await client.post(f"/rest/v0/{url}/actions/disable", params={"sync": "true"}, json={"evacuate": True})
    shown = (await client.get(f"/rest/v0/{url}")).json()
    if plan["possible"]:
        assert answer.status_code == 204, answer.text
        assert not shown["enabled"]
        controllers = {one["id"] for one in await some(client, "vm-controllers")}
        assert set(shown["residentVms"]) <= controllers
        await act(client, f"{url}/actions/enable")
    else:
        assert answer.status_code == 409, answer.text
        assert answer.json()["undone"] == ["disabled the host"]
    assert (await client.get(f"/rest/v0/{url}")).json()["enabled"]


async def test_a_host_is_disabled_and_enabled(client: httpx.AsyncClient) -> None:
    host = (await some(client, "hosts"))[0]
    url = f"hosts/{host['id']}"
    await act(client, f"{url}/actions/disable")
    assert not (await client.get(f"/rest/v0/{url}")).json()["enabled"]
    await act(client, f"{url}/actions/enable")
    assert (await client.get(f"/rest/v0/{url}")).json()["enabled"]
    await act(client, f"{url}/actions/scan_pifs")
    await act(client, f"{url}/actions/forget", status=409)
    problem = (await act(client, "hosts/nobody/actions/enable", status=404)).json()
    assert problem["code"] == "not-found"


async def test_ha_goes_on_and_off(client: httpx.AsyncClient) -> None:
    pool = (await some(client, "pools"))[0]
    await act(client, f"pools/{pool['id']}/actions/enable_ha", {"hostFailuresToTolerate": 1})
    assert (await client.get(f"/rest/v0/pools/{pool['id']}")).json()["HA_enabled"]
    await act(client, f"pools/{pool['id']}/actions/enable_ha", status=409)
    await act(client, f"pools/{pool['id']}/actions/disable_ha")
    assert not (await client.get(f"/rest/v0/pools/{pool['id']}")).json()["HA_enabled"]


async def test_another_host_becomes_the_coordinator(client: httpx.AsyncClient) -> None:
    pool = (await some(client, "pools"))[0]
    other = next(one["id"] for one in await some(client, "hosts") if one["id"] != pool["master"])
    await act(client, f"pools/{pool['id']}/actions/designate_master", {"hostId": other})
    assert (await client.get(f"/rest/v0/pools/{pool['id']}")).json()["master"] == other


async def test_the_toolstack_restarts_and_the_pool_is_back(client: httpx.AsyncClient) -> None:
    pool = (await some(client, "pools"))[0]
    await act(client, f"hosts/{pool['master']}/actions/restart_toolstack")
    [server] = await some(client, "servers")
    assert server["status"] == "connected"


async def test_what_is_not_there_yet_says_so(client: httpx.AsyncClient) -> None:
    pool = (await some(client, "pools"))[0]
    problem = (await act(client, f"pools/{pool['id']}/actions/rolling_update", status=501)).json()
    assert problem["code"] == "not-supported"
