"""A pool, the service, and the connection between them."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

import xensim
from podium.settings import Settings
from tests.served import Service, served
from xensim import Sim


@pytest.fixture
async def sim() -> AsyncIterator[Sim]:
    async with xensim.serve(hosts=3, vms=12, seed=1, tls=True, port=0) as one:
        yield one


@pytest.fixture
async def service(sqlite_settings: Settings) -> AsyncIterator[Service]:
    async with served(sqlite_settings) as one:
        yield one


@pytest.fixture
async def client(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    async with service.client() as one:
        yield one


async def connect(client: httpx.AsyncClient, sim: Sim, **body: Any) -> str:
    """Add the simulated pool as a server, pin its certificate, connect and wait; the server's id."""
    answer = await client.post(
        "/rest/v0/servers",
        json={
            "host": sim.url,
            "username": "root",
            "password": "xensim",
            "certificateFingerprint": sim.fingerprint,
            **body,
        },
    )
    assert answer.status_code == 201, answer.text
    server_id: str = answer.json()["id"]
    answer = await client.post(f"/rest/v0/servers/{server_id}/actions/connect", params={"sync": "true"})
    assert answer.status_code == 204, answer.text
    return server_id


@pytest.fixture
async def server_id(client: httpx.AsyncClient, sim: Sim) -> str:
    return await connect(client, sim)
