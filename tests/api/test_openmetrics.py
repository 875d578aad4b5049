"""The exporter over HTTP: well-formed in both formats, true, named as Xen Orchestra's, and per viewer."""

import asyncio
import gzip
import re
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any, NamedTuple

import httpx
import pytest

import xensim
from podium.services.exporter.counts import Own
from podium.services.exporter.exporter import Exporter
from podium.services.exporter.names import FAMILIES, HOST_RULES, VM_RULES
from tests.api.acting import API, some
from tests.journeys.conftest import connect
from tests.served import Service
from xensim import Sim

NOBODY = ("nobody@example.org", "no secret at all")
URL = f"{API}/metrics/openmetrics"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"
_SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)")
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)')
_UNESCAPED = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}


class Sample(NamedTuple):
    name: str
    labels: dict[str, str]
    value: float


def parsed(text: str, *, openmetrics: bool = True) -> list[Sample]:
    """The samples, by a reader that lets nothing pass: each family at one place, each series once, all escaped."""
    assert text.endswith("\n")
    lines = text.split("\n")[:-1]
    if openmetrics:
        assert lines.pop() == "# EOF"
    found: list[Sample] = []
    families: dict[str, str] = {}
    series: set[tuple[str, tuple[tuple[str, str], ...]]] = set()
    family = kind = ""
    for line in lines:
        if line.startswith("# HELP "):
            family = line.split(" ", 3)[2]
            assert family not in families, f"{family} is not in one place"
            assert len(line.split(" ", 3)) == 4
            families[family] = ""
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name == family
            assert kind in {"gauge", "counter"}
            families[family] = kind
        else:
            match = _SAMPLE.fullmatch(line)
            assert match is not None, line
            suffix = "_total" if kind == "counter" and openmetrics else ""
            assert match[1] == family + suffix, line
            labels = {}
            at = 0
            while at < len(match[2] or ""):
                label = _LABEL.match(match[2], at)
                assert label is not None, line
                assert label[1] not in labels, line
                labels[label[1]] = re.sub(r"\\.", lambda one: _UNESCAPED[one[0]], label[2])
                at = label.end()
            key = match[1], tuple(sorted(labels.items()))
            assert key not in series, line
            series.add(key)
            found.append(Sample(match[1], labels, float(match[3])))
    assert all(families.values())
    return found


def of(samples: Iterable[Sample], name: str, **labels: str) -> list[Sample]:
    return [one for one in samples if one.name == name and labels.items() <= one.labels.items()]


@pytest.fixture
async def sim() -> AsyncIterator[Sim]:
    async with xensim.serve(hosts=2, vms=12, seed=1, tls=True, port=0) as one:
        yield one


@pytest.fixture
async def other() -> AsyncIterator[Sim]:
    async with xensim.serve(hosts=1, vms=3, seed=2, tls=True, port=0) as one:
        yield one


@pytest.fixture
async def client(admin: httpx.AsyncClient, sim: Sim) -> httpx.AsyncClient:
    await connect(admin, sim)
    return admin


class Measured:
    """Data sources that stand still."""

    def __init__(self, values: Mapping[str, Mapping[str, Mapping[str, float]]]) -> None:
        self._values = values

    def sources(self, kind: str) -> Iterable[tuple[str, Mapping[str, float]]]:
        return iter(self._values.get(kind, {}).items())


def measured(service: Service, values: Mapping[str, Mapping[str, Mapping[str, float]]]) -> None:
    """Have the exporter read these."""
    state = service.app.state
    own = Own(state.objects, version="1", streams=lambda: 0, conditions=lambda: ())
    state.exporter = Exporter(state.objects, state.counters, Measured(values), own, clock=lambda: 2_000_000_000.0)


async def read(client: httpx.AsyncClient, **headers: str) -> list[Sample]:
    answer = await client.get(URL, headers=headers)
    assert answer.status_code == 200, answer.text
    return parsed(answer.text, openmetrics=answer.headers["content-type"] == OPENMETRICS)


def names_of(collection: list[dict[str, Any]]) -> dict[str, str]:
    return {row["id"]: row["name_label"] for row in collection}


async def test_what_hosts_really_measure(client: httpx.AsyncClient) -> None:
    """From the simulated hosts' RRDs to the scrape."""
    running = {row["id"] for row in await some(client, "vms", "power_state:Running")}
    hosts = {row["id"] for row in await some(client, "hosts")}
    samples: list[Sample] = []
    seen: set[str] = set()
    for _ in range(100):
        samples = await read(client)
        seen = {one.labels["uuid"] for one in of(samples, "xcp_vm_cpu_usage", is_control_domain="false")}
        told = {one.labels["uuid"] for one in of(samples, "xcp_host_memory_total_bytes")}
        if seen == running and told == hosts:
            break
        await asyncio.sleep(0.2)
    assert seen == running
    total = {one.labels["uuid"]: one.value for one in of(samples, "xcp_host_memory_total_bytes")}
    assert set(total) == hosts
    for host in await some(client, "hosts"):
        assert 0 < total[host["id"]] <= host["memory"]["size"]
        free = of(samples, "xcp_host_memory_free_bytes", uuid=host["id"])[0].value
        assert 0 <= free <= total[host["id"]]
        cores = of(samples, "xcp_host_cpu_core_usage", uuid=host["id"])
        assert [one.labels["core"] for one in cores] == sorted({one.labels["core"] for one in cores})
        assert all(0 <= one.value <= 1 for one in cores)
        assert cores
    controllers = {row["id"] for row in await some(client, "vm-controllers")}
    assert {one.labels["uuid"] for one in of(samples, "xcp_vm_memory_bytes", is_control_domain="true")} == controllers
    disks = of(samples, "xcp_vm_disk_read_bytes_total")
    assert {"device", "vdi_name", "sr_name", "sr_type"} <= disks[0].labels.keys()
    assert of(samples, "podium_polls_total")
    assert of(samples, "podium_polled_hosts", state="live")[0].value == len(hosts)


async def test_names_and_labels_are_xen_orchestras(service: Service, sim: Sim, client: httpx.AsyncClient) -> None:
    host = (await some(client, "hosts"))[0]
    vms = await some(client, "vms", "power_state:Running")
    dom0 = (await some(client, "vm-controllers"))[0]
    vdis = {row["id"]: row for row in await some(client, "vdis")}
    disks = {
        row["VM"]: row
        for row in await some(client, "vbds")
        if row["device"] and not row["is_cd_drive"] and row.get("VDI") in vdis
    }
    vm = next(vm for vm in vms if vm["id"] in disks and vm["VIFs"])
    vbd = disks[vm["id"]]
    vdi = vdis[vbd["VDI"]]
    srs = {row["id"]: row for row in await some(client, "srs")}
    sr = srs[vdi["$SR"]]
    pool = (await some(client, "pools"))[0]
    tags = ["zoo", "a,b", "zoo", 'q"u\\o', " "]
    sim.set("VM", vm["_xapiRef"], name_label='web "1"\\\nnew', tags=tags)
    async with asyncio.timeout(10):
        while (await client.get(f"{API}/vms/{vm['id']}")).json()["tags"] != tags:
            await asyncio.sleep(0.02)
    networks, pifs = names_of(await some(client, "networks")), await some(client, "pifs")
    vif = next(row for row in await some(client, "vifs") if row["id"] == vm["VIFs"][0])
    pif = next(row for row in pifs if row["$host"] == host["id"] and row["vlan"] == -1)
    device, short = vbd["device"], sr["id"][:8]
    measured(
        service,
        {
            "host": {
                host["id"]: {
                    "cpu0": 0.5, "cpu_avg": 0.25, "memory_free_kib": 3, "memory_reclaimed": 5,
                    f"pif_{pif['device']}_rx": 7, "pif_aggr_rx": 9, f"io_throughput_read_{short}": 2,
                    f"latency_{short}": 1500,
                    f"read_latency_{short}": 500, "iops_total_00000000": 4, "xapi_open_fds": 1,
                },
                "gone": {"cpu0": 1.0},
            },
            "VM": {
                vm["id"]: {
                    "cpu0": 0.2, "cpu1": 0.4, "memory": 1024, "memory_internal_free": 2, "memory_target": 8,
                    f"vif_{vif['device']}_tx": 6, f"vif_{vif['device']}_rx_errors": 1, f"vbd_{device}_read": 10,
                    f"vbd_{device}_io_throughput_write": 0.5, f"vbd_{device}_read_latency": 250,
                    "vbd_nvme0n1_iops_total": 3, "runstate_blocked": 0.125,
                }
            },
            "VM-controller": {dom0["id"]: {"cpu_usage": 0.75}},
        },
    )  # fmt: skip
    samples = await read(client)
    base = {"pool_id": pool["id"], "pool_name": pool["name_label"]}
    of_host = base | {"uuid": host["id"], "type": "host", "host_name": host["name_label"]}
    if host["tags"]:
        of_host["tags"] = ",".join(sorted(set(host["tags"])))
    store = {"sr": short, "sr_uuid": sr["id"], "sr_name": sr["name_label"], "sr_type": sr["SR_type"]}
    of_vm = base | {"uuid": vm["id"], "type": "vm", "vm_name": 'web "1"\\\nnew', "is_control_domain": "false",
                    "tags": 'a,b,q"u\\o,zoo'}  # fmt: skip
    disk = of_vm | {
        "device": device,
        "vdi_name": vdi["name_label"],
        "sr_name": sr["name_label"],
        "sr_type": sr["SR_type"],
    }
    interface = of_host | {"interface": pif["device"], "network_name": networks[pif["$network"]]}
    network = of_vm | {"vif": vif["device"], "network_name": networks[vif["$network"]]}
    expected = [
        ("xcp_host_cpu_core_usage", of_host | {"core": "0"}, 0.5),
        ("xcp_host_cpu_average", of_host, 0.25),
        ("xcp_host_memory_free_bytes", of_host, 3072),
        ("xcp_host_memory_reclaimed_bytes", of_host, 5),
        ("xcp_host_network_receive_bytes_total", interface, 7),
        ("xcp_host_network_aggregated_receive_bytes", of_host, 9),
        ("xcp_host_disk_throughput_read_bytes", of_host | store, 2097152),
        ("xcp_host_disk_latency_seconds", of_host | store, 0.0015),
        ("xcp_host_disk_read_latency_seconds", of_host | store, 0.0005),
        ("xcp_host_disk_iops_total", of_host | {"sr": "00000000"}, 4),
        ("xcp_vm_cpu_usage", of_vm, 0.3),
        ("xcp_vm_cpu_core_usage", of_vm | {"core": "0"}, 0.2),
        ("xcp_vm_cpu_core_usage", of_vm | {"core": "1"}, 0.4),
        ("xcp_vm_memory_bytes", of_vm, 1024),
        ("xcp_vm_memory_internal_free_bytes", of_vm, 2048),
        ("xcp_vm_memory_target_bytes", of_vm, 8),
        ("xcp_vm_network_transmit_bytes_total", network, 6),
        ("xcp_vm_network_receive_errors_total", network, 1),
        ("xcp_vm_disk_read_bytes_total", disk, 10),
        ("xcp_vm_disk_throughput_write_bytes", disk, 524288),
        ("xcp_vm_disk_read_latency_seconds", disk, 0.00025),
        ("xcp_vm_disk_iops_total", of_vm | {"device": "nvme0n1"}, 3),
        ("xcp_vm_runstate_blocked", of_vm, 0.125),
    ]
    names = {family.name for families in FAMILIES.values() for family in families}
    own = [one for one in samples if one.name in names and one.labels["uuid"] != dom0["id"]]
    found: list[Any] = sorted(
        ((one.name, one.labels, pytest.approx(one.value)) for one in own),
        key=lambda one: (one[0], sorted(one[1].items())),
    )
    assert found == sorted(expected, key=lambda one: (one[0], sorted(one[1].items())))
    [controller] = of(samples, "xcp_vm_cpu_usage", uuid=dom0["id"])
    assert (controller.value, controller.labels["is_control_domain"]) == (0.75, "true")


async def test_the_inventory(service: Service, client: httpx.AsyncClient) -> None:
    measured(service, {})
    samples = await read(client)
    pool = (await some(client, "pools"))[0]
    assert [one.value for one in of(samples, "xcp_pool_connected", pool_id=pool["id"])] == [1]
    vms, hosts, srs, vdis = [await some(client, name) for name in ("vms", "hosts", "srs", "vdis")]
    states = {one.labels["uuid"]: one.labels["power_state"] for one in of(samples, "xcp_vm_status")}
    assert states == {vm["id"]: vm["power_state"] for vm in vms}
    uptimes = {one.labels["uuid"]: one.value for one in of(samples, "xcp_vm_uptime_seconds")}
    started = {vm["id"]: vm["startTime"] for vm in vms if vm["power_state"] == "Running" and vm.get("startTime")}
    assert uptimes == {vm_id: 2_000_000_000 - start for vm_id, start in started.items()}
    for host in hosts:
        [status] = of(samples, "xcp_host_status", uuid=host["id"])
        assert status.labels["power_state"] == host["power_state"]
        assert status.labels["enabled"] == str(host["enabled"]).lower()
        assert status.labels["host_name"] == host["name_label"]
    sizes = {one.labels["sr_uuid"]: one for one in of(samples, "xcp_sr_physical_size_bytes")}
    assert {sr_id: one.value for sr_id, one in sizes.items()} == {sr["id"]: sr["size"] for sr in srs}
    for sr in srs:
        labels = sizes[sr["id"]].labels
        local = not sr["shared"] and sr["$container"] != sr["$pool"]
        assert labels.get("host_id") == (sr["$container"] if local else None)
        assert labels["sr_type"] == sr["SR_type"]
        assert labels.get("content_type", "") == sr["content_type"]
    usages = {one.labels["vdi_uuid"]: one.value for one in of(samples, "xcp_vdi_physical_usage_bytes")}
    assert usages == {vdi["id"]: vdi["usage"] for vdi in vdis}
    assert any("vm_name" in one.labels for one in of(samples, "xcp_vdi_virtual_size_bytes"))
    counts = {name: of(samples, f"xo_{name}_total")[0].value for name in ("pool", "host", "vm", "user", "group")}
    assert counts == {"pool": 1, "host": len(hosts), "vm": len(vms), "user": 1, "group": 0}
    assert sum(one.value for one in of(samples, "xo_sr_total")) == len(srs)
    assert sum(one.value for one in of(samples, "xo_host_version_total")) == len(hosts)
    assert sum(one.value for one in of(samples, "xo_host_license_total")) == len(hosts)
    assert of(samples, "xo_socket_total")[0].value == sum(host["cpus"].get("sockets", 0) for host in hosts)
    assert of(samples, "podium_connections", state="connected")[0].value == 1
    assert of(samples, "podium_objects")[0].value > 100
    assert of(samples, "process_cpu_seconds_total")[0].value > 0
    assert of(samples, "process_resident_memory_bytes")[0].value > 10_000_000


async def test_a_pool_that_is_only_known(client: httpx.AsyncClient, other: Sim, service: Service) -> None:
    await connect(client, other)
    measured(service, {})
    assert [one.value for one in of(await read(client), "xcp_pool_connected")] == [1, 1]
    other.faults.drop_connections()
    await other.faults.refuse_connections(30)
    async with asyncio.timeout(20):
        while sorted(one.value for one in of(await read(client), "xcp_pool_connected")) != [0, 1]:
            await asyncio.sleep(0.05)


async def test_both_formats(client: httpx.AsyncClient, service: Service) -> None:
    measured(service, {})
    answer = await client.get(URL)
    assert (answer.headers["content-type"], answer.headers["cache-control"]) == (OPENMETRICS, "no-store")
    theirs = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1"
    assert (await client.get(URL, headers={"accept": theirs})).headers["content-type"] == OPENMETRICS
    answer = await client.get(URL, headers={"accept": "text/plain"})
    assert answer.headers["content-type"] == PROMETHEUS
    assert "# EOF" not in answer.text
    assert "# TYPE process_cpu_seconds_total counter\n" in answer.text
    moving = ("process_", "podium_events")
    plain = [one for one in parsed(answer.text, openmetrics=False) if not one.name.startswith(moving)]
    assert plain == [one for one in await read(client) if not one.name.startswith(moving)]
    answer = await client.head(URL)
    assert (answer.status_code, answer.content) == (200, b"")


async def test_it_leaves_packed(client: httpx.AsyncClient) -> None:
    async with client.stream("GET", URL, headers={"accept-encoding": "gzip"}) as answer:
        assert answer.headers["content-encoding"] == "gzip"
        raw = b"".join([piece async for piece in answer.aiter_raw()])
    assert parsed(gzip.decompress(raw).decode())


async def test_who_may_see_what(
    client: httpx.AsyncClient, service: Service, anonymous: httpx.AsyncClient, sim: Sim
) -> None:
    vm, host = (await some(client, "vms"))[0]["id"], (await some(client, "hosts"))[0]["id"]
    measured(service, {"VM": {vm: {"cpu0": 0.5}}, "host": {host: {"cpu0": 0.5}}})
    assert (await anonymous.get(URL)).status_code == 401
    await client.post(f"{API}/users", json={"name": NOBODY[0], "password": NOBODY[1], "permission": "none"})
    async with service.client(auth=NOBODY) as nobody:
        samples = await read(nobody)
    assert not [one for one in samples if one.name.startswith(("xcp_", "podium_", "process_"))]
    assert {one.name: one.value for one in samples if one.value} == {"xo_user_total": 1}
    token = (await client.post(f"{API}/users/me/authentication_tokens", follow_redirects=True, json={})).json()
    answer = await anonymous.get(URL, headers={"authorization": f"Bearer {token['token']['id']}"})
    assert answer.status_code == 200, answer.text
    assert of(parsed(answer.text), "xcp_vm_cpu_usage", uuid=vm)


def test_families_are_named_once() -> None:
    for rules in (HOST_RULES, VM_RULES):
        words: dict[str, str] = {}
        for rule in rules:
            assert words.setdefault(rule.family.name, rule.family.help) == rule.family.help
            assert re.fullmatch(r"xcp_(host|vm)_[a-z_]+", rule.family.name)
