"""The service goes and comes back: what was known is served at once, as stale, until the pool answers."""

import asyncio
import time

import httpx

from podium.settings import Settings
from tests.journeys.conftest import connect
from tests.journeys.sse import Follower
from tests.journeys.truth import differences, expected, served_objects, until_true
from tests.served import served
from xensim import Sim


async def stored(client: httpx.AsyncClient) -> None:
    """Wait for the writer, which is a second behind."""
    await asyncio.sleep(1.6)
    assert (await client.get("/health")).json()["status"] == "ok"


async def test_last_known_objects_are_served_until_the_pool_answers(sim: Sim, settings: Settings) -> None:
    async with served(settings) as service, service.client() as client:
        server_id = await connect(client, sim)
        before = await served_objects(client)
        await stored(client)
    sim.faults.hang(60)
    gone = next(iter(sim.db.refs("VIF")))
    sim.destroy("VIF", gone)
    async with served(settings) as service, service.client() as client:
        server = (await client.get(f"/rest/v0/servers/{server_id}")).json()
        assert server["state"] in {"connecting", "stale"}
        assert not differences(await served_objects(client), before)
        async with Follower(client, collections="VIF", patch="true") as follower:
            sim.faults.clear()
            await until_true(sim, client, within_s=15)
            count = len([key for key in expected(sim) if key.startswith("VIF/")])
            await follower.until(lambda one: len(one.view["VIF"]) == count)
            # the fresh state replaced the old by diff: the follower heard of nothing that had not changed
            assert len([kind for kind, _ in follower.frames if kind in {"update", "patch", "remove"}]) <= 10


async def test_a_deleted_server_takes_its_objects_with_it(sim: Sim, sqlite_settings: Settings) -> None:
    async with served(sqlite_settings) as service, service.client() as client:
        server_id = await connect(client, sim)
        assert len(await served_objects(client)) > 100
        assert (await client.delete(f"/rest/v0/servers/{server_id}")).status_code == 204
        assert await served_objects(client) == {}
        await stored(client)
    async with served(sqlite_settings) as service, service.client() as client:
        assert await served_objects(client) == {}


async def test_stopping_is_quick_with_streams_open(sim: Sim, sqlite_settings: Settings) -> None:
    async with served(sqlite_settings) as service, service.client() as client:
        await connect(client, sim)
        params = {"collections": "VM"}
        streams = [client.stream("GET", "/rest/v0/events", params=params, timeout=20) for _ in range(20)]
        answers = [await stream.__aenter__() for stream in streams]
        began = time.perf_counter()
    assert time.perf_counter() - began < 2
    for answer in answers:
        await answer.aclose()


async def test_stopping_is_quick_with_a_client_that_does_not_read(sim: Sim, sqlite_settings: Settings) -> None:
    vm = next(ref for ref, row in sim.db.rows("VM").items() if not row.record["is_a_template"])
    async with served(sqlite_settings) as service, service.client() as client:
        await connect(client, sim)
        made = await client.post("/rest/v0/users/me/authentication_tokens", json={}, follow_redirects=True)
        host, _, port = service.url.removeprefix("http://").partition(":")
        writers = []
        for path in ("events?collections=VM,VM-controller", "vms?watch=true&ndjson=true&fields=*"):
            _, writer = await asyncio.open_connection(host, int(port), limit=1 << 12)
            head = (
                f"GET /rest/v0/{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {made.json()['token']['id']}\r\n\r\n"
            )
            writer.write(head.encode())
            writers.append(writer)
        for number in range(200):
            sim.set("VM", vm, name_description=f"{number} " + "x" * 50_000)
            await asyncio.sleep(0.005)
        await until_true(sim, client, within_s=10)
        began = time.perf_counter()
    assert time.perf_counter() - began < 2
    for writer in writers:
        writer.close()


async def test_the_coordinator_moved_while_nobody_looked(sim: Sim, sqlite_settings: Settings) -> None:
    """The new one's certificate was never accepted by a human, but the pool vouched for it."""
    async with served(sqlite_settings) as service, service.client() as client:
        server_id = await connect(client, sim)
        await stored(client)
    await sim.faults.move_coordinator()
    async with served(sqlite_settings) as service, service.client() as client:
        await until_true(sim, client, within_s=15)
        server = (await client.get(f"/rest/v0/servers/{server_id}")).json()
        assert server["state"] == "connected"


async def test_the_first_address_is_gone_while_nobody_looked(sim: Sim, sqlite_settings: Settings) -> None:
    async with served(sqlite_settings) as service, service.client() as client:
        await connect(client, sim)
        await stored(client)
    home = sim.coordinator
    await sim.faults.move_coordinator()
    refusing = asyncio.ensure_future(sim.faults.refuse_connections(30, home))
    async with served(sqlite_settings) as service, service.client() as client:
        await until_true(sim, client, within_s=15)
    refusing.cancel()
