"""Tasks over HTTP: waiting, aborting, forgetting."""

import asyncio

import httpx

from podium.services.tasks import Progress
from tests.accounts import ROOT
from tests.served import Service

TASKS = "/rest/v0/tasks"


async def stuck(_: Progress) -> None:
    await asyncio.Event().wait()


async def test_waiting_for_the_end(service: Service, admin: httpx.AsyncClient) -> None:
    go = asyncio.Event()

    async def work(_: Progress) -> str:
        await go.wait()
        return "done"

    running = await service.app.state.tasks.start("x", work, viewer=ROOT)
    assert (await admin.get(f"{TASKS}/{running.task_id}")).json()["status"] == "pending"
    waiting = asyncio.create_task(admin.get(f"{TASKS}/{running.task_id}?wait=true"))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    go.set()
    task = (await waiting).json()
    assert (task["status"], task["result"]) == ("success", "done")
    assert (await admin.get(f"{TASKS}/{running.task_id}?wait=true")).json() == task


async def test_a_client_that_leaves_leaves_nothing_behind(service: Service) -> None:
    running = await service.app.state.tasks.start("x", stuck, viewer=ROOT)
    before = len(asyncio.all_tasks())
    async with service.client() as client:
        waiting = asyncio.create_task(client.get(f"{TASKS}/{running.task_id}?wait=true"))
        await asyncio.sleep(0.1)
        assert len(asyncio.all_tasks()) > before
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    async with asyncio.timeout(5):
        while len(asyncio.all_tasks()) > before:
            await asyncio.sleep(0.01)


async def test_abort(service: Service, admin: httpx.AsyncClient) -> None:
    running = await service.app.state.tasks.start("x", stuck, viewer=ROOT)
    answer = await admin.post(f"{TASKS}/{running.task_id}/actions/abort?sync=true")
    assert answer.status_code == 204
    task = (await admin.get(f"{TASKS}/{running.task_id}")).json()
    assert (task["status"], task["result"]["code"]) == ("failure", "aborted")
    assert task["abortionRequestedAt"]
    assert (await admin.post(f"{TASKS}/{running.task_id}/actions/abort?sync=true")).status_code == 404
    assert (await admin.post(f"{TASKS}/unknown/actions/abort")).status_code == 404


async def test_forgetting(service: Service, admin: httpx.AsyncClient) -> None:
    tasks = service.app.state.tasks

    async def nothing(_: Progress) -> None:
        return

    done = await tasks.start("x", nothing, viewer=ROOT)
    await done.result()
    running = await tasks.start("x", stuck, viewer=ROOT)
    assert (await admin.delete(f"{TASKS}/{running.task_id}")).status_code == 409
    assert (await admin.delete(f"{TASKS}/{done.task_id}")).status_code == 204
    assert (await admin.delete(f"{TASKS}/{done.task_id}")).status_code == 404
    assert (await admin.get(f"{TASKS}/{done.task_id}?wait=true")).status_code == 404
    assert (await admin.delete(TASKS)).status_code == 204
    assert (await admin.get(TASKS)).json() == [f"{TASKS}/{running.task_id}"]


async def test_a_failure_over_sync_says_the_same_as_the_task(admin: httpx.AsyncClient) -> None:
    server = {"host": "127.0.0.1:1", "username": "root", "password": "x"}
    server_id = (await admin.post("/rest/v0/servers", json=server)).json()["id"]
    answer = await admin.post(f"/rest/v0/servers/{server_id}/actions/connect?sync=true")
    [task] = (await admin.get(f"{TASKS}?fields=*")).json()
    assert answer.json()["code"] == task["result"]["code"] == "pool-unreachable"
    assert answer.json()["detail"] == task["result"]["message"]
    await admin.post(f"/rest/v0/servers/{server_id}/actions/disconnect?sync=true")
