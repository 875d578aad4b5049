"""vTPMs: given to a halted VM, and taken away."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

import xensim
from tests.api.acting import API, one, some
from tests.journeys.conftest import connect
from xensim import Sim


@pytest.fixture
async def sim() -> AsyncIterator[Sim]:
    async with xensim.serve(hosts=2, vms=24, seed=1, tls=False, port=0, pace=0) as pool:
        yield pool


@pytest.fixture
async def client(admin: httpx.AsyncClient, sim: Sim) -> httpx.AsyncClient:
    await connect(admin, sim)
    return admin


async def create(client: httpx.AsyncClient, vm: str, status: int = 201) -> dict[str, Any]:
    answer = await client.post(f"{API}/vtpms", json={"vmId": vm})
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    if status == 201:
        assert answer.headers["location"] == f"{API}/vtpms/{found['id']}"
    return found


async def test_a_halted_vm_gets_one_and_loses_it(sim: Sim, client: httpx.AsyncClient) -> None:
    vm = next(row for row in await some(client, "vms", "power_state:Halted") if not row["VTPMs"])
    made = await create(client, vm["id"])
    assert (await one(client, "vtpms", made["id"]))["vm"] == vm["id"]
    assert (await one(client, "vms", vm["id"]))["VTPMs"] == [made["id"]]
    assert len(sim.db.record("VM", vm["_xapiRef"])["VTPMs"]) == 1  # type: ignore[arg-type]  # a list of refs
    problem = await create(client, vm["id"], 409)
    assert problem["xapi_code"] == "VTPM_MAX_AMOUNT_REACHED"
    assert (await client.delete(f"{API}/vtpms/{made['id']}")).status_code == 204
    assert (await one(client, "vms", vm["id"]))["VTPMs"] == []
    assert (await client.delete(f"{API}/vtpms/{made['id']}")).status_code == 404


async def test_a_running_vm_gets_none(client: httpx.AsyncClient) -> None:
    vm = next(row for row in await some(client, "vms", "power_state:Running") if not row["VTPMs"])
    assert (await create(client, vm["id"], 409))["xapi_code"] == "VM_BAD_POWER_STATE"
    await create(client, "nobody", 404)
