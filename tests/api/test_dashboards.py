"""Dashboards over HTTP: whole and in parts, per pool and per viewer, also when hosts take their time."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

import httpx
import jsonschema_rs
import pytest

import xensim
from podium.api.openapi import document
from podium.services.dashboards.patch_book import PatchBook
from podium.services.dashboards.pool import PoolDashboard
from podium.services.dashboards.site import SiteDashboard
from tests.api.acting import API, some
from tests.journeys.conftest import connect
from tests.served import Service
from xensim import Sim

NOBODY = ("nobody@example.org", "no secret at all")
SITE = {"nPools", "nHosts", "hostsStatus", "vmsStatus", "poolsStatus", "resourcesOverview", "storageRepositories",
        "missingPatches", "backupRepositories", "backups"}  # fmt: skip


@pytest.fixture
async def sim() -> AsyncIterator[Sim]:
    async with xensim.serve(hosts=3, vms=12, seed=1, tls=True, port=0) as one:
        yield one


@pytest.fixture
async def other() -> AsyncIterator[Sim]:
    async with xensim.serve(hosts=2, vms=9, seed=2, tls=True, port=0) as one:
        yield one


@pytest.fixture
async def client(admin: httpx.AsyncClient, sim: Sim, other: Sim) -> httpx.AsyncClient:
    await connect(admin, sim)
    await connect(admin, other)
    return admin


@pytest.fixture
async def nobody(client: httpx.AsyncClient, service: Service) -> AsyncIterator[httpx.AsyncClient]:
    body = {"name": NOBODY[0], "password": NOBODY[1], "permission": "none"}
    assert (await client.post(f"{API}/users", json=body)).status_code == 201
    async with service.client(auth=NOBODY) as one:
        yield one


class Numbers:
    """Metrics that stand still."""

    def __init__(self, values: Mapping[tuple[str, str], Mapping[str, float]]) -> None:
        self._values = values

    def latest(self, kind: str, metric: str) -> Mapping[str, float]:
        return self._values.get((kind, metric), {})


def measured(service: Service, values: Mapping[tuple[str, str], Mapping[str, float]]) -> None:
    """Have dashboards read these numbers."""
    state = service.app.state
    state.pool_dashboard = PoolDashboard(state.objects, state.counters, state.patch_book, Numbers(values))


def described(service: Service, path: str, value: object) -> None:
    """The answer is as the OpenAPI document says."""
    whole = document(service.app)
    schema = whole["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    jsonschema_rs.validator_for({**schema, "components": whole["components"]}).validate(value)


async def read(client: httpx.AsyncClient, path: str, status: int = 200) -> Any:
    answer = await client.get(f"{API}{path}")
    assert answer.status_code == status, answer.text
    return answer.json()


def merged(lines: Iterable[str]) -> dict[str, Any]:
    """The lines of ndjson as one object, as clients put them together."""
    found: dict[str, Any] = {}

    def into(at: dict[str, Any], more: dict[str, Any]) -> None:
        for name, value in more.items():
            if isinstance(value, dict) and isinstance(at.get(name), dict):
                into(at[name], value)
            else:
                at[name] = value

    for line in lines:
        into(found, json.loads(line))
    return found


def counted(rows: list[dict[str, Any]], name: str, value: object) -> int:
    return sum(row[name] == value for row in rows)


async def test_the_site_is_what_the_lists_add_up_to(service: Service, client: httpx.AsyncClient) -> None:
    answer = await client.get(f"{API}/dashboard")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    found = answer.json()
    described(service, "/dashboard", found)
    assert set(found) == SITE
    hosts, vms, pools = await some(client, "hosts"), await some(client, "vms"), await some(client, "pools")
    srs = [sr for sr in await some(client, "srs") if sr["size"] > 0 and sr["content_type"] != "iso"]
    assert (found["nPools"], found["nHosts"]) == (2, 5)
    running = [host for host in hosts if host["power_state"] == "Running"]
    assert found["hostsStatus"] == {
        "disabled": counted(running, "enabled", False),
        "running": counted(running, "enabled", True),
        "halted": counted(hosts, "power_state", "Halted"),
        "unknown": counted(hosts, "power_state", "Unknown"),
        "total": 5,
    }
    states = {name.lower(): counted(vms, "power_state", name) for name in ("Running", "Halted", "Paused", "Suspended")}
    assert found["vmsStatus"] == states | {
        "active": states["running"] + states["paused"],
        "inactive": states["halted"] + states["suspended"],
        "unknown": 0,
        "total": len(vms),
    }
    assert states["running"]
    assert states["halted"]
    assert found["resourcesOverview"] == {
        "nCpus": sum(pool["cpus"]["cores"] for pool in pools),
        "memorySize": sum(host["memory"]["size"] for host in hosts),
        "srSize": sum(sr["size"] for sr in srs),
    }
    size, used = sum(sr["size"] for sr in srs), sum(sr["physical_usage"] for sr in srs)
    assert found["storageRepositories"]["size"] == {
        "total": size, "used": used, "available": size - used, "replicated": 0, "other": used,
    }  # fmt: skip
    assert found["poolsStatus"] == {"connected": 2, "disconnected": 0, "unreachable": 0, "unknown": 0, "total": 2}
    assert (found["backups"], found["backupRepositories"]) == ({"isEmpty": True}, {"isEmpty": True})
    patches = found["missingPatches"]
    assert (patches["hasAuthorization"], patches["nHosts"], patches["nHostsFailed"]) == (True, 5, 0)
    lacking = [host for host in hosts if await read(client, f"/hosts/{host['id']}/missing_patches")]
    assert patches["nHostsWithMissingPatches"] == len(lacking) > 0
    assert patches["nPoolsWithMissingPatches"] == len({host["$pool"] for host in lacking})


async def test_counts_follow_the_pools(client: httpx.AsyncClient, sim: Sim) -> None:
    before = (await read(client, "/dashboard"))["vmsStatus"]
    halted = await some(client, "vms", "power_state:Halted")
    ref = next(row["_xapiRef"] for row in halted if row["_xapiRef"] in sim.db.refs("VM"))
    sim.set("VM", ref, power_state="Suspended")
    async with asyncio.timeout(10):
        while (now := (await read(client, "/dashboard"))["vmsStatus"]) == before:
            await asyncio.sleep(0.02)
    assert now == before | {"halted": before["halted"] - 1, "suspended": before["suspended"] + 1}


@pytest.mark.parametrize("kind", ["site", "pool", "vm"])
async def test_parts_come_to_the_whole(client: httpx.AsyncClient, kind: str) -> None:
    vm = (await some(client, "vms", "power_state:Running"))[0]
    path = {"site": "/dashboard", "pool": f"/pools/{vm['$pool']}/dashboard", "vm": f"/vms/{vm['id']}/dashboard"}[kind]
    whole = await read(client, path)
    answer = await client.get(f"{API}{path}", params={"ndjson": "true"})
    assert answer.headers["content-type"] == "application/x-ndjson"
    lines = answer.text.splitlines()
    assert answer.text.endswith("\n")
    assert all(len(json.loads(line)) == 1 for line in lines)
    assert len(lines) == {"site": 10, "pool": 8, "vm": 6}[kind]
    found = merged(lines)
    if kind == "pool":  # numbers of the pool go on while we look
        for one in (whole, found):
            del one["hosts"]["topFiveUsage"], one["vms"]["topFiveUsage"]
    assert found == whole
    for params in ({}, {"ndjson": "true"}):
        answer = await client.head(f"{API}{path}", params=params)
        assert (answer.status_code, answer.content) == (200, b"")


async def test_a_pool_shows_its_own_and_nobody_elses(service: Service, client: httpx.AsyncClient) -> None:
    hosts, vms = await some(client, "hosts"), await some(client, "vms")
    pools = [pool["id"] for pool in await some(client, "pools")]
    # the VMs of one pool are all busier than those of the other
    cpu = {vm["id"]: number + (50.0 if vm["$pool"] == pools[0] else 0.0) for number, vm in enumerate(vms)}
    memory = {vm["id"]: 1000.0 for vm in vms}
    used = {vm["id"]: float(number) for number, vm in enumerate(vms) if number % 2}
    measured(
        service,
        {
            ("host", "cpu"): {host["id"]: 10.0 * number for number, host in enumerate(hosts)},
            ("host", "memoryFree"): {hosts[0]["id"]: 1.0},
            ("VM", "cpu"): cpu,
            ("VM", "memory"): memory,
            ("VM", "memoryUsed"): memory | used,
            ("VM", "memoryPercent"): {key: value / 10 for key, value in used.items()},
        },
    )
    for pool in pools:
        for _ in range(2):
            found = await read(client, f"/pools/{pool}/dashboard")
            described(service, "/pools/{id}/dashboard", found)
            own = {row["id"]: row for row in [*hosts, *vms] if row["$pool"] == pool}
            top = found["vms"]["topFiveUsage"]
            best = sorted((key for key in cpu if key in own), key=lambda key: -cpu[key])[:5]
            assert top["cpu"] == [
                {"name_label": own[key]["name_label"], "id": key, "percent": cpu[key]} for key in best
            ]
            best = sorted((key for key in used if key in own), key=lambda key: -used[key])[:5]
            assert top["ram"] == [
                {"name_label": own[key]["name_label"], "id": key, "memory": 1000, "memoryFree": 1000 - round(used[key]),
                 "percent": used[key] / 10} for key in best
            ]  # fmt: skip
            top = found["hosts"]["topFiveUsage"]
            assert {row["id"] for row in [*top["cpu"], *top["ram"]]} <= set(own)
            percents = [row["percent"] for row in top["cpu"]]
            assert percents == sorted(percents, reverse=True) != []
            for row in top["ram"]:
                size = own[row["id"]]["memory"]["size"]
                usage = size - 1 if row["id"] == hosts[0]["id"] else own[row["id"]]["memory"]["usage"]
                assert (row["size"], row["usage"], row["percent"]) == (size, usage, 100 * usage / size)
            srs = {sr["id"]: sr for sr in await some(client, "srs") if sr["$pool"] == pool}
            for row in found["srs"]["topFiveUsage"]:
                sr = srs[row["id"]]
                assert row["percent"] == pytest.approx(100 * sr["physical_usage"] / sr["size"])
            assert found["srs"]["topFiveUsage"]
            alarms = [alarm["id"] for alarm in await some(client, "alarms") if alarm["$pool"] == pool]
            assert sorted(found["alarms"]) == sorted(alarms)
            assert found["hosts"]["status"]["total"] == len([row for row in hosts if row["$pool"] == pool])
            assert found["vms"]["status"]["total"] == len([row for row in vms if row["$pool"] == pool])
            running = [vm for vm in vms if vm["$pool"] == pool and vm["power_state"] in ("Running", "Paused")]
            provisioning = found["cpuProvisioning"]
            assert provisioning["assigned"] == sum(vm["CPUs"]["number"] for vm in running)
            assert provisioning["percent"] == pytest.approx(100 * provisioning["assigned"] / provisioning["total"])
            patches = await read(client, f"/pools/{pool}/missing_patches")
            assert found["hosts"]["missingPatches"] == {"hasAuthorization": True, "missingPatches": patches}


async def test_who_may_see_what(
    client: httpx.AsyncClient, nobody: httpx.AsyncClient, anonymous: httpx.AsyncClient, service: Service
) -> None:
    found = await read(nobody, "/dashboard")
    described(service, "/dashboard", found)
    assert set(found) == SITE
    assert (found["nPools"], found["nHosts"]) == (0, 0)
    assert not any([*found["hostsStatus"].values(), *found["vmsStatus"].values(), *found["poolsStatus"].values()])
    empty = {"isEmpty": True}
    assert [found[name] for name in ("resourcesOverview", "storageRepositories")] == [empty, empty]
    assert found["missingPatches"] == {"hasAuthorization": False}
    vm = (await some(client, "vms"))[0]
    for path in (f"/pools/{vm['$pool']}/dashboard", f"/vms/{vm['id']}/dashboard"):
        assert (await read(nobody, path, 403))["code"] == "missing-privileges"
        assert (await anonymous.get(f"{API}{path}")).status_code == 401
    assert (await anonymous.get(f"{API}/dashboard")).status_code == 401
    for path in ("/pools/nobody/dashboard", "/vms/nobody/dashboard", f"/vms/{vm['$pool']}/dashboard"):
        assert (await read(client, path, 404))["code"] == "not-found"
        assert (await client.get(f"{API}{path}", params={"ndjson": "true"})).status_code == 404


async def test_servers_that_cannot_be_had(client: httpx.AsyncClient, other: Sim) -> None:
    answer = await client.post(f"{API}/servers", json={"host": "127.0.0.1:1", "username": "root", "password": "x"})
    assert answer.status_code == 201, answer.text
    await client.post(f"{API}/servers/{answer.json()['id']}/actions/connect", params={"sync": "true"})
    found = (await read(client, "/dashboard"))["poolsStatus"]
    assert found == {"connected": 2, "disconnected": 0, "unreachable": 1, "unknown": 0, "total": 3}
    server = next(row for row in await some(client, "servers") if row["host"] == other.url)
    await client.post(f"{API}/servers/{server['id']}/actions/disconnect", params={"sync": "true"})
    found = await read(client, "/dashboard")
    assert found["poolsStatus"] == {"connected": 1, "disconnected": 1, "unreachable": 1, "unknown": 0, "total": 3}
    assert found["nPools"] == 1


async def test_hosts_that_take_their_time_hold_nothing_up(
    client: httpx.AsyncClient, sim: Sim, service: Service
) -> None:
    state = service.app.state
    async with PatchBook(state.hosts, wait_s=0.3) as book:
        state.site_dashboard = SiteDashboard(state.objects, state.counters, book)
        sim.faults.slow(1.5)
        began = time.monotonic()
        found = (await read(client, "/dashboard"))["missingPatches"]
        assert time.monotonic() - began < 1.2
        assert (found["nHosts"], found["nHostsFailed"]) == (5, 3)
        sim.faults.clear()
        async with asyncio.timeout(10):
            while (await read(client, "/dashboard"))["missingPatches"]["nHostsFailed"]:
                await asyncio.sleep(0.05)


async def test_a_vm_at_a_glance(client: httpx.AsyncClient, sim: Sim, service: Service) -> None:
    vm = (await some(client, "vms", "power_state:Running mainIpAddress?"))[0]
    found = await read(client, f"/vms/{vm['id']}/dashboard")
    described(service, "/vms/{id}/dashboard", found)
    quick = found["quickInfo"]
    same = ("id", "uuid", "power_state", "name_description", "mainIpAddress", "$pool", "virtualizationMode", "tags",
            "startTime")  # fmt: skip
    assert {name: quick[name] for name in same} == {name: vm[name] for name in same}
    assert quick["CPUs"] == {"number": vm["CPUs"]["number"]}
    assert quick["memory"] == {"size": vm["memory"]["size"]}
    assert quick["host"] == vm["$container"]
    assert quick["os_version"] == {"name": vm["os_version"]["name"]}
    assert found["backupsInfo"] == {
        "lastRuns": [], "vmProtection": "not-in-active-job", "replication": {}, "backupArchives": [],
    }  # fmt: skip
    alarmed = [alarm["object"]["uuid"] for alarm in await some(client, "alarms") if alarm["object"]["type"] == "VM"]
    for uuid in alarmed[:3]:
        found = await read(client, f"/vms/{uuid}/dashboard")
        assert found["alarms"] == [row["id"] for row in await read(client, f"/vms/{uuid}/alarms?fields=id")]


async def test_replicas(client: httpx.AsyncClient, sim: Sim) -> None:
    rows = [row for row in await some(client, "vms") if row["$VBDs"] and row["_xapiRef"] in sim.db.refs("VM")]
    source, replica = rows[:2]
    sim.set(
        "VM",
        replica["_xapiRef"],
        blocked_operations={"start": "it is a replica"},
        other_config={"xo:backup:job": "job", "xo:backup:vm": source["id"], "xo:backup:datetime": "20261120T10:00:00Z"},
    )
    async with asyncio.timeout(10):
        while not (found := (await read(client, f"/vms/{source['id']}/dashboard"))["backupsInfo"]["replication"]):
            await asyncio.sleep(0.02)
    assert (found["id"], found["timestamp"]) == (replica["id"], 1795168800000)
    disks = await read(client, f"/vms/{replica['id']}/vdis?fields=*")
    srs = {row["id"]: row for row in await some(client, "srs")}
    usage = sum(disk["usage"] for disk in disks if disk["$SR"] in srs and srs[disk["$SR"]]["content_type"] != "iso")
    size = (await read(client, "/dashboard"))["storageRepositories"]["size"]
    assert size["replicated"] == usage > 0
    assert size["other"] == size["used"] - usage
