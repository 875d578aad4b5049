"""Servers over HTTP, against simulated pools on real sockets."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

import xensim
from podium.settings import Settings
from tests.served import Service, ascii_json, served
from xensim import Sim

SERVERS = "/rest/v0/servers"


@pytest.fixture
async def sim() -> AsyncIterator[Sim]:
    async with xensim.serve(hosts=2, vms=4, login_penalty_s=0.0) as one:
        yield one


def body(sim: Sim, **changes: Any) -> dict[str, Any]:
    return {"host": sim.url, "username": "root", "password": "xensim", **changes}


async def add(admin: httpx.AsyncClient, sim: Sim, **changes: Any) -> str:
    answer = await admin.post(SERVERS, json=body(sim, **changes))
    assert answer.status_code == 201, answer.text
    server_id: str = answer.json()["id"]
    assert answer.headers["location"] == f"{SERVERS}/{server_id}"
    return server_id


async def act(admin: httpx.AsyncClient, server_id: str, action: str) -> httpx.Response:
    return await admin.post(f"{SERVERS}/{server_id}/actions/{action}?sync=true")


async def read(admin: httpx.AsyncClient, server_id: str) -> dict[str, Any]:
    answer = await admin.get(f"{SERVERS}/{server_id}")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


async def becomes(admin: httpx.AsyncClient, server_id: str, **wanted: object) -> dict[str, Any]:
    """The server, once it reads as wanted."""
    async with asyncio.timeout(10):
        while True:
            found = await read(admin, server_id)
            if all(found.get(name) == value for name, value in wanted.items()):
                return found
            await asyncio.sleep(0.02)


async def test_life_of_a_server(admin: httpx.AsyncClient, sim: Sim) -> None:
    server_id = await add(admin, sim, certificateFingerprint=sim.fingerprint)
    found = await read(admin, server_id)
    assert (found["status"], found["enabled"], found["certificateMode"]) == ("disconnected", True, "pinned")
    assert "password" not in found
    assert (await act(admin, server_id, "connect")).status_code == 204
    found = await becomes(admin, server_id, status="connected")
    assert found["label"] == found["poolNameLabel"]
    assert found["poolMembersAddresses"] == sorted(sim.addresses)
    assert found["master"] in (await admin.get("/rest/v0/hosts?fields=id")).text
    assert len((await admin.get("/rest/v0/vms")).json()) == 4
    again = await act(admin, server_id, "connect")
    assert (again.status_code, again.json()["code"]) == (409, "incorrect-state")
    assert (await act(admin, server_id, "disconnect")).status_code == 204
    found = await read(admin, server_id)
    assert (found["status"], found["enabled"]) == ("disconnected", False)
    assert "poolId" not in found
    assert (await admin.get("/rest/v0/vms")).json() == []
    assert (await act(admin, server_id, "disconnect")).status_code == 409
    assert (await admin.delete(f"{SERVERS}/{server_id}")).status_code == 204
    assert (await admin.get(f"{SERVERS}/{server_id}")).status_code == 404
    assert (await act(admin, server_id, "connect")).status_code == 404


async def test_an_action_is_a_task(admin: httpx.AsyncClient, sim: Sim) -> None:
    server_id = await add(admin, sim, certificateFingerprint=sim.fingerprint)
    answer = await admin.post(f"{SERVERS}/{server_id}/actions/connect")
    assert answer.status_code == 202
    task_id = answer.json()["taskId"]
    assert answer.headers["location"] == f"/rest/v0/tasks/{task_id}"
    task = (await admin.get(f"/rest/v0/tasks/{task_id}?wait=true")).json()
    assert task["status"] == "success"
    assert task["properties"]["name"] == "REST API: connect server"
    assert (task["properties"]["objectId"], task["properties"]["objectType"]) == (server_id, "server")
    assert (await admin.get(f"{SERVERS}/{server_id}/tasks")).json() == [f"/rest/v0/tasks/{task_id}"]
    answer = await admin.post(f"{SERVERS}/{server_id}/actions/connect")
    task = (await admin.get(f"{answer.headers['location']}?wait=true")).json()
    assert (task["status"], task["result"]["code"]) == ("failure", "incorrect-state")


async def test_a_certificate_is_pinned_when_a_human_says_so(admin: httpx.AsyncClient, sim: Sim) -> None:
    server_id = await add(admin, sim)
    answer = await act(admin, server_id, "connect")
    assert (answer.status_code, answer.json()["code"]) == (502, "certificate-untrusted")
    fingerprint = answer.json()["data"]["fingerprint"]
    assert fingerprint == sim.fingerprint
    found = await read(admin, server_id)
    assert (found["status"], found["state"], found["error"]["code"]) == (
        "disconnected",
        "refused",
        "certificate-untrusted",
    )
    url = f"{SERVERS}/{server_id}/actions/accept_certificate"
    assert (await admin.post(url, json={"fingerprint": "AB:CD"})).status_code == 422
    assert (await admin.post(url, json={"fingerprint": fingerprint.lower()})).status_code == 204
    found = await becomes(admin, server_id, status="connected")
    assert "error" not in found
    assert (found["certificateMode"], found["certificateFingerprint"]) == ("pinned", sim.fingerprint)


async def test_another_certificate_is_refused(admin: httpx.AsyncClient, sim: Sim) -> None:
    server_id = await add(admin, sim, certificateFingerprint=":".join(["AB"] * 32))
    answer = await act(admin, server_id, "connect")
    assert (answer.status_code, answer.json()["data"]["reason"]) == (502, "changed")


async def test_wrong_credentials_wait_for_a_human(admin: httpx.AsyncClient, sim: Sim) -> None:
    server_id = await add(admin, sim, password="wrong", allowUnauthorized=True)
    answer = await act(admin, server_id, "connect")
    assert (answer.status_code, answer.json()["code"]) == (502, "pool-refused")
    assert (await read(admin, server_id))["state"] == "refused"
    assert (await admin.patch(f"{SERVERS}/{server_id}", json={"password": "xensim"})).status_code == 204
    assert (await act(admin, server_id, "connect")).status_code == 204
    assert (await read(admin, server_id))["certificateMode"] == "unverified"


async def test_a_pool_is_connected_once(admin: httpx.AsyncClient, sim: Sim) -> None:
    first = await add(admin, sim, allowUnauthorized=True)
    assert (await act(admin, first, "connect")).status_code == 204
    member = next(one for one in sim.addresses if one != sim.coordinator)
    second = await add(admin, sim, host=f"https://{member}:{sim.port}", allowUnauthorized=True)
    answer = await act(admin, second, "connect")
    assert (answer.status_code, answer.json()["code"]) == (409, "pool-already-connected")
    assert answer.json()["data"]["serverId"] == first
    assert len((await admin.get("/rest/v0/vms")).json()) == 4
    assert (await admin.delete(f"{SERVERS}/{second}")).status_code == 204
    assert len((await admin.get("/rest/v0/vms")).json()) == 4


async def test_the_same_address_twice(admin: httpx.AsyncClient, sim: Sim) -> None:
    await add(admin, sim)
    for host in (sim.url, f" {sim.url}/ "):
        answer = await admin.post(SERVERS, json=body(sim, host=host))
        assert (answer.status_code, answer.json()["code"]) == (409, "name-taken")
    other = await add(admin, sim, host="10.0.0.1")
    answer = await admin.patch(f"{SERVERS}/{other}", json={"host": sim.url, "password": "xensim"})
    assert answer.status_code == 409
    assert (await admin.post(SERVERS, json=body(sim, host="https://10.0.0.1:443"))).status_code == 409


async def test_changes(admin: httpx.AsyncClient, sim: Sim) -> None:
    server_id = await add(admin, sim, allowUnauthorized=True)
    await act(admin, server_id, "connect")
    since = (await read(admin, server_id))["stateSince"]
    url = f"{SERVERS}/{server_id}"
    assert (await admin.patch(url, json={"label": "Lab"})).status_code == 204
    found = await read(admin, server_id)
    assert (found["label"], found["status"], found["stateSince"]) == ("Lab", "connected", since)
    assert (await admin.patch(url, json={"label": None, "readOnly": True})).status_code == 204
    found = await becomes(admin, server_id, status="connected")
    assert (found["label"], found["readOnly"]) == (found["poolNameLabel"], True)
    async with xensim.serve(hosts=1, vms=1, seed=2, address="127.0.3.1") as other:
        assert (await admin.patch(url, json={"host": other.url, "password": "xensim"})).status_code == 204
        await becomes(admin, server_id, status="connected", host=other.url)
        assert len((await admin.get("/rest/v0/vms")).json()) == 1
        assert (await admin.patch(url, json={})).status_code == 204


async def test_a_proxy_s_password_is_not_shown_and_may_be_sent_back_masked(
    service: Service, admin: httpx.AsyncClient, sim: Sim
) -> None:
    server_id = await add(admin, sim, httpProxy="http://user:p:w@proxy.example:3128")
    shown = (await read(admin, server_id))["httpProxy"]
    assert shown == "http://user:***@proxy.example:3128"
    assert (await admin.patch(f"{SERVERS}/{server_id}", json={"httpProxy": shown})).status_code == 204
    store = service.app.state.servers._store
    assert store.config(store.get(server_id)).proxy == "http://user:p:w@proxy.example:3128"
    assert (await admin.patch(f"{SERVERS}/{server_id}", json={"httpProxy": None})).status_code == 204
    assert "httpProxy" not in await read(admin, server_id)


async def test_a_stored_password_goes_no_other_way(service: Service, admin: httpx.AsyncClient, sim: Sim) -> None:
    """Whoever changes the address does not know the password, and must not learn it by that."""
    server_id = await add(admin, sim, httpProxy="http://user:secret@127.0.0.1:9")
    url = f"{SERVERS}/{server_id}"
    ways = (
        {"host": "127.0.0.1:9"},
        {"host": sim.url.replace("https", "http")},
        {"httpProxy": "http://127.0.0.1:8"},
        {"httpProxy": "http://user:***@127.0.0.1:8"},
        {"allowUnauthorized": True},
    )
    for way in ways:
        answer = await admin.patch(url, json={**way, "label": "x"})
        assert (answer.status_code, answer.json()["errors"][0]["loc"]) == (422, ["body", "password"]), way
    found = await read(admin, server_id)
    assert (found["host"], found["httpProxy"]) == (sim.url, "http://user:***@127.0.0.1:9")
    assert (found["allowUnauthorized"], "label" in found) == (False, False)
    for same in ({"host": f" {sim.url}/"}, {"httpProxy": found["httpProxy"]}, {"allowUnauthorized": False}):
        assert (await admin.patch(url, json=same)).status_code == 204, same
    for way in ways:
        assert (await admin.patch(url, json={**way, "password": "xensim"})).status_code == 204, way
    for less in ({"httpProxy": None}, {"allowUnauthorized": False}, {"username": "other"}):
        assert (await admin.patch(url, json=less)).status_code == 204, less


async def test_a_proxy_is_an_address(admin: httpx.AsyncClient, sim: Sim) -> None:
    for proxy in ("http://u:p/w@x:1", "http://x/path", "ftp://x", "http://x?a", "x:1"):
        assert (await admin.post(f"{SERVERS}/test", json=body(sim, httpProxy=proxy))).status_code == 422, proxy
    for proxy in ("http://u:hush@[:1", "http://u:hush@x:port", "http://u:hush@", "http://u:hush@127.0.0.1:9"):
        answer = await admin.post(f"{SERVERS}/test", json=body(sim, httpProxy=proxy, allowUnauthorized=True))
        assert (answer.status_code, answer.json()["code"]) == (502, "pool-unreachable"), proxy
        assert "hush" not in answer.text


async def test_trying_a_server_out_stores_nothing(admin: httpx.AsyncClient, sim: Sim) -> None:
    answer = await admin.post(f"{SERVERS}/test", json=body(sim, certificateFingerprint=sim.fingerprint))
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert len(found["hosts"]) == 2
    assert found["certificate"]["fingerprint"] == sim.fingerprint
    assert found["certificate"]["trusted"] is False
    assert (await admin.post(f"{SERVERS}/test", json=body(sim))).json()["code"] == "certificate-untrusted"
    wrong = await admin.post(f"{SERVERS}/test", json=body(sim, password="x", allowUnauthorized=True))
    assert (wrong.status_code, wrong.json()["code"]) == (502, "pool-refused")
    nobody = await admin.post(f"{SERVERS}/test", json=body(sim, host="127.0.0.1:1"))
    assert (nobody.status_code, nobody.json()["code"]) == (502, "pool-unreachable")
    assert (await admin.get(SERVERS)).json() == []


async def test_a_restart_connects_again_and_knows_the_members(sqlite_settings: Settings, sim: Sim) -> None:
    async with served(sqlite_settings) as service, service.client() as admin:
        server_id = await add(admin, sim, certificateFingerprint=sim.fingerprint)
        await act(admin, server_id, "connect")
        before = await read(admin, server_id)
    async with served(sqlite_settings) as service:
        row = service.app.state.servers._store.get(server_id)
        assert row.members == before["poolMembersAddresses"]
        assert row.pool_id == before["poolId"]
        assert b"xensim" not in row.password
        async with service.client() as admin:
            after = await becomes(admin, server_id, status="connected")
            assert after["label"] == before["label"]


async def test_another_secret_key_is_reported_not_fatal(sqlite_settings: Settings, sim: Sim) -> None:
    async with served(sqlite_settings) as service, service.client() as admin:
        server_id = await add(admin, sim, httpProxy="http://u:p@h:1")
    changed = sqlite_settings.model_copy(update={"secret_key": SecretStr("another secret key")})
    async with served(changed) as service, service.client() as admin:
        found = await read(admin, server_id)
        assert (found["status"], found["error"]["code"]) == ("disconnected", "unavailable")
        answer = await act(admin, server_id, "connect")
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        patch = {"password": "xensim", "httpProxy": None, "allowUnauthorized": True}
        assert (await admin.patch(f"{SERVERS}/{server_id}", json=patch)).status_code == 204
        assert (await act(admin, server_id, "connect")).status_code == 204


HOSTILE: list[dict[str, object]] = [
    {"host": ""},
    {"host": "\0"},
    {"host": "a b"},
    {"host": "ftp://x"},
    {"host": "x:99999"},
    {"host": "http://user:pw@x"},
    {"host": "x" * 256},
    {"host": "\ud800"},
    {"username": ""},
    {"username": "a\0"},
    {"password": "\0"},
    {"password": "\ud800"},
    {"password": "x" * 1025},
    {"label": "x" * 256},
    {"label": "\ud800"},
    {"httpProxy": "javascript:1"},
    {"httpProxy": "http://a b"},
    {"allowUnauthorized": "perhaps"},
    {"certificateFingerprint": "AB"},
    {"unknown": 1},
    {"host": None},
]


async def test_hostile_servers(admin: httpx.AsyncClient, sim: Sim) -> None:
    server_id = await add(admin, sim)
    for change in HOSTILE:
        for url in (SERVERS, f"{SERVERS}/test"):
            answer = await admin.post(url, **ascii_json(body(sim) | change))
            assert answer.status_code == 422, (url, change, answer.text)
        if change not in ({"host": None}, {"certificateFingerprint": "AB"}):
            answer = await admin.patch(f"{SERVERS}/{server_id}", **ascii_json(change))
            assert answer.status_code == 422, (change, answer.text)
    for one in ("%00", "x", "%ed%a0%80"):
        for method, suffix in (("DELETE", ""), ("PATCH", ""), ("POST", "/actions/connect"), ("GET", "/tasks")):
            answer = await admin.request(method, f"{SERVERS}/{one}{suffix}", json={} if method == "PATCH" else None)
            assert answer.status_code == 404, (method, one, suffix, answer.text)
