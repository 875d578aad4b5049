"""A pool, a member of a resource set, and what the set is made of."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest

import xensim
from podium.settings import Settings
from tests.journeys.conftest import connect
from tests.served import Service, served
from xensim import Sim

API = "/rest/v0"
GIB = 1 << 30
MEMBER = ("member@example.org", "a member's word")
MakeSet = Callable[..., Awaitable[str]]


@pytest.fixture
async def sim() -> AsyncIterator[Sim]:
    async with xensim.serve(hosts=2, vms=6, seed=1, tls=True, port=0, pace=0) as one:
        yield one


@pytest.fixture
async def service(settings: Settings) -> AsyncIterator[Service]:
    async with served(settings) as one:
        yield one


@pytest.fixture
async def admin(service: Service, sim: Sim) -> AsyncIterator[httpx.AsyncClient]:
    async with service.client() as one:
        await connect(one, sim)
        yield one


@pytest.fixture
async def member_id(admin: httpx.AsyncClient) -> str:
    answer = await admin.post(f"{API}/users", json={"name": MEMBER[0], "password": MEMBER[1]})
    found: str = answer.json()["id"]
    return found


@pytest.fixture
async def member(service: Service, member_id: str) -> AsyncIterator[httpx.AsyncClient]:
    async with service.client(auth=MEMBER) as one:
        yield one


@pytest.fixture
async def site(admin: httpx.AsyncClient) -> dict[str, Any]:
    """What VMs are made of."""

    async def rows(collection: str, found: str = "") -> list[dict[str, Any]]:
        answer = await admin.get(f"{API}/{collection}", params={"fields": "*", "filter": found})
        return list(answer.json())

    networks = await rows("networks")
    return {
        "pool": (await rows("pools"))[0],
        "template": next(one for one in await rows("vm-templates") if one["template_info"]["disks"]),
        "sr": next(one for one in await rows("srs", "shared?") if one["SR_type"] == "nfs"),
        "other_sr": next(one for one in await rows("srs") if one["SR_type"] == "lvm"),
        "network": networks[0],
        "other_network": networks[1],
    }


@pytest.fixture
async def make_set(admin: httpx.AsyncClient, site: dict[str, Any], member_id: str) -> MakeSet:
    async def make(**limits: Any) -> str:
        body = {
            "name": "Lab",
            "subjects": [member_id],
            "objects": [site["template"]["id"], site["sr"]["id"], site["network"]["id"]],
            "limits": limits,
        }
        answer = await admin.post(f"{API}/resource-sets", json=body)
        assert answer.status_code == 201, answer.text
        found: str = answer.json()["id"]
        return found

    return make


async def create(client: httpx.AsyncClient, site: dict[str, Any], set_id: str, **body: Any) -> httpx.Response:
    """A VM of 1 CPU, 1 GiB of memory and 2 GiB of disk, unless `body` says something else."""
    disks = [
        {"userdevice": str(number), "destroy": True}
        for number in range(len(site["template"]["template_info"]["disks"]))
    ]
    wish = {
        "template": site["template"]["id"],
        "name_label": "made",
        "resourceSet": set_id,
        "cpus": 1,
        "memory": GIB,
        "vdis": [*disks, {"size": 2 * GIB, "sr": site["sr"]["id"], "name_label": "data"}],
        "vifs": [{"network": site["network"]["id"]}],
        **body,
    }
    return await client.post(f"{API}/pools/{site['pool']['id']}/actions/create_vm", params={"sync": "true"}, json=wish)


async def made(client: httpx.AsyncClient, site: dict[str, Any], set_id: str, **body: Any) -> str:
    answer = await create(client, site, set_id, **body)
    assert answer.status_code == 201, answer.text
    found: str = answer.json()["id"]
    return found


def refused(answer: httpx.Response, resource: str) -> None:
    assert answer.status_code == 409, answer.text
    body = answer.json()
    assert (body["code"], body["data"]["resourceType"]) == ("not-enough-resources", resource), body
