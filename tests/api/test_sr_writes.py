"""What is done to SRs and their connections: made, found, brought in, looked through, and taken away again."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

import xensim
from tests.api.acting import API, one, patch, post, refuse_once, some
from tests.journeys.conftest import connect
from xensim import Sim

NFS = {"server": "10.20.0.5", "serverpath": "/export/backup"}


@pytest.fixture
async def sim() -> AsyncIterator[Sim]:
    async with xensim.serve(hosts=2, vms=24, seed=1, tls=True, port=0, pace=0) as one_pool:
        yield one_pool


@pytest.fixture
async def client(admin: httpx.AsyncClient, sim: Sim) -> httpx.AsyncClient:
    await connect(admin, sim)
    return admin


@pytest.fixture
async def host(client: httpx.AsyncClient) -> str:
    return str((await some(client, "hosts"))[0]["id"])


def nfs(host: str, **more: Any) -> dict[str, Any]:
    return {"hostId": host, "SR_type": "nfs", "name_label": "backup", "device_config": NFS, **more}


async def probe(
    client: httpx.AsyncClient, host: str, kind: str, config: dict[str, str] | None = None, status: int = 200
) -> Any:
    return await post(
        client, "srs/actions/probe", {"hostId": host, "SR_type": kind, "device_config": config or {}}, status
    )


async def test_an_sr_is_made_for_all_hosts_or_one(sim: Sim, client: httpx.AsyncClient, host: str) -> None:
    answer = await client.post(f"{API}/srs", json=nfs(host, name_description="of the nights"))
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"{API}/srs/{answer.json()['id']}"
    sr = await one(client, "srs", answer.json()["id"])
    assert (sr["name_label"], sr["name_description"], sr["SR_type"]) == ("backup", "of the nights", "nfs")
    assert (sr["shared"], sr["content_type"], len(sr["$PBDs"])) == (True, "user", 2)
    assert all([(await one(client, "pbds", pbd))["attached"] for pbd in sr["$PBDs"]])
    device = {"hostId": host, "SR_type": "ext", "name_label": "local", "device_config": {"device": "/dev/sdq"}}
    made = await post(client, "srs", device, 201)
    local = await one(client, "srs", made["id"])
    assert (local["shared"], local["$container"], len(local["$PBDs"])) == (False, host, 1)
    images = {
        "hostId": host,
        "SR_type": "iso",
        "name_label": "images",
        "device_config": {"location": "10.20.0.5:/export/iso"},
    }
    made = await post(client, "srs", images, 201)
    found = await one(client, "srs", made["id"])
    assert (found["shared"], found["content_type"]) == (True, "iso")


async def test_what_is_wrong_with_a_new_sr_is_told(sim: Sim, client: httpx.AsyncClient, host: str) -> None:
    before = set(sim.db.refs("SR"))
    problem = await post(client, "srs", nfs(host, SR_type="linstor"), 501)
    assert problem["code"] == "not-supported"
    problem = await post(client, "srs", nfs(host, device_config={}), 422)
    assert problem["xapi_code"] == "SR_BACKEND_FAILURE_102"
    assert "server" in problem["detail"]
    await post(client, "srs", nfs("nobody"), 404)
    await post(client, "srs", nfs(host, nonsense=1), 422)
    assert set(sim.db.refs("SR")) == before


async def test_no_secret_is_shown(client: httpx.AsyncClient, host: str) -> None:
    config = {"server": "\\\\10.20.0.5\\vms", "username": "ann", "password": "hunter2"}
    made = await post(
        client, "srs", {"hostId": host, "SR_type": "smb", "name_label": "share", "device_config": config}, 201
    )
    assert made["id"]
    tasks = await client.get(f"{API}/tasks", params={"fields": "*"})
    assert "create SR" in tasks.text
    assert "hunter2" not in tasks.text


async def test_a_driver_is_asked_key_by_key(client: httpx.AsyncClient, host: str) -> None:
    assert await probe(client, host, "nfs") == {"candidates": [], "next": "server"}
    exports = await probe(client, host, "nfs", {"server": "10.20.0.5"})
    assert exports["next"] == "serverpath"
    assert {"device_config": NFS, "label": "/export/backup"} in exports["candidates"]
    nothing = await probe(client, host, "nfs", NFS)
    assert nothing == {"candidates": [], "next": None}
    assert await probe(client, host, "lvmoiscsi") == {"candidates": [], "next": "target"}
    targets = await probe(client, host, "lvmoiscsi", {"target": "10.20.0.6"})
    assert targets["next"] == "targetIQN"
    config = targets["candidates"][0]["device_config"]
    assert config.keys() == {"target", "targetIQN"}
    assert config["targetIQN"] in targets["candidates"][0]["label"]
    luns = await probe(client, host, "lvmoiscsi", config)
    assert luns["next"] == "SCSIid"
    assert all(row["size"] > 0 and row["device_config"]["SCSIid"] in row["label"] for row in luns["candidates"])
    assert "SIM-T1-0" in luns["candidates"][0]["label"]
    array = await probe(client, host, "lvmohba")
    assert (array["next"], len(array["candidates"])) == ("SCSIid", 2)
    problem = await probe(client, host, "nfs", {"server": "10.20.0.199"}, 502)
    assert problem["xapi_code"] == "SR_BACKEND_FAILURE_108"
    wrong = await probe(client, host, "lvmoiscsi", {"target": "10.20.0.6", "targetIQN": "iqn.none"})
    assert wrong["next"] == "targetIQN"
    await probe(client, "nobody", "nfs", status=404)


async def test_an_sr_is_forgotten_found_and_brought_in_again(sim: Sim, client: httpx.AsyncClient, host: str) -> None:
    made = await post(client, "srs", nfs(host), 201)
    sr = await one(client, "srs", made["id"])
    disk = await post(client, "vdis", {"srId": sr["id"], "virtual_size": 1 << 30, "name_label": "kept"}, 201)
    await post(client, f"srs/{sr['id']}/actions/forget")
    await one(client, "srs", sr["id"], 404)
    await one(client, "vdis", disk["id"], 404)
    for pbd in sr["$PBDs"]:
        await one(client, "pbds", pbd, 404)
    found = await probe(client, host, "nfs", NFS)
    [there] = [row for row in found["candidates"] if row["srUuid"] == sr["uuid"]]
    assert (there["device_config"], found["next"]) == (NFS, None)
    known = {**nfs(host), "uuid": sr["uuid"], "name_label": "back"}
    made = await post(client, "srs/actions/introduce", known, 201)
    back = await one(client, "srs", made["id"])
    assert (back["id"], back["name_label"], back["shared"], len(back["$PBDs"])) == (sr["id"], "back", True, 2)
    await post(client, f"srs/{back['id']}/actions/scan")
    assert (await one(client, "vdis", disk["id"]))["$SR"] == back["id"]
    problem = await post(client, "srs/actions/introduce", known, 409)
    assert problem["xapi_code"] == "SR_UUID_EXISTS"


async def test_an_introduction_that_fails_leaves_nothing(sim: Sim, client: httpx.AsyncClient, host: str) -> None:
    before = {kind: set(sim.db.refs(kind)) for kind in ("SR", "PBD")}
    known = {**nfs(host, device_config={**NFS, "serverpath": "/nowhere"}), "uuid": sim.db.new_uuid()}
    problem = await post(client, "srs/actions/introduce", known, 502)
    assert problem["xapi_code"] == "SR_BACKEND_FAILURE_73"
    assert problem["undone"][-1] == "introduced backup"
    assert "left" not in problem
    assert {kind: set(sim.db.refs(kind)) for kind in ("SR", "PBD")} == before


async def test_an_sr_is_changed(sim: Sim, client: httpx.AsyncClient, host: str) -> None:
    sr = await one(client, "srs", (await post(client, "srs", nfs(host), 201))["id"])
    for body, field, value in (
        ({"name_label": "a"}, "name_label", "a"),
        ({"nameLabel": "b", "name_description": "c"}, "name_description", "c"),
        ({"tags": ["x"]}, "tags", ["x"]),
    ):
        await patch(client, f"srs/{sr['id']}", **body)
        assert (await one(client, "srs", sr["id"]))[field] == value
    problem = await patch(client, f"srs/{sr['id']}", 409, name_label="not", shared=False)
    assert problem["xapi_code"] == "SR_HAS_MULTIPLE_PBDS"
    assert sim.db.field("SR", sr["_xapiRef"], "name_label") == "b"
    await patch(client, f"srs/{sr['id']}", 422, name_label=None)


async def test_an_empty_sr_is_destroyed_and_no_other(
    sim: Sim, client: httpx.AsyncClient, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sr = await one(client, "srs", (await post(client, "srs", nfs(host), 201))["id"])
    disk = await post(client, "vdis", {"srId": sr["id"], "virtual_size": 1 << 30, "name_label": "in the way"}, 201)
    answer = await client.delete(f"{API}/srs/{sr['id']}")
    assert (answer.status_code, answer.json()["code"]) == (409, "incorrect-state")
    assert "backup is not empty" in answer.json()["detail"]
    assert (await client.delete(f"{API}/vdis/{disk['id']}")).status_code == 204
    refuse_once(monkeypatch, "SR.destroy")
    answer = await client.delete(f"{API}/srs/{sr['id']}")
    assert answer.status_code == 502, answer.text
    assert len(answer.json()["undone"]) == 2
    assert all([(await one(client, "pbds", pbd))["attached"] for pbd in sr["$PBDs"]])
    assert (await client.delete(f"{API}/srs/{sr['id']}")).status_code == 204
    await one(client, "srs", sr["id"], 404)
    assert not sim.db.exists("SR", sr["_xapiRef"])


async def test_storage_in_use_is_not_forgotten(client: httpx.AsyncClient) -> None:
    """Its PBDs on other hosts are unplugged before the one in use refuses, and plugged again."""
    attached = {row["VDI"] for row in await some(client, "vbds", "attached?") if not row["is_cd_drive"]}
    used = {row["$SR"] for row in await some(client, "vdis") if row["id"] in attached}
    sr = next(row for row in await some(client, "srs", "shared?") if row["id"] in used)
    before = [(await one(client, "pbds", pbd))["attached"] for pbd in sr["$PBDs"]]
    problem = await post(client, f"srs/{sr['id']}/actions/forget", status=409)
    assert problem["xapi_code"] in {"VDI_IN_USE", "HA_IS_ENABLED"}
    assert [(await one(client, "pbds", pbd))["attached"] for pbd in sr["$PBDs"]] == before


async def test_connections_are_unplugged_and_plugged(sim: Sim, client: httpx.AsyncClient, host: str) -> None:
    sr = await one(client, "srs", (await post(client, "srs", nfs(host), 201))["id"])
    pbd = sr["$PBDs"][0]
    for action, attached in (("unplug", False), ("plug", True), ("plug", True)):
        await post(client, f"pbds/{pbd}/actions/{action}")
        row = await one(client, "pbds", pbd)
        assert row["attached"] is attached
        assert sim.db.field("PBD", row["_xapiRef"], "currently_attached") is attached
    await post(client, "pbds/nobody/actions/plug", status=404)
    answer = await client.post(f"{API}/pbds/{pbd}/actions/unplug")
    assert answer.status_code == 202
    task = (await client.get(f"{API}/tasks/{answer.json()['taskId']}", params={"wait": "true"})).json()
    assert (task["status"], task["properties"]["objectId"]) == ("success", pbd)


async def test_space_is_reclaimed(sim: Sim, client: httpx.AsyncClient, host: str) -> None:
    sr = next(row for row in await some(client, "srs", "shared?") if row["SR_type"] == "lvmoiscsi")
    await post(client, f"srs/{sr['id']}/actions/reclaim_space")
    made = await post(client, "srs", nfs(host), 201)
    problem = await post(client, f"srs/{made['id']}/actions/reclaim_space", status=501)
    assert "cannot give space back" in problem["detail"]
