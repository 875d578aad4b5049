"""PATCH of VMs: every field, in both spellings, all or nothing."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

import xensim
from tests.api.interference import Interference, interference
from tests.journeys.conftest import connect
from tests.served import Service
from xensim import Sim

GIB = 1 << 30
__all__ = ["interference"]


@pytest.fixture
async def sim() -> AsyncIterator[Sim]:
    async with xensim.serve(hosts=2, vms=24, seed=1, tls=False, port=0, pace=0) as one:
        yield one


@pytest.fixture
async def client(admin: httpx.AsyncClient, sim: Sim) -> httpx.AsyncClient:
    await connect(admin, sim)
    return admin


@pytest.fixture
async def vm(client: httpx.AsyncClient) -> dict[str, Any]:
    rows = (await client.get("/rest/v0/vms", params={"filter": "power_state:Halted", "fields": "*"})).json()
    found = next(row["id"] for row in rows if row["virtualizationMode"] == "hvm")
    one: dict[str, Any] = (await client.get(f"/rest/v0/vms/{found}")).json()
    return one


async def patch(client: httpx.AsyncClient, vm: dict[str, Any], status: int = 204, **body: Any) -> Any:
    answer = await client.patch(f"/rest/v0/vms/{vm['id']}", json=body)
    assert answer.status_code == status, answer.text
    if status != 204:
        return answer.json()
    return (await client.get(f"/rest/v0/vms/{vm['id']}")).json()


async def test_each_field_is_seen_at_once(client: httpx.AsyncClient, vm: dict[str, Any]) -> None:
    host = (await client.get("/rest/v0/hosts", params={"fields": "id"})).json()[0]["id"]
    sr = (await client.get("/rest/v0/srs", params={"fields": "id", "filter": "shared?"})).json()[0]["id"]
    cases: list[tuple[dict[str, Any], str, Any]] = [
        ({"nameLabel": "déjà vu"}, "name_label", "déjà vu"),
        ({"name_label": "again"}, "name_label", "again"),
        ({"nameDescription": "two\nlines"}, "name_description", "two\nlines"),
        ({"tags": ["b", "a"]}, "tags", ["b", "a"]),
        ({"notes": "# hello"}, "notes", "# hello"),
        ({"affinityHost": host}, "affinityHost", host),
        ({"autoPoweron": True}, "auto_poweron", True),
        ({"auto_poweron": False}, "auto_poweron", False),
        ({"cpuWeight": 512}, "cpuWeight", 512),
        ({"cpuCap": 100}, "cpuCap", 100),
        ({"cpuMask": [0, 2]}, "cpuMask", [0, 2]),
        ({"coresPerSocket": 2}, "coresPerSocket", 2),
        ({"highAvailability": "restart"}, "high_availability", "restart"),
        ({"startDelay": 5}, "startDelay", 5),
        ({"secureBoot": True}, "secureBoot", True),
        ({"viridian": False}, "viridian", False),
        ({"vga": "std"}, "vga", "std"),
        ({"videoram": 16}, "videoram", 16),
        ({"nicType": "e1000"}, "nicType", "e1000"),
        ({"suspendSr": sr}, "suspendSr", sr),
        ({"hasVendorDevice": True}, "hasVendorDevice", True),
    ]
    for body, field, value in cases:
        shown = await patch(client, vm, **body)
        found = shown[field]
        assert (found if not isinstance(value, list) else sorted(found)) == (
            value if not isinstance(value, list) else sorted(value)
        ), body
    shown = await patch(client, vm, xenStoreData={"key": "value", "vm-data/other": "x"})
    assert shown["xenStoreData"] == {**vm["xenStoreData"], "vm-data/key": "value", "vm-data/other": "x"}
    shown = await patch(client, vm, hvmBootFirmware="uefi", bootOrder="dnc")
    assert (shown["boot"]["firmware"], shown["boot"]["order"]) == ("uefi", "dnc")
    shown = await patch(client, vm, affinityHost=None, notes=None, cpuCap=None, suspendSr=None, cpuMask=None)
    assert not {"notes", "cpuCap", "cpuMask"} & set(shown)


async def test_cpus_and_memory(client: httpx.AsyncClient, vm: dict[str, Any]) -> None:
    shown = await patch(client, vm, cpus=7)
    assert (shown["CPUs"]["number"], shown["CPUs"]["max"]) == (7, max(7, vm["CPUs"]["max"]))
    shown = await patch(client, vm, cpusStaticMax=2)
    assert (shown["CPUs"]["number"], shown["CPUs"]["max"]) == (2, 2)
    shown = await patch(client, vm, CPUs={"number": 3})
    assert shown["CPUs"]["number"] == 3
    shown = await patch(client, vm, memory="2 GiB")
    assert shown["memory"]["static"][1] == shown["memory"]["dynamic"][1] == 2 * GIB
    shown = await patch(client, vm, memoryStaticMax=8 * GIB, memoryMax=4 * GIB, memoryMin=GIB)
    assert shown["memory"]["static"][1] == 8 * GIB
    assert shown["memory"]["dynamic"] == [GIB, 4 * GIB]
    assert (await patch(client, vm, 422, memoryMin=9 * GIB, memoryMax=4 * GIB))["code"] == "invalid-parameters"
    assert (await patch(client, vm, 422, memory="much"))["code"] == "invalid-parameters"
    assert (await patch(client, vm, 422, cpusStaticMax=6, coresPerSocket=4))["code"] == "invalid-parameters"
    shown = await patch(client, vm, cpus=6, coresPerSocket=3)
    assert (shown["CPUs"]["number"], shown["coresPerSocket"]) == (6, 3)
    assert (await patch(client, vm, 422, cpus=4, cpusStaticMax=2))["code"] == "invalid-parameters"


async def running(client: httpx.AsyncClient) -> dict[str, Any]:
    rows = (await client.get("/rest/v0/vms", params={"filter": "power_state:Running", "fields": "*"})).json()
    one: dict[str, Any] = rows[0]
    return one


async def test_what_a_running_vm_does_not_allow_says_so(client: httpx.AsyncClient) -> None:
    vm = await running(client)
    for body, what in (
        ({"memoryStaticMax": vm["memory"]["static"][1] * 2}, "the memory"),
        ({"cpusStaticMax": vm["CPUs"]["max"] + 1}, "the maximum of CPUs"),
        ({"cpus": vm["CPUs"]["max"] + 1}, "the maximum of CPUs"),
        ({"hasVendorDevice": not vm["hasVendorDevice"]}, "has vendor device"),
    ):
        problem = await patch(client, vm, 409, nameLabel="other", **body)
        assert (problem["code"], problem["detail"]) == (
            "incorrect-state",
            f"{vm['name_label']} must be halted before this can change: {what}"
            + (", the number of CPUs" if "cpus" in body else "")
            + ". It is running",
        )
        assert "done" not in problem  # nothing was begun
    assert {**(await client.get(f"/rest/v0/vms/{vm['id']}")).json(), "href": vm["href"]} == vm


async def test_what_a_running_vm_allows(sim: Sim, client: httpx.AsyncClient) -> None:
    rows = (await client.get("/rest/v0/vms", params={"filter": "power_state:Running", "fields": "*"})).json()
    vm = next(one for one in rows if one["CPUs"]["max"] > 1 and one["pvDriversDetected"])
    number = vm["CPUs"]["max"] if vm["CPUs"]["number"] != vm["CPUs"]["max"] else vm["CPUs"]["max"] - 1
    shown = await patch(client, vm, cpus=number, CPUs={"max": vm["CPUs"]["max"]})
    assert shown["CPUs"]["number"] == number
    least = vm["memory"]["static"][0]
    shown = await patch(client, vm, memoryMin=least)
    assert shown["memory"]["dynamic"][0] == least


async def test_all_or_nothing(client: httpx.AsyncClient, vm: dict[str, Any], interference: Interference) -> None:
    url = f"/rest/v0/vms/{vm['id']}"
    await patch(client, vm, notes="before")
    before = (await client.get(url)).json()
    interference.refuse("VM.set_tags")
    problem = await patch(client, vm, 502, nameLabel="half", notes="half", autoPoweron=True, cpus=31, tags=["x"])
    assert problem["xapi_code"] == "INTERNAL_ERROR"
    assert sorted(problem["done"]) == sorted(problem["undone"])
    assert len(problem["done"]) == 5
    assert (await client.get(url)).json() == before


async def test_an_entry_is_not_lost_where_its_new_value_is_refused(
    client: httpx.AsyncClient, vm: dict[str, Any], interference: Interference
) -> None:
    before = await patch(client, vm, viridian=True)
    interference.refuse("VM.add_to_platform")
    problem = await patch(client, vm, 502, viridian=False)
    assert problem["undone"] == problem["done"] == ["changed viridian"]
    assert (await client.get(f"/rest/v0/vms/{vm['id']}")).json() == before


async def test_what_a_guest_does_at_its_end(sim: Sim, client: httpx.AsyncClient, vm: dict[str, Any]) -> None:
    await patch(client, vm, actionsAfterShutdown="restart", actionsAfterReboot="destroy", actionsAfterCrash="preserve")
    record = sim.db.record("VM", vm["_xapiRef"])
    assert record["actions_after_shutdown"] == "restart"
    assert record["actions_after_reboot"] == "destroy"
    assert record["actions_after_crash"] == "preserve"


async def test_vms_start_with_their_host_where_the_pool_allows_it(
    client: httpx.AsyncClient, vm: dict[str, Any]
) -> None:
    await patch(client, vm, autoPoweron=True)
    assert (await client.get(f"/rest/v0/pools/{vm['$pool']}")).json()["auto_poweron"] is True


async def test_blocks_are_set_and_taken_away(sim: Sim, client: httpx.AsyncClient, vm: dict[str, Any]) -> None:
    shown = await patch(client, vm, blockedOperations={"start": True, "clone": "no copies", "copy": None})
    assert shown["blockedOperations"] == {**vm["blockedOperations"], "start": "true", "clone": "no copies"}
    shown = await patch(client, vm, blockedOperations={"start": False, "clone": None})
    assert not {"start", "clone"} & set(shown["blockedOperations"])


async def test_equal_values_make_no_call(
    client: httpx.AsyncClient, vm: dict[str, Any], interference: Interference
) -> None:
    await patch(client, vm, nameLabel="same", cpus=2, memory=GIB)
    interference.begin()
    await patch(client, vm, nameLabel="same", cpus=2, memory=GIB, tags=list(reversed(vm["tags"])))
    busy = await running(client)
    await patch(client, busy, cpus=busy["CPUs"]["number"], memory=busy["memory"]["static"][1])
    assert interference.calls == []


@pytest.mark.parametrize(
    "body",
    [
        {"nonsense": 1},
        {"nameLabel": None},
        {"cpus": 0},
        {"cpus": "four"},
        {"videoram": 3},
        {"vga": "matrox"},
        {"xenStoreData": {"../host": "x"}},
        {"xenStoreData": {"/local": "x"}},
        {"bootOrder": "xyz"},
        {"blockedOperations": {"levitate": True}},
        {"tags": [""]},
        {"nameLabel": "a", "name_label": "b"},
        {"cpus": 2, "CPUs": {"number": 3}},
        {"affinityHost": ["x"]},
    ],
    ids=str,
)
async def test_what_makes_no_sense_changes_nothing(
    client: httpx.AsyncClient, vm: dict[str, Any], body: dict[str, Any]
) -> None:
    await patch(client, vm, 422, **body)
    assert (await client.get(f"/rest/v0/vms/{vm['id']}")).json() == vm


async def test_what_is_not_there(client: httpx.AsyncClient, vm: dict[str, Any]) -> None:
    await patch(client, vm, 404, affinityHost="nobody")
    await patch(client, {"id": "nobody"}, 404, nameLabel="x")
    await patch(client, vm, 422, share=True)


async def test_templates_and_snapshots_have_names_too(client: httpx.AsyncClient, vm: dict[str, Any]) -> None:
    made = await client.post(f"/rest/v0/vms/{vm['id']}/actions/snapshot", params={"sync": "true"})
    url = f"/rest/v0/vm-snapshots/{made.json()['id']}"
    body = {"nameLabel": "kept", "name_description": "why", "tags": ["a"], "notes": "b"}
    assert (await client.patch(url, json=body)).status_code == 204
    shown = (await client.get(url)).json()
    assert (shown["name_label"], shown["name_description"], shown["tags"], shown["notes"]) == (
        "kept",
        "why",
        ["a"],
        "b",
    )
    assert (await client.patch(url, json={"cpus": 2})).status_code == 422
    template = (await client.get("/rest/v0/vm-templates", params={"fields": "id"})).json()[0]
    url = f"/rest/v0/vm-templates/{template['id']}"
    assert (await client.patch(url, json={"nameLabel": "golden", "memory": "4 GiB"})).status_code == 204
    shown = (await client.get(url)).json()
    assert (shown["name_label"], shown["memory"]["static"][1]) == ("golden", 4 * GIB)


async def test_who_may_nothing_changes_nothing(client: httpx.AsyncClient, service: Service, vm: dict[str, Any]) -> None:
    nobody = ("nobody@example.org", "long enough a secret")
    answer = await client.post("/rest/v0/users", json={"name": nobody[0], "password": nobody[1], "permission": "none"})
    assert answer.status_code == 201, answer.text
    async with service.client(auth=nobody) as other:
        problem = await patch(other, vm, 403, nameLabel="mine", cpus=2)
        missing = problem["data"]["missingPrivileges"]
        assert missing == [{"action": "update:cpus", "resource": "vm", "objectId": vm["id"]}]
