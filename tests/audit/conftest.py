"""A service with a pool, on each database, and what its audit log says."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

import xensim
from podium.settings import Settings
from tests.journeys.conftest import connect
from tests.served import Service, served
from xensim import Sim


@pytest.fixture
async def sim() -> AsyncIterator[Sim]:
    async with xensim.serve(hosts=2, vms=6, seed=1, tls=True, port=0) as one:
        yield one


@pytest.fixture
async def service(settings: Settings) -> AsyncIterator[Service]:
    async with served(settings) as one:
        yield one


@pytest.fixture
async def client(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    async with service.client() as one:
        yield one


@pytest.fixture
async def server_id(client: httpx.AsyncClient, sim: Sim) -> str:
    return await connect(client, sim)


async def records(client: httpx.AsyncClient, found: str = "", **params: Any) -> list[dict[str, Any]]:
    """The records, newest first."""
    answer = await client.get("/rest/v0/audit", params={"fields": "*", "filter": found, **params})
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()
    return rows


async def newest(client: httpx.AsyncClient, event: str = "apiCall") -> dict[str, Any]:
    return (await records(client, f"event:={event}", limit=1))[0]
