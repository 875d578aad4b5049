"""Resource sets: making them, making VMs in them, and their limits, on each database."""

import asyncio
from typing import Any

import httpx
import pytest

from podium.services.rights.rules import GrantedRules
from podium.services.rights.set_members import implied
from podium.settings import Settings
from tests.api.acting import refuse_once
from tests.self_service.conftest import API, GIB, MakeSet, create, made, refused
from tests.served import Service, served


async def usage(client: httpx.AsyncClient, set_id: str, **wanted: int) -> dict[str, Any]:
    """What is shown of a set, once it shows what is wanted; usage follows the pool within a second."""
    for _ in range(60):
        found: dict[str, Any] = (await client.get(f"{API}/resource-sets/{set_id}")).json()
        if wanted.items() <= found["usage"].items():
            return found
        await asyncio.sleep(0.1)
    raise AssertionError((found["usage"], wanted))


async def test_a_set_is_made_read_changed_and_forgotten(
    admin: httpx.AsyncClient, member: httpx.AsyncClient, make_set: MakeSet, member_id: str
) -> None:
    set_id = await make_set(cpus=4, memory="4 GiB")
    found = (await admin.get(f"{API}/resource-sets", params={"fields": "*"})).json()[0]
    assert (found["id"], found["name"], found["subjects"]) == (set_id, "Lab", [member_id])
    assert found["limits"]["memory"] == {"total": 4 * GIB, "usage": 0, "available": 4 * GIB}
    url = f"{API}/resource-sets/{set_id}"
    assert (await admin.patch(url, json={"name": "Attic", "limits": {"vms": 1}})).status_code == 204
    found = (await admin.get(url)).json()
    assert (found["name"], list(found["limits"])) == ("Attic", ["vms"])
    for body in ({"subjects": ["nobody"]}, {"objects": ["nothing"]}, {"limits": {"vms": -1}}, {"limits": {"x": 1}}):
        assert (await admin.patch(url, json=body)).status_code == 422, body
    assert (await member.patch(url, json={"limits": {}})).status_code == 403
    assert (await member.delete(url)).status_code == 403
    assert (await member.post(f"{API}/resource-sets", json={"name": "mine"})).status_code == 403
    assert (await admin.delete(url)).status_code == 204
    assert (await admin.get(url)).status_code == 404


async def test_a_member_makes_a_vm_of_what_the_set_lends(
    admin: httpx.AsyncClient, member: httpx.AsyncClient, make_set: MakeSet, site: dict[str, Any], member_id: str
) -> None:
    set_id = await make_set(cpus=4, vms=2)
    vm_id = await made(member, site, set_id, share=True)
    vm = (await admin.get(f"{API}/vms/{vm_id}")).json()
    assert vm["resourceSet"] == set_id
    assert vm["creation"]["user"] == member_id
    found = await usage(admin, set_id, vms=1, cpus=1, memory=GIB, disk=2 * GIB)
    assert found["limits"]["cpus"] == {"total": 4, "usage": 1, "available": 3}
    assert found["shared"] == [vm_id]
    other = await admin.post(f"{API}/users", json={"name": "stranger", "password": "a stranger's word"})
    assert other.status_code == 201


async def test_nobody_else_and_nothing_else(
    service: Service, admin: httpx.AsyncClient, member: httpx.AsyncClient, make_set: MakeSet, site: dict[str, Any]
) -> None:
    set_id = await make_set()
    disk = {"size": GIB, "sr": site["other_sr"]["id"]}
    for wrong in ({"vdis": [disk]}, {"vifs": [{"network": site["other_network"]["id"]}]}):
        answer = await create(member, site, set_id, **wrong)
        assert answer.status_code in {403, 404}, answer.text
    assert (await create(member, site, set_id, resourceSet=None)).status_code == 403  # without the set, no right at all
    await admin.post(f"{API}/users", json={"name": "stranger", "password": "a stranger's word"})
    async with service.client(auth=("stranger", "a stranger's word")) as stranger:
        assert (await create(stranger, site, set_id)).status_code == 404
    assert (await admin.get(f"{API}/vms", params={"filter": f"resourceSet:={set_id}"})).json() == []


async def test_each_limit_is_kept(
    admin: httpx.AsyncClient, member: httpx.AsyncClient, make_set: MakeSet, site: dict[str, Any]
) -> None:
    set_id = await make_set(cpus=3, memory="3 GiB", disk="6 GiB", vms=2)
    refused(await create(member, site, set_id, cpus=4), "cpus")
    refused(await create(member, site, set_id, memory=4 * GIB), "memory")
    await made(member, site, set_id)
    disks = [{"userdevice": "0", "destroy": True}, {"size": 5 * GIB, "sr": site["sr"]["id"]}]
    refused(await create(member, site, set_id, vdis=disks), "disk")
    await made(member, site, set_id)
    refused(await create(member, site, set_id), "vms")


async def test_growth_is_kept_within_the_limits(
    admin: httpx.AsyncClient, member: httpx.AsyncClient, make_set: MakeSet, site: dict[str, Any]
) -> None:
    set_id = await make_set(cpus=2, memory="2 GiB", disk="4 GiB", snapshots=1)
    vm_id = await made(member, site, set_id)
    url = f"{API}/vms/{vm_id}"
    refused(await admin.patch(url, json={"cpus": 3}), "cpus")
    refused(await admin.patch(url, json={"memory": "3 GiB"}), "memory")
    assert (await admin.patch(url, json={"cpus": 2, "memory": "2 GiB"})).status_code == 204
    assert (await admin.patch(url, json={"cpus": 1, "memory": "1 GiB"})).status_code == 204
    disk = (await admin.get(f"{url}/vdis", params={"fields": "*"})).json()[0]
    refused(await admin.patch(f"{API}/vdis/{disk['id']}", json={"size": 5 * GIB}), "disk")
    grow = f"{API}/vdis/{disk['id']}/actions/resize"
    refused(await admin.post(grow, params={"sync": "true"}, json={"size": 5 * GIB}), "disk")
    assert (await admin.patch(f"{API}/vdis/{disk['id']}", json={"size": 3 * GIB})).status_code == 204
    await usage(admin, set_id, disk=3 * GIB)
    new = await admin.post(
        f"{API}/vdis", json={"srId": site["sr"]["id"], "virtual_size": 2 * GIB, "name_label": "more"}
    )
    assert new.status_code == 201, new.text
    refused(await admin.post(f"{API}/vbds", json={"VM": vm_id, "VDI": new.json()["id"]}), "disk")
    snapshot = f"{url}/actions/snapshot"
    assert (await admin.post(snapshot, params={"sync": "true"}, json={})).status_code == 201
    refused(await admin.post(snapshot, params={"sync": "true"}, json={}), "snapshots")
    refused(await admin.post(f"{url}/actions/clone", params={"sync": "true"}, json={}), "disk")


async def test_a_clone_is_in_the_set_and_counts(
    admin: httpx.AsyncClient, member: httpx.AsyncClient, make_set: MakeSet, site: dict[str, Any]
) -> None:
    set_id = await make_set(vms=2)
    vm_id = await made(member, site, set_id)
    clone = f"{API}/vms/{vm_id}/actions/clone"
    answer = await admin.post(clone, params={"sync": "true"}, json={})
    assert answer.status_code == 201, answer.text
    assert (await admin.get(f"{API}/vms/{answer.json()['id']}")).json()["resourceSet"] == set_id
    await usage(admin, set_id, vms=2, disk=4 * GIB)
    refused(await admin.post(clone, params={"sync": "true"}, json={}), "vms")
    assert (await admin.delete(f"{API}/vms/{vm_id}")).status_code == 204
    await usage(admin, set_id, vms=1)
    assert (
        await admin.post(clone.replace(vm_id, answer.json()["id"]), params={"sync": "true"}, json={})
    ).status_code == 201


async def test_nothing_is_started_while_a_set_is_over_its_limits(
    admin: httpx.AsyncClient, member: httpx.AsyncClient, make_set: MakeSet, site: dict[str, Any]
) -> None:
    set_id = await make_set(cpus=2)
    vm_id = await made(member, site, set_id, cpus=2)
    start = f"{API}/vms/{vm_id}/actions/start"
    await admin.patch(f"{API}/resource-sets/{set_id}", json={"limits": {"cpus": 1}})
    refused(await admin.post(start, params={"sync": "true"}), "cpus")
    await admin.patch(f"{API}/resource-sets/{set_id}", json={"limits": {"cpus": 2}})
    assert (await admin.post(start, params={"sync": "true"})).status_code == 204


async def test_a_vm_is_moved_into_a_set_and_out(admin: httpx.AsyncClient, make_set: MakeSet) -> None:
    vm = (await admin.get(f"{API}/vms", params={"fields": "*", "filter": "power_state:Halted"})).json()[0]
    small, large = await make_set(memory=1), await make_set(vms=1)
    url = f"{API}/vms/{vm['id']}"
    refused(await admin.patch(url, json={"resourceSet": small}), "memory")
    assert (await admin.patch(url, json={"share": True, "nameLabel": "x"})).status_code == 422
    assert (await admin.get(url)).json()["name_label"] == vm["name_label"]
    assert (await admin.patch(url, json={"resourceSet": "none"})).status_code == 404
    assert (await admin.patch(url, json={"resourceSet": large, "share": True})).status_code == 204
    found = await usage(admin, large, vms=1, cpus=vm["CPUs"]["number"])
    assert found["shared"] == [vm["id"]]
    other = (await admin.get(f"{API}/vms", params={"fields": "*", "filter": "power_state:Running"})).json()[0]
    refused(await admin.patch(f"{API}/vms/{other['id']}", json={"resourceSet": large}), "vms")
    assert (await admin.patch(url, json={"share": False, "resourceSet": large})).status_code == 204
    assert "shared" not in (await admin.get(f"{API}/resource-sets/{large}")).json()
    assert (await admin.patch(url, json={"resourceSet": None})).status_code == 204
    assert "resourceSet" not in (await admin.get(url)).json()
    await usage(admin, large, vms=0)


async def test_fifty_at_once_against_a_limit_of_ten(
    admin: httpx.AsyncClient, member: httpx.AsyncClient, make_set: MakeSet, site: dict[str, Any]
) -> None:
    set_id = await make_set(vms=10)
    answers = await asyncio.gather(*(create(member, site, set_id, name_label=f"vm {n}") for n in range(50)))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [201] * 10 + [409] * 40
    rows = (await admin.get(f"{API}/vms", params={"filter": f"resourceSet:={set_id}"})).json()
    assert len(rows) == 10
    await usage(admin, set_id, vms=10)


async def test_resizes_at_once_do_not_add_up_to_more(
    admin: httpx.AsyncClient, member: httpx.AsyncClient, make_set: MakeSet, site: dict[str, Any]
) -> None:
    set_id = await make_set(cpus=6)
    vms = [await made(member, site, set_id) for _ in range(3)]
    answers = await asyncio.gather(*(admin.patch(f"{API}/vms/{vm}", json={"cpus": 3}) for vm in vms))
    assert sorted(answer.status_code for answer in answers) == [204, 409, 409]
    await usage(admin, set_id, cpus=5)


async def test_a_failed_creation_gives_its_room_back(
    admin: httpx.AsyncClient,
    member: httpx.AsyncClient,
    make_set: MakeSet,
    site: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_id = await make_set(vms=1)
    refuse_once(monkeypatch, "VBD.create")
    assert (await create(member, site, set_id)).json()["xapi_code"] == "INTERNAL_ERROR"
    await made(member, site, set_id)


async def test_sets_are_there_after_a_restart(settings: Settings) -> None:
    async with served(settings) as service, service.client() as client:
        made_set = await client.post(f"{API}/resource-sets", json={"name": "kept", "limits": {"vms": 3}})
    async with served(settings) as service, service.client() as client:
        found = (await client.get(f"{API}/resource-sets/{made_set.json()['id']}")).json()
        assert (found["name"], found["limits"]["vms"]["total"]) == ("kept", 3)


async def test_what_membership_implies(
    service: Service,
    admin: httpx.AsyncClient,
    member: httpx.AsyncClient,
    make_set: MakeSet,
    site: dict[str, Any],
    member_id: str,
) -> None:
    set_id = await make_set()
    his = await made(member, site, set_id)
    others = await made(admin, site, set_id)
    shared = await made(admin, site, set_id, share=True)
    state = service.app.state
    rules = GrantedRules(implied(state.objects, member_id), objects=state.objects, hub=state.hub)

    def may(action: str, object_id: str) -> bool:
        entry = state.objects.get(object_id)
        return rules.may(action, entry.resource.privilege, entry.object)

    assert [may("start", one) for one in (his, shared, others)] == [True, True, False]
    assert [may("read", one) for one in (his, shared, others)] == [True, True, False]
    assert [may("read", site[one]["id"]) for one in ("sr", "other_sr", "network", "template")] == [
        True,
        False,
        True,
        True,
    ]
    assert [may("update:tags", site["sr"]["id"]), may("read", set_id), may("delete", set_id)] == [False, True, False]
    disk = (await admin.get(f"{API}/vms/{his}/vdis", params={"fields": "id"})).json()[0]["id"]
    assert may("read", disk)
    assert implied(state.objects, "somebody else") == frozenset()


async def test_a_member_uses_the_service_and_sees_nothing_but_his(
    admin: httpx.AsyncClient, member: httpx.AsyncClient, make_set: MakeSet, site: dict[str, Any], member_id: str
) -> None:
    async def seen(collection: str) -> set[str]:
        rows = (await member.get(f"{API}/{collection}", params={"fields": "id"})).json()
        return {row["id"] for row in rows}

    assert await seen("resource-sets") == set()
    set_id = await make_set(vms=3)
    assert await seen("resource-sets") == {set_id}
    assert await seen("srs") == {site["sr"]["id"]}
    assert await seen("networks") == {site["network"]["id"]}
    his, others = await made(member, site, set_id), await made(admin, site, set_id)
    assert await seen("vms") == {his}
    assert (await member.post(f"{API}/vms/{his}/actions/start", params={"sync": "true"})).status_code == 204
    assert (await member.patch(f"{API}/vms/{his}", json={"nameLabel": "mine"})).status_code == 204
    assert (await member.patch(f"{API}/vms/{his}", json={"resourceSet": None})).status_code == 403
    assert (await member.post(f"{API}/vms/{others}/actions/start", params={"sync": "true"})).status_code == 403
    assert (await admin.patch(f"{API}/vms/{others}", json={"share": True})).status_code == 204
    assert await seen("vms") == {his, others}
    assert (await admin.patch(f"{API}/resource-sets/{set_id}", json={"subjects": []})).status_code == 204
    assert await seen("vms") == set()
    assert (await create(member, site, set_id)).status_code == 404
    group = (await admin.post(f"{API}/groups", json={"name": "lab"})).json()["id"]
    assert (await admin.patch(f"{API}/resource-sets/{set_id}", json={"subjects": [group]})).status_code == 204
    assert await seen("vms") == set()
    assert (await admin.put(f"{API}/groups/{group}/users/{member_id}")).status_code == 204
    assert await seen("vms") == {his, others}
