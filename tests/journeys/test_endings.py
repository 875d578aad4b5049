"""A login that ends takes everything with it that it holds open: streams, watched lists, waits."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import httpx
import pytest

from podium.services.access import viewer_of
from podium.services.tasks import Progress
from tests.served import Service

USERS = "/rest/v0/users"
User = tuple[str, str]
"""Id and token of the user whose login ends."""


@pytest.fixture
async def task_id(service: Service) -> AsyncIterator[str]:
    """Of a task that does not end before the test does."""
    end = asyncio.Event()

    async def work(_: Progress) -> None:
        await end.wait()

    running = await service.app.state.tasks.start("wait", work, viewer=viewer_of("somebody", "admin"))
    yield running.task_id
    end.set()
    await running.result()


async def revoked(client: httpx.AsyncClient, user: User) -> None:
    tokens = (await client.get(f"{USERS}/{user[0]}/authentication_tokens", headers=_as(user), auth=None)).json()
    current = next(one["token_id"] for one in tokens if one["current"])
    assert (await client.delete(f"{USERS}/{user[0]}/authentication_tokens/{current}")).status_code == 204


async def signed_out(client: httpx.AsyncClient, user: User) -> None:
    assert (await client.request("POST", "/rest/v0/auth/signout", headers=_as(user), auth=None)).status_code == 204


async def password_changed(client: httpx.AsyncClient, user: User) -> None:
    assert (await client.patch(f"{USERS}/{user[0]}", json={"password": "another"})).status_code == 204


async def deleted(client: httpx.AsyncClient, user: User) -> None:
    assert (await client.delete(f"{USERS}/{user[0]}")).status_code == 204


def _as(user: User) -> dict[str, str]:
    return {"authorization": f"Bearer {user[1]}"}


@pytest.mark.parametrize("end", [revoked, signed_out, password_changed, deleted])
async def test_whatever_is_open_ends(
    service: Service,
    client: httpx.AsyncClient,
    task_id: str,
    end: Callable[[httpx.AsyncClient, User], Awaitable[None]],
) -> None:
    made = await client.post(USERS, json={"name": "ada", "password": "ada's own", "permission": "admin"})
    answer = await client.post("/rest/v0/auth/signin", json={"username": "ada", "password": "ada's own"})
    user = (made.json()["id"], answer.cookies["authenticationToken"])
    client.cookies.clear()
    urls = ["/rest/v0/events", "/rest/v0/events?collections=user", "/rest/v0/users?watch=true&ndjson=true&fields=*"]
    async with AsyncExitStack() as stack:
        hers = await stack.enter_async_context(service.client(auth=None, **_as(user)))
        streams = [await stack.enter_async_context(hers.stream("GET", url)) for url in urls]
        assert [one.status_code for one in streams] == [200] * 3
        wait = asyncio.create_task(hers.get(f"/rest/v0/tasks/{task_id}", params={"wait": "true"}))
        await asyncio.sleep(0.1)
        assert not wait.done()
        await end(client, user)
        async with asyncio.timeout(5):
            for one in streams:
                await one.aread()
            assert (await wait).status_code == 401
        assert (await hers.get("/rest/v0/vms")).status_code == 401
    assert len(service.app.state.connections) == 0


async def test_a_password_login_ends_with_its_password(service: Service, client: httpx.AsyncClient) -> None:
    made = await client.post(USERS, json={"name": "ada", "password": "ada's own"})
    async with service.client(auth=("ada", "ada's own")) as hers, hers.stream("GET", "/rest/v0/events") as stream:
        await password_changed(client, (made.json()["id"], ""))
        async with asyncio.timeout(5):
            await stream.aread()
        assert (await hers.get("/rest/v0/vms")).status_code == 401
