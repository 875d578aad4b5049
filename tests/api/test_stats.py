"""Statistics over HTTP: what Xen Orchestra answers, point for point what the hosts say; and what it does not have."""

import asyncio
import json
import math
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

import xensim
from podium.settings import Settings
from tests.journeys.conftest import connect
from tests.served import Service, served
from tests.xensim.caller import Caller
from tests.xensim.rrds import Rows, read
from tests.xensim.transfers import get
from xensim import Sim

STEPS = {"seconds": 5, "minutes": 60, "hours": 3600, "days": 86400}


@pytest.fixture
async def sim() -> AsyncIterator[Sim]:
    async with xensim.serve(hosts=2, vms=20, seed=1, tls=False, port=0, pace=0.0) as one:
        yield one


@pytest.fixture
async def service(sqlite_settings: Settings) -> AsyncIterator[Service]:
    async with served(sqlite_settings.model_copy(update={"metrics_interval_s": 0.2})) as one:
        yield one


@pytest.fixture
async def client(service: Service, sim: Sim) -> AsyncIterator[httpx.AsyncClient]:
    async with service.client() as one:
        await connect(one, sim, certificateFingerprint=None)
        await live(one)
        yield one


async def live(client: httpx.AsyncClient) -> None:
    """Every host has told everything."""
    async with asyncio.timeout(20):
        while True:
            found = (await client.get("/rest/v0/metrics/hosts")).json()
            if found and all(one["state"] == "live" and one["requests"] > 3 for one in found):
                return
            await asyncio.sleep(0.05)


async def ask(client: httpx.AsyncClient, path: str, status: int = 200, **params: str) -> Any:
    answer = await client.get(f"/rest/v0/{path}", params=params)
    assert answer.status_code == status, answer.text
    return answer.json()


async def direct(sim: Sim, host: str, owner: str, start: int, step: int) -> dict[int, dict[str, float]]:
    """What the host (a ref) itself says of an owner, by time."""
    caller = await Caller(sim).login()
    address = str(sim.db.field("host", host, "address"))
    query = {"session_id": caller.session, "host": "true", "cf": "AVERAGE", "json": "true"}
    query |= {"start": str(start), "interval": str(step)}
    answer = await get(sim, "/rrd_updates", "Connection: close", address=address, **query)
    rows: Rows = read(json.loads(answer.body))
    assert rows.step == step
    return {at: {k.split(":")[3]: v for k, v in rows.at(at).items() if k.split(":")[2] == owner} for at in rows.times}


def at_path(stats: dict[str, Any], path: str) -> list[float | None]:
    found: Any = stats
    for step in path.split("."):
        found = found[step]
    assert isinstance(found, list)
    return found


VM_PATHS = {
    "cpus.0": ("cpu0", 100),
    "cpuUsage": ("cpu_usage", 100),
    "memory": ("memory", 1),
    "vifs.rx.0": ("vif_0_rx", 1),
    "xvds.r.a": ("vbd_xvda_read", 1),
    "iops.total.a": ("vbd_xvda_iops_total", 1),
    "vbdLatency.w.a": ("vbd_xvda_write_latency", 1e-3),
    "ioThroughput.r.a": ("vbd_xvda_io_throughput_read", 1024 * 1024),
}
HOST_PATHS = {
    "cpus.3": ("cpu3", 100),
    "load": ("loadavg", 1),
    "memory": ("memory_total_kib", 1024),
    "memoryFree": ("memory_free_kib", 1024),
    "pifs.rx.0": ("pif_eth0_rx", 1),
    "pifsAggr.tx": ("pif_aggr_tx", 1),
}


@pytest.mark.parametrize("granularity", list(STEPS))
async def test_every_value_is_what_the_host_says(client: httpx.AsyncClient, sim: Sim, granularity: str) -> None:
    step = STEPS[granularity]
    vms = await ask(client, "vms", fields="id,$container,$VBDs", filter="power_state:=Running")
    vm = next(one for one in vms if len(one["$VBDs"]) > 0)
    host_id = vm["$container"]
    host = next(ref for ref, row in sim.db.rows("host").items() if row.record["uuid"] == host_id)
    for path, paths, owner in (
        (f"vms/{vm['id']}/stats", VM_PATHS, vm["id"]),
        (f"hosts/{host_id}/stats", HOST_PATHS, host_id),
    ):
        answer = await ask(client, path, granularity=granularity)
        assert answer["interval"] == step
        assert set(answer) == {"endTimestamp", "interval", "stats"}
        end = answer["endTimestamp"]
        assert end % step == 0
        length = len(at_path(answer["stats"], "memory"))
        assert length >= {5: 118, 60: 118, 3600: 166, 86400: 364}[step]
        theirs = await direct(sim, host, owner, end - (length - 2) * step, step)
        for name, (source, factor) in paths.items():
            values = at_path(answer["stats"], name)
            assert len(values) == length
            checked = 0
            for back, value in enumerate(reversed(values)):
                wanted = theirs.get(end - back * step, {}).get(source)
                if wanted is None:
                    continue
                checked += 1
                if value is None:
                    assert not math.isfinite(wanted)
                else:
                    assert value == pytest.approx(wanted * factor, rel=1e-6, abs=1e-12), (name, back)
            assert checked >= length - 3


async def test_raw_is_everything_by_the_pools_own_names(client: httpx.AsyncClient) -> None:
    host = (await ask(client, "hosts", fields="id"))[0]["id"]
    raw = (await ask(client, f"hosts/{host}/stats", raw="true"))["stats"]
    assert {"cpu_avg", "xapi_open_fds", "pif_bond0_rx", "memory_total_kib"} <= set(raw)
    named = (await ask(client, f"hosts/{host}/stats"))["stats"]
    assert named["memory"][-1] == raw["memory_total_kib"][-1] * 1024
    assert "bond0" in named["pifs"]["rx"]


async def test_a_vm_that_is_not_running_has_none(client: httpx.AsyncClient) -> None:
    vm = (await ask(client, "vms", fields="id", filter="power_state:=Halted"))[0]["id"]
    problem = await ask(client, f"vms/{vm}/stats", 422)
    assert problem["code"] == "invalid-parameters"
    assert "only a VM that runs has statistics" in problem["error"]


async def test_a_granularity_that_there_is_not_is_refused(client: httpx.AsyncClient) -> None:
    for kind in ("vm", "host", "pool", "sr"):
        one = (await ask(client, f"{kind}s", fields="id", limit="1"))[0]["id"]
        await ask(client, f"{kind}s/{one}/stats", 422, granularity="fortnights")
        await ask(client, f"{kind}s/nobody/stats", 404)


async def test_a_pool_is_its_hosts(client: httpx.AsyncClient) -> None:
    pool = (await ask(client, "pools", fields="id"))[0]["id"]
    hosts = {one["id"] for one in await ask(client, "hosts", fields="id")}
    answer = await ask(client, f"pools/{pool}/stats")
    assert set(answer) == hosts
    for host, one in answer.items():
        assert one["stats"].keys() == (await ask(client, f"hosts/{host}/stats"))["stats"].keys()


async def test_an_sr_is_what_its_hosts_do_to_it(client: httpx.AsyncClient) -> None:
    srs = await ask(client, "srs", fields="id,shared,name_label", filter="shared? SR_type:=nfs")
    sr = srs[0]["id"]
    answer = await ask(client, f"srs/{sr}/stats")
    hosts = await ask(client, "hosts", fields="id,name_label")
    totals = []
    for host in hosts:
        one = await ask(client, f"hosts/{host['id']}/stats", raw="true")
        if f"iops_total_{sr[:8]}" in one["stats"]:
            totals.append((one["endTimestamp"], one["stats"][f"iops_total_{sr[:8]}"]))
    end = answer["endTimestamp"]
    wanted = sum(values[len(values) - 1 - (theirs - end) // 5] for theirs, values in totals)
    assert answer["stats"]["iops"]["total"][-1] == pytest.approx(wanted, rel=1e-5)
    assert set(answer["stats"]["iowait"]) == {host["name_label"] for host in hosts}
    assert set(answer["stats"]) == {"iops", "ioThroughput", "latency", "iowait"}


async def test_control_domains_are_measured_like_vms(client: httpx.AsyncClient) -> None:
    for one in await ask(client, "vm-controllers", fields="id"):
        for granularity in STEPS:
            answer = await ask(client, f"vm-controllers/{one['id']}/stats", granularity=granularity)
            assert len(at_path(answer["stats"], "memory")) > 100


async def test_many_at_once(client: httpx.AsyncClient) -> None:
    running = {one["id"] for one in await ask(client, "vms", fields="id", filter="power_state:=Running")}
    answer = await ask(client, "vms/stats", metrics="cpu,memoryUsed,vifs.rx")
    assert answer["interval"] == 5
    assert answer["metrics"] == ["cpu", "memoryUsed", "vifs.rx"]
    assert set(answer["objects"]) == running
    for _ in range(10):  # between two questions there may be a new row
        answer = await ask(client, "vms/stats", metrics="cpu,memoryUsed,vifs.rx")
        vm, one = next(iter(answer["objects"].items()))
        single = await ask(client, f"vms/{vm}/stats")
        if one["endTimestamp"] == single["endTimestamp"]:
            break
    assert one["endTimestamp"] == single["endTimestamp"]
    assert one["stats"]["cpu"] == pytest.approx([round(value, 3) for value in single["stats"]["cpuUsage"]], abs=2e-3)
    assert one["stats"]["vifs"]["rx"] == single["stats"]["vifs"]["rx"]
    some = sorted(running)[:3]
    answer = await ask(client, "vms/stats", metrics="cpu", ids=",".join([*some, "nobody"]), granularity="hours")
    assert set(answer["objects"]) == set(some)
    assert len(answer["objects"][some[0]]["stats"]["cpu"]) >= 166
    assert len((await ask(client, "vms/stats", metrics="cpu", limit="2"))["objects"]) <= 2
    assert (await ask(client, "vms/stats", metrics="cpu", filter="power_state:=Halted"))["objects"] == {}


async def test_what_there_is_not_is_refused(client: httpx.AsyncClient) -> None:
    wrong: list[tuple[str, dict[str, str]]] = [
        ("vms/stats", {"metrics": "nonsense"}),
        ("vms/stats", {"metrics": ",".join(f"cpus.{n}" for n in range(51))}),
        ("srs/stats", {"metrics": "cpus"}),
        ("vms/stats", {"metrics": "iops,iops.r"}),
        ("vms/stats", {"metrics": "cpu", "granularity": "x"}),
        ("metrics/top", {"metric": "nonsense"}),
        ("metrics/top", {"type": "VIF"}),
        ("metrics/top", {"limit": "0"}),
    ]
    for path, params in wrong:
        await ask(client, path, 422, **params)
    for path in ("vms/stats", "metrics/top"):
        await ask(client, path, 400, metrics="cpu", filter="(")


async def test_of_other_types_too(client: httpx.AsyncClient) -> None:
    for collection, metric in (
        ("hosts", "cpu"),
        ("srs", "iops"),
        ("pools", "memoryPercent"),
        ("vm-controllers", "cpu"),
    ):
        for granularity in ("seconds", "minutes"):
            answer = await ask(client, f"{collection}/stats", metrics=metric, granularity=granularity)
            assert answer["objects"], (collection, granularity)
            for one in answer["objects"].values():
                assert any(value is not None for value in one["stats"][metric])


async def test_the_highest(client: httpx.AsyncClient) -> None:
    top = await ask(client, "metrics/top", metric="cpu", limit="5")
    assert (top["type"], top["unit"]) == ("VM", "percent")
    values = [one["value"] for one in top["objects"]]
    assert values == sorted(values, reverse=True)
    assert len(values) == 5
    for _ in range(10):  # between two questions the numbers may be new
        top = await ask(client, "metrics/top", metric="cpu", limit="5")
        rows = await ask(client, "vms", fields="id,metrics.cpu", sort="-metrics.cpu", limit="5")
        if [one["id"] for one in rows] == [one["id"] for one in top["objects"]]:
            break
    assert [(one["id"], one["metrics"]["cpu"]) for one in rows] == [(one["id"], one["value"]) for one in top["objects"]]
    named = top["objects"][0]
    only = await ask(client, "metrics/top", metric="cpu", limit="1", filter=f'name_label:="{named["name_label"]}"')
    assert only["objects"][0]["id"] == named["id"]
    assert (await ask(client, "metrics/top", pool="nowhere"))["objects"] == []
    # far down, where the first ones to be looked at are not what is asked for
    lowest = (await ask(client, "metrics/top", metric="cpu", limit="1000"))["objects"][-1]
    only = await ask(client, "metrics/top", metric="cpu", limit="1", filter=f"id:={lowest['id']}")
    assert [one["id"] for one in only["objects"]] == [lowest["id"]]


async def test_lists_with_metrics(client: httpx.AsyncClient) -> None:
    rows = await ask(client, "vms", fields="name_label,metrics.cpu,metrics.network", sort="-metrics.cpu")
    known = [row["metrics"]["cpu"] for row in rows if "cpu" in row.get("metrics", {})]
    assert known == sorted(known, reverse=True)
    assert len(known) > 5
    halted = [row for row in rows if "cpu" not in row.get("metrics", {})]
    assert halted == rows[-len(halted) :], "what has no value comes last"
    half = known[len(known) // 2]
    some = await ask(client, "vms", fields="metrics", filter=f"metrics.cpu:>{half}")
    assert 0 < len(some) <= len(known) // 2
    assert all(row["metrics"]["cpu"] > half and "memoryUsed" in row["metrics"] for row in some)
    nested = await ask(client, "vms", fields="metrics", filter=f"metrics:cpu:>{half}")
    assert nested
    assert all(row["metrics"]["cpu"] > half for row in nested)
    assert await ask(client, "vms", filter="metrics.cpu:<0 name_label:x") == []
    whole = await ask(client, "vms", fields="*", limit="1")
    assert "metrics" not in whole[0], "an object is what Xen Orchestra says it is"
    await ask(client, "vms", 400, fields="metrics.cpu", ndjson="true", watch="true")
    assert await ask(client, "networks", fields="metrics.cpu", limit="1") == [
        {"href": (await ask(client, "networks", limit="1"))[0]}
    ]


async def test_only_metrics_are_taken_for_metrics(client: httpx.AsyncClient) -> None:
    """A filter that has the word in it is a filter like any other, and can be watched."""
    async with client.stream(
        "GET", "/rest/v0/vms", params={"ndjson": "true", "watch": "true", "filter": "!name_label:metrics"}
    ) as stream:
        assert stream.status_code == 200
    half = "metrics:|(cpu:>50 memoryPercent:>50)"
    rows = await ask(client, "vms", fields="metrics.cpu,metrics.memoryPercent", filter=half)
    assert all(max(row["metrics"].get("cpu", 0), row["metrics"].get("memoryPercent", 0)) > 50 for row in rows)
    assert rows


async def test_a_list_that_is_sorted_by_a_metric_is_new_when_the_numbers_are(client: httpx.AsyncClient) -> None:
    first = await client.get("/rest/v0/vms", params={"fields": "metrics.cpu"})
    plain = await client.get("/rest/v0/vms", params={"fields": "name_label"})
    again = await client.get(
        "/rest/v0/vms", params={"fields": "name_label"}, headers={"if-none-match": plain.headers["etag"]}
    )
    assert again.status_code == 304
    async with asyncio.timeout(15):
        while True:
            answer = await client.get(
                "/rest/v0/vms", params={"fields": "metrics.cpu"}, headers={"if-none-match": first.headers["etag"]}
            )
            if answer.status_code == 200:
                break
            await asyncio.sleep(0.1)


async def test_without_names_the_most_telling_ones(client: httpx.AsyncClient) -> None:
    assert (await ask(client, "vms/stats", limit="1"))["metrics"] == ["cpu", "memoryUsed", "network", "disk"]
    assert (await ask(client, "srs/stats", limit="1"))["metrics"] == ["disk", "iops", "diskLatency"]


async def test_the_catalogue(client: httpx.AsyncClient) -> None:
    catalogue = await ask(client, "metrics")
    assert {"VM", "VM-controller", "host", "SR", "pool"} == set(catalogue)
    units = {one["unit"] for metrics in catalogue.values() for one in metrics}
    assert units == {"percent", "bytes", "bytes/s", "requests/s", "ms", "count"}


async def test_numbers_over_the_event_stream(client: httpx.AsyncClient) -> None:
    async with client.stream("GET", "/rest/v0/events", params={"metrics": "VM:cpu,memoryUsed;host:cpu"}) as stream:
        frames = events(stream)
        kind, init = await anext(frames)
        assert kind == "init"
        first: dict[str, dict[str, Any]] = {}
        while len(first) < 2:
            kind, data = await anext(frames)
            assert kind == "metrics"
            first[data["$subscription"]] = data
        running = {one["id"] for one in await ask(client, "vms", fields="id", filter="power_state:=Running")}
        assert set(first["VM-metrics"]["values"]) == running
        assert first["VM-metrics"]["metrics"] == ["cpu", "memoryUsed"]
        assert len(first["host-metrics"]["values"]) == 2
        some = sorted(running)[:2]
        body = {"collection": "VM", "metrics": ["network"], "ids": some, "name": "mine"}
        made = await client.post(f"/rest/v0/events/{init['id']}/subscriptions", json=body)
        assert made.json() == {"id": "mine"}
        seen: list[dict[str, Any]] = []
        async with asyncio.timeout(20):
            while len([one for one in seen if one["$subscription"] == "mine"]) < 2:
                kind, data = await anext(frames)
                if kind == "metrics":
                    seen.append(data)
        mine = [one for one in seen if one["$subscription"] == "mine"]
        assert set(mine[0]["values"]) == set(some)
        assert mine[1]["time"] > mine[0]["time"] - 10
        assert set(mine[1]["values"]) <= set(some)
        name = (await ask(client, f"vms/{some[0]}"))["name_label"]
        body = {"collection": "VM", "metrics": ["cpu"], "filter": f'name_label:="{name}"', "name": "filtered"}
        assert (await client.post(f"/rest/v0/events/{init['id']}/subscriptions", json=body)).status_code == 201
        async with asyncio.timeout(20):
            while True:
                kind, data = await anext(frames)
                if data.get("$subscription") == "filtered":
                    break
        assert some[0] in data["values"]
        assert len(data["values"]) < len(running)
        gone = await client.delete(f"/rest/v0/events/{init['id']}/subscriptions/mine")
        assert gone.status_code == 204
        for wrong in (
            {"collection": "VM", "metrics": ["nonsense"]},
            {"collection": "VIF", "metrics": ["cpu"]},
            {"collection": "VM", "metrics": []},
        ):
            refused = await client.post(f"/rest/v0/events/{init['id']}/subscriptions", json=wrong)
            assert refused.status_code == 422, wrong
    assert (await client.get("/rest/v0/events", params={"metrics": "VM:nonsense"})).status_code == 422


async def events(stream: httpx.Response) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    kind = ""
    async for line in stream.aiter_lines():
        if line.startswith("event: "):
            kind = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield kind, json.loads(line.removeprefix("data: "))


async def test_a_silent_host_is_marked_and_its_past_stays(client: httpx.AsyncClient, sim: Sim) -> None:
    host = (await ask(client, "hosts", fields="id"))[0]["id"]
    ref = next(ref for ref, row in sim.db.rows("host").items() if row.record["uuid"] == host)
    sim.faults.rrd_fail(100_000, host=ref)
    async with asyncio.timeout(20):
        while "stale" not in (answer := await ask(client, f"hosts/{host}/stats")):
            await asyncio.sleep(0.1)
    assert "metrics are read from each host itself" in answer["stale"]["reason"]
    assert len(answer["stats"]["memory"]) > 100
    assert all(
        "metrics" not in one or "cpu" not in one["metrics"]
        for one in await ask(client, "hosts", fields="metrics.cpu", filter=f"id:={host}")
    )
    sim.faults.rrd_clear(host=ref)
    async with asyncio.timeout(20):
        while "stale" in await ask(client, f"hosts/{host}/stats"):
            await asyncio.sleep(0.1)


async def test_a_host_that_nobody_reads_any_more_is_forgotten(client: httpx.AsyncClient) -> None:
    server = (await ask(client, "servers", fields="id"))[0]["id"]
    answer = await client.post(f"/rest/v0/servers/{server}/actions/disconnect", params={"sync": "true"})
    assert answer.status_code == 204
    async with asyncio.timeout(10):
        while await ask(client, "metrics/hosts"):
            await asyncio.sleep(0.05)
    assert (await ask(client, "metrics/top"))["objects"] == []


async def test_who_leaves_does_not_take_the_answer_from_others(client: httpx.AsyncClient, sim: Sim) -> None:
    sim.faults.rrd_slow(0.5)
    vm = (await ask(client, "vms", fields="id", filter="power_state:=Running"))[0]["id"]
    first = asyncio.create_task(ask(client, f"vms/{vm}/stats", granularity="days"))
    await asyncio.sleep(0.1)
    second = asyncio.create_task(ask(client, f"vms/{vm}/stats", granularity="days"))
    await asyncio.sleep(0.1)
    first.cancel()
    assert (await second)["interval"] == 86_400


async def test_without_rights_there_is_nothing_to_see(client: httpx.AsyncClient, service: Service) -> None:
    await client.post("/rest/v0/users", json={"name": "nobody", "password": "a long enough password"})
    vm = (await ask(client, "vms", fields="id", filter="power_state:=Running"))[0]["id"]
    async with service.client(auth=("nobody", "a long enough password")) as nobody:
        await ask(nobody, f"vms/{vm}/stats", 403)
        assert (await ask(nobody, "vms/stats", metrics="cpu"))["objects"] == {}
        assert (await ask(nobody, "metrics/top"))["objects"] == []
        assert await ask(nobody, "metrics/hosts") == []
        assert await ask(nobody, "vms", fields="metrics.cpu", filter="metrics.cpu:>=0") == []
        async with nobody.stream("GET", "/rest/v0/events", params={"metrics": "VM:cpu"}) as stream:
            frames = events(stream)
            await anext(frames)
            _, data = await anext(frames)
            assert data["values"] == {}
