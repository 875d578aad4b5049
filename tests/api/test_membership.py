"""A host leaves its pool and comes back, from HTTP to the simulated hosts, which move for real."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

import xensim
from tests.journeys.conftest import connect
from xensim import Neighbours, Sim
from xensim.ops import host_power


@pytest.fixture
async def neighbours() -> AsyncIterator[Neighbours]:
    known = Neighbours()
    yield known
    await known.close()


@pytest.fixture
async def sim(neighbours: Neighbours, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Sim]:
    monkeypatch.setattr(host_power, "REPLY_S", 0.02)
    async with xensim.serve(neighbours, hosts=2, vms=0, tls=False, port=0, pace=0.001) as one:
        yield one


async def until(client: httpx.AsyncClient, path: str, count: int) -> list[dict[str, str]]:
    async with asyncio.timeout(20):
        while True:
            rows: list[dict[str, str]] = (await client.get(path, params={"fields": "*"})).json()
            if len(rows) == count:
                return rows
            await asyncio.sleep(0.05)


async def test_a_host_is_detached_and_joins_again(admin: httpx.AsyncClient, sim: Sim, neighbours: Neighbours) -> None:
    await connect(admin, sim, certificateFingerprint=None, allowUnauthorized=True)
    [pool] = (await admin.get("/rest/v0/pools", params={"fields": "id,master"})).json()
    hosts = await until(admin, "/rest/v0/hosts", 2)
    member = next(one for one in hosts if one["id"] != pool["master"])
    gone = await admin.post(f"/rest/v0/hosts/{member['id']}/actions/detach", params={"sync": "true"})
    assert gone.status_code == 204, gone.text
    await until(admin, "/rest/v0/hosts", 1)
    async with asyncio.timeout(20):
        while len(neighbours.sims) < 2:
            await asyncio.sleep(0.05)
    await connect(admin, neighbours.sims[1], certificateFingerprint=None, allowUnauthorized=True)
    alone = next(one for one in await until(admin, "/rest/v0/hosts", 2) if one["id"] != pool["master"])
    assert alone["$pool"] != pool["id"]
    joined = await admin.post(
        f"/rest/v0/pools/{pool['id']}/actions/add_host", params={"sync": "true"}, json={"host": alone["id"]}
    )
    assert joined.status_code == 204, joined.text
    async with asyncio.timeout(20):
        while True:
            rows = (await admin.get("/rest/v0/hosts", params={"filter": f"$pool:{pool['id']}"})).json()
            if len(rows) == 2:
                break
            await asyncio.sleep(0.1)
    tasks = (await admin.get("/rest/v0/tasks", params={"fields": "*"})).text
    assert "xensim" not in tasks.replace("xensim/", "")
