"""Tags of every kind of object, and messages, alarms and XAPI's own tasks: the small writes."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import quote

import httpx
import pytest

import xensim
from podium.services.tags import CLASSES
from tests.api.acting import API, one, post, some
from tests.journeys.conftest import connect
from tests.served import Service
from xensim import Sim


@pytest.fixture
async def sim() -> AsyncIterator[Sim]:
    async with xensim.serve(hosts=2, vms=24, seed=1, tls=True, port=0, pace=0) as pool:
        yield pool


@pytest.fixture
async def client(admin: httpx.AsyncClient, sim: Sim) -> httpx.AsyncClient:
    await connect(admin, sim)
    return admin


async def test_tags_of_every_kind(sim: Sim, client: httpx.AsyncClient) -> None:
    for collection, kind in CLASSES.items():
        row = (await some(client, collection))[0]
        tag = f"of {collection}"
        url = f"{API}/{collection}/{row['id']}/tags/{quote(tag)}"
        for _ in range(2):
            answer = await client.put(url)
            assert (answer.status_code, answer.content) == (204, b""), answer.text
            assert (await one(client, collection, row["id"]))["tags"].count(tag) == 1
            assert tag in sim.db.field(kind, row["_xapiRef"], "tags")  # type: ignore[operator]
        for _ in range(2):
            assert (await client.delete(url)).status_code == 204
            assert tag not in (await one(client, collection, row["id"]))["tags"]
            assert tag not in sim.db.field(kind, row["_xapiRef"], "tags")  # type: ignore[operator]
        assert (await client.put(f"{API}/{collection}/nobody/tags/x")).status_code == 404


@pytest.mark.parametrize("tag", ["a/b", "a/", "/", "été ☃", "50 %", "a?b#c", "a+b", "x" * 255, "..a", "a%2Fb"])
async def test_a_tag_is_any_text(sim: Sim, client: httpx.AsyncClient, tag: str) -> None:
    vm = (await some(client, "vms"))[0]
    url = f"{API}/vms/{vm['id']}/tags/{quote(tag, safe='')}"
    assert (await client.put(url)).status_code == 204
    assert (await one(client, "vms", vm["id"]))["tags"] == [*vm["tags"], tag]
    assert (await client.delete(url)).status_code == 204
    assert (await one(client, "vms", vm["id"]))["tags"] == vm["tags"]


async def test_what_is_no_tag(client: httpx.AsyncClient) -> None:
    vm = (await some(client, "vms"))[0]["id"]
    for tag in ("%20", "x" * 256, "%00", "%0A"):
        assert (await client.put(f"{API}/vms/{vm}/tags/{tag}")).status_code == 422, tag
    assert (await client.put(f"{API}/vms/{vm}/tags")).status_code in {404, 405}


async def test_messages_and_alarms_are_forgotten(sim: Sim, client: httpx.AsyncClient) -> None:
    for collection in ("messages", "alarms"):
        row, *others = await some(client, collection)
        assert (await client.delete(f"{API}/{collection}/{row['id']}")).status_code == 204
        await one(client, collection, row["id"], 404)
        assert not sim.db.exists("message", row["_xapiRef"])
        assert (await client.delete(f"{API}/{collection}/{row['id']}")).status_code == 404
        wrong = "alarms" if collection == "messages" else "messages"
        if others:
            assert (await client.delete(f"{API}/{wrong}/{others[0]['id']}")).status_code == 404
            answer = await post(client, f"{collection}/actions/delete", {"ids": [one_["id"] for one_ in others]}, 200)
            assert len(answer["succeeded"]) == len(others)
            assert await some(client, collection) == []


async def test_a_task_of_the_pool_is_stopped(sim: Sim, client: httpx.AsyncClient) -> None:
    vm = (await some(client, "vms", "power_state:Halted"))[0]
    known = {row["id"] for row in await some(client, "xapi-tasks")}
    sim.pool.pace = 30.0
    started = (await client.post(f"{API}/vms/{vm['id']}/actions/start")).json()["taskId"]
    async with asyncio.timeout(10):
        while not (
            new := [row for row in await some(client, "xapi-tasks", "status:pending") if row["id"] not in known]
        ):
            await asyncio.sleep(0.02)
    [row] = [row for row in new if row["name_label"] == "Async.VM.start"]
    await post(client, f"xapi-tasks/{row['id']}/actions/abort")
    task = (await client.get(f"{API}/tasks/{started}", params={"wait": "true"})).json()
    assert (task["status"], task["result"]["code"]) == ("failure", "aborted")
    assert (await one(client, "vms", vm["id"]))["power_state"] == "Halted"
    await post(client, f"xapi-tasks/{row['id']}/actions/abort", status=404)
    await post(client, "xapi-tasks/nobody/actions/abort", status=404)


async def test_without_rights_nothing_is_written(sim: Sim, client: httpx.AsyncClient, service: Service) -> None:
    await client.post(f"{API}/users", json={"name": "nobody", "password": "no rights"})
    vm = (await some(client, "vms", "power_state:Halted"))[0]
    message = (await some(client, "messages"))[0]["id"]
    async with service.client(auth=("nobody", "no rights")) as nobody:
        for method, path, body in (
            ("PUT", f"vms/{vm['id']}/tags/mine", None),
            ("DELETE", f"vms/{vm['id']}", None),
            ("DELETE", f"messages/{message}", None),
            ("POST", f"vms/{vm['id']}/actions/start", None),
            ("POST", f"vms/{vm['id']}/actions/snapshot", None),
            ("POST", f"vms/{vm['id']}/actions/clone", {}),
        ):
            answer = await nobody.request(method, f"{API}/{path}", json=body)
            assert (answer.status_code, answer.json()["code"]) == (403, "missing-privileges"), path
        # of many, those that one does not see are not there
        answer = await nobody.post(f"{API}/vms/actions/start", json={"ids": [vm["id"]], "dryRun": True})
        assert answer.status_code == 404
        answer = await nobody.post(f"{API}/vms/actions/start", json={"filter": "power_state:Halted", "dryRun": True})
        assert answer.json() == {"possible": [], "impossible": []}
    assert (await one(client, "vms", vm["id"]))["tags"] == vm["tags"]
