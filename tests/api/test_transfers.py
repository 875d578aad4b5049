"""Streams over real sockets: disks and VMs go out of a simulated pool and into it, whole, or not at all."""

import asyncio
import random
from collections.abc import AsyncIterator

import httpx
import pytest

import xensim
from tests.journeys.conftest import connect
from tests.served import Service
from xensim import Sim

MIB = 1 << 20
SIZE = 24 * MIB


@pytest.fixture
async def sim() -> AsyncIterator[Sim]:
    async with xensim.serve(hosts=2, vms=6, seed=1, tls=True, port=0) as one:
        yield one


@pytest.fixture
async def client(admin: httpx.AsyncClient, sim: Sim) -> httpx.AsyncClient:
    await connect(admin, sim)
    return admin


def sparse(size: int = SIZE) -> bytes:
    """A disk with holes in it."""
    chance = random.Random(7)
    content = bytearray(size)
    for start in (0, 5 * MIB, 11 * MIB + 512):
        content[start : start + MIB] = chance.randbytes(MIB)
    return bytes(content)


async def shared_sr(client: httpx.AsyncClient) -> str:
    found = (
        await client.get("/rest/v0/srs", params={"filter": "shared? !content_type:iso", "fields": "id,SR_type"})
    ).json()
    return str(next(one["id"] for one in found if one["SR_type"] == "nfs"))


async def new_disk(client: httpx.AsyncClient, content: bytes) -> str:
    made = await client.post(
        f"/rest/v0/srs/{await shared_sr(client)}/vdis", params={"name_label": "déjà vu", "raw": ""}, content=content
    )
    assert made.status_code == 201, made.text
    assert made.headers["location"] == f"/rest/v0/vdis/{made.json()['id']}"
    return str(made.json()["id"])


async def tasks(client: httpx.AsyncClient) -> list[dict[str, object]]:
    found: list[dict[str, object]] = (await client.get("/rest/v0/tasks", params={"fields": "*"})).json()
    return found


async def test_a_raw_disk_comes_back_as_it_went(sim: Sim, client: httpx.AsyncClient) -> None:
    before = set(sim.db.refs("task"))
    content = sparse()
    disk = await new_disk(client, content)
    shown = (await client.get(f"/rest/v0/vdis/{disk}")).json()
    assert (shown["size"], shown["name_label"]) == (SIZE, "déjà vu")
    answer = await client.get(f"/rest/v0/vdis/{disk}.raw")
    assert answer.status_code == 200
    assert answer.content == content
    assert answer.headers["content-length"] == str(SIZE)
    assert "filename*=UTF-8''d%C3%A9j%C3%A0%20vu.raw" in answer.headers["content-disposition"]
    task = (await client.get(f"/rest/v0/tasks/{answer.headers['x-task-id']}", params={"wait": "true"})).json()
    assert (task["status"], task["progress"]) == ("success", 100)
    assert set(sim.db.refs("task")) == before


async def test_a_raw_download_that_broke_off_goes_on(client: httpx.AsyncClient) -> None:
    content = sparse()
    disk = await new_disk(client, content)
    answer = await client.get(f"/rest/v0/vdis/{disk}.raw", headers={"range": f"bytes={7 * MIB + 1}-"})
    assert answer.status_code == 206
    assert answer.headers["content-range"] == f"bytes {7 * MIB + 1}-{SIZE - 1}/{SIZE}"
    assert answer.content == content[7 * MIB + 1 :]
    for wrong in ("bytes=1-2", "lines=1-", f"bytes={SIZE}-"):
        assert (await client.get(f"/rest/v0/vdis/{disk}.raw", headers={"range": wrong})).status_code == 422


async def test_a_vhd_makes_an_equal_disk(client: httpx.AsyncClient) -> None:
    content = sparse()
    disk = await new_disk(client, content)
    vhd = await client.get(f"/rest/v0/vdis/{disk}.vhd")
    assert vhd.status_code == 200
    assert len(vhd.content) < SIZE

    async def body() -> AsyncIterator[bytes]:
        for start in range(0, len(vhd.content), 100_000):
            yield vhd.content[start : start + 100_000]

    made = await client.post(f"/rest/v0/srs/{await shared_sr(client)}/vdis", content=body())
    assert made.status_code == 201, made.text
    assert (await client.get(f"/rest/v0/vdis/{made.json()['id']}.raw")).content == content


async def test_a_disk_takes_new_content(client: httpx.AsyncClient) -> None:
    disk = await new_disk(client, bytes(SIZE))
    content = sparse()
    answer = await client.put(f"/rest/v0/vdis/{disk}.raw", content=content)
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await client.get(f"/rest/v0/vdis/{disk}.raw")).content == content
    larger = await client.put(f"/rest/v0/vdis/{disk}.raw", content=bytes(SIZE + 1))
    assert (larger.status_code, larger.json()["code"]) == (422, "invalid-parameters")


async def test_an_xva_makes_an_equal_vm(sim: Sim, client: httpx.AsyncClient) -> None:
    found = (
        await client.get("/rest/v0/vms", params={"filter": "power_state:Halted", "fields": "id,name_label,$VBDs"})
    ).json()
    vm = found[0]
    pool = (await client.get("/rest/v0/pools", params={"fields": "id"})).json()[0]["id"]
    for compress in ("false", "gzip", "zstd"):
        xva = await client.get(f"/rest/v0/vms/{vm['id']}.xva", params={"compress": compress})
        assert xva.status_code == 200, xva.text
        made = await client.post(
            f"/rest/v0/pools/{pool}/vms", params={"sr": await shared_sr(client)}, content=xva.content
        )
        assert made.status_code == 201, made.text
        new = (await client.get(f"/rest/v0/vms/{made.json()['id']}")).json()
        assert new["name_label"] == vm["name_label"]
        assert len(new["$VBDs"]) == len(vm["$VBDs"])


async def test_what_is_no_vhd_or_xva_is_refused_and_leaves_nothing(sim: Sim, client: httpx.AsyncClient) -> None:
    sr = await shared_sr(client)
    pool = (await client.get("/rest/v0/pools", params={"fields": "id"})).json()[0]["id"]
    before = {kind: set(sim.db.refs(kind)) for kind in ("VDI", "VM", "VBD", "VIF", "task")}
    no_vhd = await client.post(f"/rest/v0/srs/{sr}/vdis", content=b"x" * 4096)
    assert (no_vhd.status_code, no_vhd.json()["code"]) == (422, "invalid-parameters")
    no_length = await client.post(f"/rest/v0/srs/{sr}/vdis", params={"raw": "true"}, content=_chunks(3))
    assert no_length.status_code == 422
    no_xva = await client.post(f"/rest/v0/pools/{pool}/vms", params={"sr": sr}, content=b"x" * 4096)
    assert no_xva.status_code in {422, 502}
    assert no_xva.json()["xapi_code"].startswith("IMPORT_ERROR")
    ova = await client.get(f"/rest/v0/vms/{(await client.get('/rest/v0/vms')).json()[0].rpartition('/')[2]}.ova")
    assert ova.status_code == 501
    assert {kind: set(sim.db.refs(kind)) for kind in before} == before


async def _chunks(count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield bytes(MIB)


async def test_a_running_vm_is_not_exported(client: httpx.AsyncClient) -> None:
    running = (await client.get("/rest/v0/vms", params={"filter": "power_state:Running", "fields": "id"})).json()[0][
        "id"
    ]
    answer = await client.get(f"/rest/v0/vms/{running}.xva")
    assert (answer.status_code, answer.json()["xapi_code"]) == (409, "VM_BAD_POWER_STATE")
    assert (await tasks(client))[-1]["status"] == "failure"


async def test_who_stops_an_upload_leaves_nothing_behind(sim: Sim, client: httpx.AsyncClient) -> None:
    sr = await shared_sr(client)
    before = {kind: set(sim.db.refs(kind)) for kind in ("VDI", "task")}
    sent = asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        for number in range(1000):
            yield bytes(MIB)
            if number == 8:
                sent.set()
                await asyncio.sleep(30)

    upload = asyncio.create_task(
        client.post(
            f"/rest/v0/srs/{sr}/vdis",
            params={"raw": ""},
            content=body(),
            headers={"content-length": str(1000 * MIB)},
        )
    )
    await asyncio.wait_for(sent.wait(), 10)
    upload.cancel()
    await asyncio.gather(upload, return_exceptions=True)
    async with asyncio.timeout(15):
        while (await tasks(client))[-1]["status"] == "pending":
            await asyncio.sleep(0.05)
    assert {kind: set(sim.db.refs(kind)) for kind in before} == before


async def test_an_aborted_download_ends_short(sim: Sim, service: Service, client: httpx.AsyncClient) -> None:
    before = set(sim.db.refs("task"))
    made = await client.post(
        f"/rest/v0/srs/{await shared_sr(client)}/vdis", params={"raw": ""}, content=bytes(200 * MIB)
    )
    disk = made.json()["id"]
    got = 0
    task = ""

    async def download() -> None:
        nonlocal got, task
        async with client.stream("GET", f"/rest/v0/vdis/{disk}.raw") as answer:
            task = answer.headers["x-task-id"]
            async for chunk in answer.aiter_bytes():
                if not got:
                    async with service.client() as other:
                        ended = await other.post(f"/rest/v0/tasks/{task}/actions/abort", params={"sync": "true"})
                        assert ended.status_code == 204
                got += len(chunk)

    with pytest.raises(httpx.RemoteProtocolError):
        await download()
    assert got < 200 * MIB
    task_now = (await client.get(f"/rest/v0/tasks/{task}")).json()
    assert (task_now["status"], task_now["result"]["code"]) == ("failure", "aborted")
    assert set(sim.db.refs("task")) == before


async def test_hosts_hand_out_their_logs(client: httpx.AsyncClient) -> None:
    host = (await client.get("/rest/v0/hosts", params={"fields": "id"})).json()[0]["id"]
    audit = await client.get(f"/rest/v0/hosts/{host}/audit.txt")
    assert audit.status_code == 200, audit.text
    assert host in audit.headers["content-disposition"]
    logs = await client.get(f"/rest/v0/hosts/{host}/logs.tgz")
    assert logs.content.startswith(b"\x1f\x8b")
