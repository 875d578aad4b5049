"""Rights at work on a pool: the same in lists, single reads, counts, ETags, streams and consoles, while they change."""

import asyncio
import json
from typing import Any

import httpx

from tests.api.acting import one, patch, post, some
from tests.journeys.sse import Follower
from tests.people import API, add_role, add_user, drop, ids, made, put, signed_in
from tests.served import Service


async def seen(client: httpx.AsyncClient, kind: str, follower: Follower) -> None:
    """The stream comes to show what the list shows."""
    names = {"VM": "vms", "VIF": "vifs", "VDI": "vdis", "VBD": "vbds"}
    expected = await ids(client, names[kind])
    await follower.until(lambda them: set(them.view.get(kind, {})) == expected)


async def test_streams_follow_objects_and_rights(service: Service, client: httpx.AsyncClient, server_id: str) -> None:
    ada = await add_user(client, "ada")
    role = await add_role(client, {"resource": "vm", "action": "read", "selector": "tags:=mine", "reach": "inside"},
                          user=ada)  # fmt: skip
    vms = await some(client, "vms")
    async with (
        signed_in(service, "ada") as me,
        Follower(me, collections="VM,VIF,VDI,VBD") as stream,
        Follower(client, collections="VM") as everything,
    ):
        assert stream.view == {"VM": {}, "VIF": {}, "VDI": {}, "VBD": {}}
        await put(client, f"vms/{vms[0]['id']}/tags/mine")
        for kind in ("VM", "VIF", "VDI", "VBD"):
            await seen(me, kind, stream)
            assert stream.view[kind], kind
        assert await ids(me, "vms") == {vms[0]["id"]}
        assert await ids(me, "vifs") == set(vms[0]["VIFs"])
        privilege = await made(client, "acl-privileges", {"roleId": role, "resource": "vm", "action": "read",
                                                          "selector": f"id:{vms[1]['id']}"})  # fmt: skip
        await seen(me, "VM", stream)
        assert set(stream.view["VM"]) == {vms[0]["id"], vms[1]["id"]}
        await patch(client, f"acl-privileges/{privilege}", effect="deny", selector=f"id:{vms[0]['id']}")
        await seen(me, "VM", stream)
        assert stream.view["VM"] == {}
        assert stream.view["VIF"]  # they are denied nothing
        await drop(client, f"acl-privileges/{privilege}")
        await seen(me, "VM", stream)
        group = await made(client, "groups", {"name": "g"})
        await add_role(client, {"resource": "vm", "action": "read"}, group=group)
        await put(client, f"groups/{group}/users/{ada}")
        await seen(me, "VM", stream)
        assert len(stream.view["VM"]) == len(vms)
        await drop(client, f"groups/{group}/users/{ada}")
        await seen(me, "VM", stream)
        await drop(client, f"vms/{vms[0]['id']}/tags/mine")
        for kind in ("VM", "VIF", "VDI", "VBD"):
            await seen(me, kind, stream)
            assert stream.view[kind] == {}, kind
        await patch(client, f"users/{ada}", permission="admin")
        await seen(me, "VM", stream)
        assert len(stream.view["VM"]) == len(vms)
        await patch(client, f"users/{ada}", permission="none")
        await seen(me, "VM", stream)
        assert stream.view["VM"] == {}
        assert stream.connections == 1
        assert len(everything.view["VM"]) == len(vms)


async def test_who_comes_back_after_his_rights_changed_begins_anew(
    service: Service, client: httpx.AsyncClient, server_id: str
) -> None:
    ada = await add_user(client, "ada")
    role = await add_role(client, {"resource": "vm", "action": "read"}, user=ada)
    async with signed_in(service, "ada") as me:
        async with Follower(me, collections="VM") as stream:
            last_id = stream.last_id
            assert stream.view["VM"]
        await drop(client, f"acl-roles/{role}")
        params = {"collections": "VM"}
        async with me.stream("GET", f"{API}/events", params=params, headers={"Last-Event-ID": str(last_id)}) as answer:
            text = ""
            async for line in answer.aiter_lines():
                text += line
                if "synced" in text and '"count"' in line:
                    break
        assert "event: reset" in text
        assert "event: add" not in text


async def test_watched_lists_follow_rights(service: Service, client: httpx.AsyncClient, server_id: str) -> None:
    ada = await add_user(client, "ada")
    vm = (await some(client, "vms"))[0]["id"]
    role = await add_role(client, {"resource": "vm", "action": "read", "selector": f"id:{vm}"}, user=ada)
    async with (
        signed_in(service, "ada") as me,
        me.stream("GET", f"{API}/vms", params={"watch": "true", "ndjson": "true", "fields": "id"}) as answer,
    ):
        lines = answer.aiter_lines()
        assert json.loads(await anext(lines))["id"] == vm
        await drop(client, f"acl-roles/{role}")
        async with asyncio.timeout(10):
            kind, row = json.loads(await anext(lines))
        assert (kind, row["id"]) == ("remove", vm)


async def test_xen_orchestras_way_of_following_sees_the_same(
    service: Service, client: httpx.AsyncClient, server_id: str
) -> None:
    ada = await add_user(client, "ada")
    vm = (await some(client, "vms"))[0]["id"]
    async with signed_in(service, "ada") as me, me.stream("GET", f"{API}/events", timeout=20) as answer:
        frames = answer.aiter_lines()
        connection = await _data(frames, "init")
        await post(me, f"events/{connection['id']}/subscriptions", {"collection": "VM", "fields": ["name_label"]}, 201)
        role = await add_role(client, {"resource": "vm", "action": "read", "selector": f"id:{vm}"}, user=ada)
        added = await _data(frames, "add")
        assert set(added) == {"$subscription", "name_label"}
        await drop(client, f"acl-roles/{role}")
        assert await _data(frames, "remove") == added


async def _data(frames: Any, kind: str) -> dict[str, Any]:
    async with asyncio.timeout(15):
        async for line in frames:
            if line == f"event: {kind}":
                async for data in frames:
                    if data.startswith("data: "):
                        found: dict[str, Any] = json.loads(data[6:])
                        return found
    raise AssertionError(kind)


async def test_etags_tell_nothing_of_what_one_may_not_see(
    service: Service, client: httpx.AsyncClient, server_id: str
) -> None:
    ada = await add_user(client, "ada")
    vms = await some(client, "vms")
    await add_role(client, {"resource": "vm", "action": "read", "selector": f"id:{vms[0]['id']}"}, user=ada)
    async with signed_in(service, "ada") as me:
        urls = (f"{API}/vms", f"{API}/vms/{vms[0]['id']}", f"{API}/tasks", f"{API}/vms/{vms[0]['id']}/messages")
        before = [(await me.get(url)).headers["etag"] for url in urls]
        await patch(client, f"vms/{vms[1]['id']}", nameDescription="changed")
        await post(client, f"vms/{vms[1]['id']}/actions/snapshot", {}, 201)
        assert [(await me.get(url)).headers["etag"] for url in urls] == before
        assert (await me.get(urls[0], headers={"if-none-match": before[0]})).status_code == 304
        await patch(client, f"vms/{vms[0]['id']}", nameDescription="changed")
        after = [(await me.get(url)).headers["etag"] for url in urls]
        assert after[0] != before[0]
        assert after[1] != before[1]
        assert after[2:] == before[2:]


async def test_what_somebody_may_do(service: Service, client: httpx.AsyncClient, server_id: str) -> None:
    ada = await add_user(client, "ada")
    vms = await some(client, "vms", "power_state:Halted")
    await add_role(
        client,
        {"resource": "vm", "action": "start", "selector": f"id:{vms[0]['id']}"},
        {"resource": "vm", "action": "shutdown", "selector": f"id:{vms[0]['id']}"},
        user=ada,
    )
    async with signed_in(service, "ada") as me:
        task = await me.post(f"{API}/vms/{vms[0]['id']}/actions/start")
        assert task.status_code == 202, task.text
        done = await me.get(task.headers["location"], params={"wait": "true"})
        assert done.json()["status"] == "success"  # his own Task, though he may read none
        assert await ids(me, "tasks") == {task.json()["taskId"]}
        answer = await me.post(f"{API}/vms/{vms[1]['id']}/actions/start")
        assert answer.json()["data"]["missingPrivileges"] == [
            {"action": "start", "resource": "vm", "objectId": vms[1]["id"]}
        ]
        assert (await me.post(f"{API}/vms/{vms[0]['id']}/actions/clean_reboot")).status_code == 403
        await post(me, f"vms/{vms[0]['id']}/actions/hard_shutdown")


async def test_an_interface_and_a_drive_need_a_right_to_both_ends(
    service: Service, client: httpx.AsyncClient, server_id: str
) -> None:
    ada = await add_user(client, "ada")
    vm = (await some(client, "vms", "power_state:Halted"))[0]
    networks, disk = await some(client, "networks"), (await some(client, "vdis"))[0]
    await add_role(client, {"resource": "vm", "action": "*", "selector": f"id:{vm['id']}", "reach": "inside"},
                   {"resource": "network", "action": "read"}, {"resource": "vdi", "action": "read"},
                   {"resource": "network", "action": "attach", "selector": f"id:{networks[0]['id']}"},
                   user=ada)  # fmt: skip
    async with signed_in(service, "ada") as me:
        await post(me, "vifs", {"vmId": vm["id"], "networkId": networks[0]["id"]}, 201)
        answer = await post(me, "vifs", {"vmId": vm["id"], "networkId": networks[1]["id"]}, 403)
        assert answer["data"]["missingPrivileges"] == [
            {"action": "attach", "resource": "network", "objectId": networks[1]["id"]}
        ]
        if disk["id"] in await ids(me, f"vms/{vm['id']}/vdis"):
            disk = (await some(client, "vdis"))[-1]
        answer = await post(me, "vbds", {"VM": vm["id"], "VDI": disk["id"]}, 403)
        assert answer["data"]["missingPrivileges"] == [{"action": "attach", "resource": "vdi", "objectId": disk["id"]}]


async def test_can_says_what_would_be_and_why(service: Service, client: httpx.AsyncClient, server_id: str) -> None:
    ada = await add_user(client, "ada")
    vms = await some(client, "vms")
    role = await add_role(
        client,
        {"resource": "pool", "action": "read", "reach": "inside"},
        {"resource": "vm", "action": "start", "effect": "deny", "selector": f"id:{vms[1]['id']}"},
        {"resource": "vm", "action": "start"},
        {"resource": "vif", "action": "create", "selector": f"vmId:{vms[0]['id']}"},
        user=ada,
    )
    checks = [
        {"resource": "vm", "action": "start", "ids": [vms[0]["id"], vms[1]["id"], "nowhere"]},
        {"resource": "vm", "action": "read", "ids": [vms[0]["id"]]},
        {"resource": "vm", "action": "delete", "ids": [vms[0]["id"]]},
        {"resource": "vif", "action": "create", "body": {"vmId": vms[0]["id"]}},
        {"resource": "vif", "action": "create", "body": {"vmId": vms[1]["id"]}},
        {"resource": "sr", "action": "create"},
    ]
    async with signed_in(service, "ada") as me:
        found = (await me.post(f"{API}/can", json={"checks": checks})).json()
        assert [one["allowed"] for one in found] == [False, True, False, True, False, False]
        starts = found[0]["answers"]
        assert [one["allowed"] for one in starts] == [True, False, False]
        assert starts[0]["privilege"]["words"] == "allow vm:start"
        assert starts[1]["privilege"]["words"] == f"deny vm:start on id:{vms[1]['id']}"
        assert starts[1]["privilege"]["roleId"] == role
        assert "privilege" not in starts[2]
        assert found[1]["answers"][0]["privilege"]["words"] == "allow pool:read and what is inside"
        assert "privilege" not in found[2]["answers"][0]
        for body in ({"checks": [{"resource": "cat", "action": "read"}]}, {"checks": [{"resource": "vm"}]}, {}):
            assert (await me.post(f"{API}/can", json=body)).status_code == 422, body
    answer = await client.post(f"{API}/can", params={"viewAs": ada}, json={"checks": checks[:1]})
    assert answer.json()[0] == found[0]
    assert answer.headers["x-viewing-as"] == ada


async def test_classic_grants(service: Service, client: httpx.AsyncClient, server_id: str) -> None:
    ada = await add_user(client, "ada")
    vms, hosts = await some(client, "vms", "power_state:Running"), await some(client, "hosts")
    grant = {"userId": ada, "objectId": vms[0]["id"], "level": "viewer"}
    async with signed_in(service, "ada") as me:
        viewer = await post(client, "acl-roles/actions/grant", grant, 201)
        assert await ids(me, "vms") == {vms[0]["id"]}
        assert await ids(me, "vifs") == set(vms[0]["VIFs"])
        assert (await me.post(f"{API}/vms/{vms[0]['id']}/actions/pause")).status_code == 403
        await post(client, "acl-roles/actions/grant", {**grant, "level": "operator"}, 201)
        await post(me, f"vms/{vms[0]['id']}/actions/pause")
        await post(me, f"vms/{vms[0]['id']}/actions/unpause")
        assert (await me.delete(f"{API}/vms/{vms[0]['id']}")).status_code == 403
        await post(client, "acl-roles/actions/grant", grant, 409)
        group = await made(client, "groups", {"name": "g"})
        again = await post(client, "acl-roles/actions/grant", {**grant, "userId": None, "groupId": group}, 201)
        assert again == viewer
        await post(client, "acl-roles/actions/grant", {**grant, "objectId": hosts[0]["id"], "level": "admin"}, 201)
        on_host = {vm["id"] for vm in await some(client, "vms") if vm["$container"] == hosts[0]["id"]}
        assert await ids(me, "vms") == on_host | {vms[0]["id"]}
        assert await ids(me, "hosts") == {hosts[0]["id"]}
        for body in ({**grant, "groupId": group}, {"objectId": "x", "level": "viewer"}, {**grant, "level": "owner"}):
            await post(client, "acl-roles/actions/grant", body, 422)
        for body in ({**grant, "userId": "nobody"}, {**grant, "objectId": "nothing"}):
            await post(client, "acl-roles/actions/grant", body, 404)


async def test_view_as(service: Service, client: httpx.AsyncClient, server_id: str) -> None:
    ada = await add_user(client, "ada")
    vm = (await some(client, "vms"))[0]["id"]
    await add_role(client, {"resource": "vm", "action": "read", "selector": f"id:{vm}"}, user=ada)
    answer = await client.get(f"{API}/vms", params={"viewAs": ada})
    assert answer.json() == [f"{API}/vms/{vm}"]
    assert answer.headers["x-viewing-as"] == ada
    assert (await client.get(f"{API}/hosts", headers={"X-View-As": ada})).json() == []
    assert "x-viewing-as" not in (await client.get(f"{API}/vms")).headers
    async with Follower(client, collections="VM,host", viewAs=ada) as stream:
        assert set(stream.view["VM"]) == {vm}
        assert stream.view["host"] == {}
    for method, path in (
        ("POST", f"vms/{vm}/actions/start"),
        ("DELETE", f"vms/{vm}"),
        ("PUT", f"vms/{vm}/tags/x"),
        ("GET", f"vms/{vm}.xva"),
        ("POST", "users/me/authentication_tokens"),
    ):
        answer = await client.request(method, f"{API}/{path}", params={"viewAs": ada})
        assert answer.status_code in {307, 403}, (method, path, answer.text)
    assert (await client.get(f"{API}/vms", params={"viewAs": "nobody"})).status_code == 404
    async with signed_in(service, "ada") as me:
        admin = (await one(client, "auth", "session"))["user"]["id"]
        assert (await me.get(f"{API}/vms", params={"viewAs": admin})).status_code == 403


async def test_warnings_of_selectors_that_reach_more(client: httpx.AsyncClient, server_id: str) -> None:
    vms = await some(client, "vms")
    await put(client, f"vms/{vms[0]['id']}/tags/prod")
    role = await made(client, "acl-roles", {"name": "r"})
    body = {"roleId": role, "resource": "vm", "action": "read", "selector": "tags:prod"}
    assert "warnings" not in await post(client, "acl-privileges", body, 201)
    await put(client, f"vms/{vms[1]['id']}/tags/preprod")
    [warning] = (await post(client, "acl-privileges", body, 201))["warnings"]
    assert "preprod" in warning
    assert "tags:=prod" in warning
    assert "warnings" not in await post(client, "acl-privileges", {**body, "selector": "tags:=prod"}, 201)


async def test_what_concerns_several_objects_needs_a_right_to_each(
    service: Service, client: httpx.AsyncClient, server_id: str
) -> None:
    ada = await add_user(client, "ada")
    pifs = await some(client, "pifs", "management?")
    network, pool = pifs[0]["$network"], pifs[0]["$pool"]
    together = [pif["id"] for pif in await some(client, "pifs") if pif["$network"] == network]
    path = f"pools/{pool}/actions/management_reconfigure"
    await add_role(client, {"resource": "network", "action": "read"}, user=ada)
    async with signed_in(service, "ada") as me:
        answer = await post(me, path, {"network": network}, 403)
        assert answer["data"]["missingPrivileges"] == [{"action": "update:management", "resource": "pif"}]
        held = {"resource": "pif", "action": "update:management", "selector": f"id:{together[0]}"}
        await add_role(client, held, user=ada)
        answer = await post(me, path, {"network": network}, 403)
        [missing] = answer["data"]["missingPrivileges"]
        assert (missing["action"], missing["resource"]) == ("update:management", "pif")
        assert set(missing.get("objectIds", [missing.get("objectId")])) == set(together[1:])
