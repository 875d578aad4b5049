"""Data sources over HTTP: listed, switched on and off, and what the pool says no to."""

from collections.abc import AsyncIterator
from urllib.parse import quote

import httpx
import jsonschema_rs
import pytest

import xensim
from podium.api.openapi import document
from tests.api.acting import API, some
from tests.journeys.conftest import connect
from tests.served import Service
from xensim import Sim

NOBODY = ("nobody@example.org", "no secret at all")


@pytest.fixture
async def sim() -> AsyncIterator[Sim]:
    async with xensim.serve(hosts=2, vms=12, seed=1, tls=True, port=0, pace=0) as one:
        yield one


@pytest.fixture
async def client(admin: httpx.AsyncClient, sim: Sim) -> httpx.AsyncClient:
    await connect(admin, sim)
    return admin


async def sources(client: httpx.AsyncClient, path: str) -> dict[str, dict[str, object]]:
    answer = await client.get(f"{API}/{path}/stats/data_sources")
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    rows = answer.json()
    assert [row["name_label"] for row in rows] == sorted(row["name_label"] for row in rows)
    return {row["name_label"]: row for row in rows}


@pytest.mark.parametrize("collection", ["vms", "hosts"])
async def test_sources_are_switched_on_and_off(
    service: Service, sim: Sim, client: httpx.AsyncClient, collection: str
) -> None:
    one = (await some(client, collection, "power_state:Running"))[0]
    path = f"{collection}/{one['id']}"
    found = await sources(client, path)
    whole = document(service.app)
    schema = whole["paths"][f"/{collection}/{{id}}/stats/data_sources"]["get"]["responses"]["200"]
    described = {**schema["content"]["application/json"]["schema"], "components": whole["components"]}
    jsonschema_rs.validator_for(described).validate(list(found.values()))
    assert found["cpu0"] | {"name_description": "", "value": 0} == {
        "name_label": "cpu0", "name_description": "", "enabled": True, "standard": True, "units": "(fraction)",
        "min": 0.0, "max": 1.0, "value": 0,
    }  # fmt: skip
    assert any(source["max"] is None for source in found.values())  # they say Infinity
    name = next(name for name, source in found.items() if not source["enabled"])
    url = f"{API}/{path}/stats/data_source/{quote(name, safe='')}"
    for method, enabled in (("PUT", True), ("PUT", True), ("DELETE", False), ("DELETE", False)):
        answer = await client.request(method, url)
        assert (answer.status_code, answer.content) == (204, b""), answer.text
        assert (await sources(client, path))[name]["enabled"] is enabled


async def test_what_does_not_exist(client: httpx.AsyncClient) -> None:
    vm = (await some(client, "vms", "power_state:Running"))[0]
    host = (await some(client, "hosts"))[0]
    for path in (f"vms/{vm['id']}", f"hosts/{host['id']}"):
        answer = await client.put(f"{API}/{path}/stats/data_source/no-such")
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found"), answer.text
        assert "no-such" in answer.json()["detail"]
    for path in (f"vms/{host['id']}", "vms/nobody", "hosts/nobody", "srs/nobody"):
        for method, end in (("PUT", "data_source/cpu0"), ("DELETE", "data_source/cpu0"), ("GET", "data_sources")):
            answer = await client.request(method, f"{API}/{path}/stats/{end}")
            assert (answer.status_code, answer.json()["code"]) == (404, "not-found"), path
    assert (await client.put(f"{API}/vms/{vm['id']}/stats/data_source/{'x' * 201}")).status_code == 422


async def test_a_vm_must_run(client: httpx.AsyncClient) -> None:
    vm = (await some(client, "vms", "power_state:Halted"))[0]
    for method in ("PUT", "DELETE"):
        answer = await client.request(method, f"{API}/vms/{vm['id']}/stats/data_source/cpu0")
        assert (answer.status_code, answer.json()["code"]) == (409, "incorrect-state"), answer.text
        assert vm["name_label"].strip() in answer.json()["detail"]


async def test_srs_have_none_unless_a_plugin_measures_them(client: httpx.AsyncClient) -> None:
    sr = (await some(client, "srs"))[0]
    await sources(client, f"srs/{sr['id']}")
    answer = await client.put(f"{API}/srs/{sr['id']}/stats/data_source/no-such")
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found"), answer.text


async def test_who_may(client: httpx.AsyncClient, service: Service, sim: Sim) -> None:
    await client.post(f"{API}/users", json={"name": NOBODY[0], "password": NOBODY[1], "permission": "none"})
    async with service.client(auth=NOBODY) as nobody:
        for collection, resource in (("vms", "vm"), ("hosts", "host"), ("srs", "sr")):
            one = (await some(client, collection))[0]["id"]
            for method, end, action in (
                ("PUT", "data_source/cpu0", "update:datasources"),
                ("DELETE", "data_source/cpu0", "update:datasources"),
                ("GET", "data_sources", "read"),
            ):
                answer = await nobody.request(method, f"{API}/{collection}/{one}/stats/{end}")
                assert answer.status_code == 403
                missing = {"action": action, "resource": resource, "objectId": one}
                assert answer.json()["data"] == {"missingPrivileges": [missing]}


async def test_a_read_only_server_is_read_only(admin: httpx.AsyncClient, sim: Sim) -> None:
    await connect(admin, sim, readOnly=True)
    client = admin
    vm = (await some(client, "vms", "power_state:Running"))[0]
    answer = await client.put(f"{API}/vms/{vm['id']}/stats/data_source/cpu0")
    assert (answer.status_code, answer.json()["code"]) == (403, "read-only"), answer.text
    assert await sources(client, f"vms/{vm['id']}")
