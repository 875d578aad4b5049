"""Groups, roles and privileges over HTTP, on both databases: Xen Orchestra's contract, what is ours, and restarts."""

from collections.abc import AsyncIterator

import httpx
import pytest

from podium.settings import Settings
from tests.people import API, PASSWORD, add_role, add_user, drop, ids, made, put, signed_in
from tests.served import Service, served

TEMPLATES = [
    "Administrator",
    "Network administrator",
    "Read only",
    "Storage administrator",
    "VMs administrator",
    "VMs creator",
    "VMs power state manager",
    "VMs read only",
]


@pytest.fixture
async def service(settings: Settings) -> AsyncIterator[Service]:
    async with served(settings) as one:
        yield one


async def rows(client: httpx.AsyncClient, path: str, **params: str) -> list[dict[str, object]]:
    answer = await client.get(f"{API}/{path}", params={"fields": "*", **params})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, object]] = answer.json()
    return found


async def read(client: httpx.AsyncClient, path: str) -> dict[str, object]:
    answer = await client.get(f"{API}/{path}")
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json()
    return found


async def test_templates_are_built_in(admin: httpx.AsyncClient) -> None:
    found = await rows(admin, "acl-roles", sort="name")
    assert [one["name"] for one in found] == TEMPLATES
    assert all(one["isTemplate"] for one in found)
    [reads] = [one for one in found if one["name"] == "Read only"]
    privileges = await rows(admin, f"acl-roles/{reads['id']}/privileges")
    assert len(privileges) >= 37
    assert {one["action"] for one in privileges} == {"read"}
    user = await add_user(admin, "ada")
    for method, path, body in (
        ("PATCH", f"acl-roles/{reads['id']}", {"name": "x"}),
        ("DELETE", f"acl-roles/{reads['id']}", None),
        ("PUT", f"acl-roles/{reads['id']}/users/{user}", None),
        ("PATCH", f"acl-privileges/{privileges[0]['id']}", {"action": "*"}),
        ("DELETE", f"acl-privileges/{privileges[0]['id']}", None),
        ("POST", "acl-privileges", {"roleId": reads["id"], "resource": "vm", "action": "*"}),
    ):
        answer = await admin.request(method, f"{API}/{path}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), (method, path, answer.text)


async def test_a_copy_of_a_template_is_ones_own(service: Service, admin: httpx.AsyncClient) -> None:
    [template] = await rows(admin, "acl-roles", filter='name:="Read only"')
    answer = await admin.post(f"{API}/acl-roles/{template['id']}/actions/copy?sync=true", json={"name": "Auditors"})
    assert answer.status_code == 201, answer.text
    copy = await read(admin, f"acl-roles/{answer.json()['id']}")
    assert (copy["name"], copy["isTemplate"], copy["roleTemplateId"]) == ("Auditors", False, template["id"])
    assert len(copy["privilegeIds"]) == len(template["privilegeIds"])  # type: ignore[arg-type]
    later = await admin.post(f"{API}/acl-roles/{template['id']}/actions/copy")
    assert later.status_code == 202
    assert "taskId" in later.json()
    user = await add_user(admin, "ada")
    async with signed_in(service, "ada") as ada:
        assert await ids(ada, "users") == {user}
        await put(admin, f"acl-roles/{copy['id']}/users/{user}")
        assert len(await ids(ada, "users")) == 2
        assert (await ada.post(f"{API}/users", json={"name": "x", "password": PASSWORD})).status_code == 403


async def test_life_of_a_role(service: Service, admin: httpx.AsyncClient) -> None:
    user = await add_user(admin, "ada")
    group = await made(admin, "groups", {"name": "Team"})
    role = await made(admin, "acl-roles", {"name": "r", "description": "d"})
    body = {"roleId": role, "resource": "group", "action": "update", "selector": "name:team", "effect": "allow"}
    privilege = await made(admin, "acl-privileges", body)
    assert await read(admin, f"acl-privileges/{privilege}") == {"id": privilege, "reach": "self", **body}
    assert await read(admin, f"acl-roles/{role}") == {
        "id": role,
        "name": "r",
        "description": "d",
        "isTemplate": False,
        "userIds": [],
        "groupIds": [],
        "privilegeIds": [privilege],
    }
    async with signed_in(service, "ada") as ada:
        await put(admin, f"acl-roles/{role}/groups/{group}")
        await put(admin, f"acl-roles/{role}/groups/{group}", 409)
        renamed = {"name": "Team 2"}
        assert (await ada.patch(f"{API}/groups/{group}", json=renamed)).status_code == 403
        await put(admin, f"groups/{group}/users/{user}")
        await put(admin, f"groups/{group}/users/{user}")
        assert (await read(admin, f"users/{user}"))["groups"] == [group]
        assert (await read(admin, f"groups/{group}"))["users"] == [user]
        assert (await read(admin, f"groups/{group}"))["aclRoleIds"] == [role]
        assert (await ada.patch(f"{API}/groups/{group}", json=renamed)).status_code == 204
        for path, kind in (
            (f"users/{user}/groups", group),
            (f"users/{user}/acl-privileges", privilege),
            (f"users/{user}/acl-roles", role),
        ):
            assert await ids(admin, path) == {kind}
            assert await ids(ada, path) == {kind}
        for path, kind in (
            (f"groups/{group}/users", user),
            (f"groups/{group}/acl-roles", role),
            (f"acl-roles/{role}/groups", group),
            (f"acl-roles/{role}/privileges", privilege),
        ):
            assert await ids(admin, path) == {kind}
        assert await ids(ada, f"groups/{group}/users") == {user}
        assert await ids(ada, f"groups/{group}/acl-roles") == set()
        patch = {"selector": "name:other", "action": "update:name"}
        assert (await admin.patch(f"{API}/acl-privileges/{privilege}", json=patch)).status_code == 204
        assert (await ada.patch(f"{API}/groups/{group}", json=renamed)).status_code == 403
        assert (await admin.patch(f"{API}/acl-privileges/{privilege}", json={"selector": None})).status_code == 204
        assert "selector" not in await read(admin, f"acl-privileges/{privilege}")
        assert (await ada.patch(f"{API}/groups/{group}", json={"name": "Team 3"})).status_code == 204
        await drop(admin, f"groups/{group}/users/{user}")
        assert (await ada.patch(f"{API}/groups/{group}", json=renamed)).status_code == 403
        await put(admin, f"acl-roles/{role}/users/{user}")
        await put(admin, f"acl-roles/{role}/users/{user}", 409)
        assert await ids(admin, f"acl-roles/{role}/users") == {user}
        assert (await ada.patch(f"{API}/groups/{group}", json=renamed)).status_code == 204
        await drop(admin, f"acl-roles/{role}/users/{user}")
        await drop(admin, f"acl-roles/{role}/users/{user}", 404)
        assert (await admin.patch(f"{API}/acl-roles/{role}", json={"name": "s"})).status_code == 204
        assert (await read(admin, f"acl-roles/{role}"))["name"] == "s"
        await drop(admin, f"acl-roles/{role}")
        assert (await admin.get(f"{API}/acl-privileges/{privilege}")).status_code == 404
        assert (await read(admin, f"groups/{group}"))["aclRoleIds"] == []
        await drop(admin, f"groups/{group}")
        await drop(admin, f"groups/{group}", 404)


async def test_it_survives_a_restart(settings: Settings) -> None:
    async with served(settings) as service, service.client() as admin:
        user = await add_user(admin, "ada")
        group = await made(admin, "groups", {"name": "Team"})
        role = await add_role(
            admin, {"resource": "user", "action": "read", "reach": "self"}, {"resource": "pool", "action": "read",
            "reach": "inside", "effect": "deny", "selector": "tags:=x"}, user=user, group=group,
        )  # fmt: skip
        await put(admin, f"groups/{group}/users/{user}")
        before = [await rows(admin, kind) for kind in ("acl-roles", "acl-privileges", "groups", "users")]
        gone = await add_user(admin, "eve")
        await put(admin, f"groups/{group}/users/{gone}")
        await put(admin, f"acl-roles/{role}/users/{gone}")
        await drop(admin, f"users/{gone}")
        assert [await rows(admin, kind) for kind in ("acl-roles", "acl-privileges", "groups", "users")] == before
    async with served(settings) as service, service.client() as admin:
        after = [await rows(admin, kind) for kind in ("acl-roles", "acl-privileges", "groups", "users")]
        assert after == before
        async with signed_in(service, "ada") as ada:
            assert len(await ids(ada, "users")) == 2


async def test_what_is_refused(admin: httpx.AsyncClient) -> None:
    role = await made(admin, "acl-roles", {"name": "r"})
    await made(admin, "groups", {"name": "Team"})
    answer = await admin.post(f"{API}/groups", json={"name": "TEAM"})
    assert (answer.status_code, answer.json()["code"]) == (409, "name-taken")
    good = {"roleId": role, "resource": "vm", "action": "read"}
    for change in (
        {"resource": "cat"},
        {"action": "meow"},
        {"action": "update:tags:deep"},
        {"action": "rolling-reboot"},
        {"effect": "maybe"},
        {"reach": "everywhere"},
        {"resource": "vdi", "reach": "inside"},
        {"selector": "("},
        {"selector": "a b c d e f"},
        {"selector": "/a/ /b/ /c/ /d/ /e/ /f/"},
        {"selector": "x" * 1001},
        {"selector": "a\0"},
        {"roleId": ""},
        {"unknown": 1},
    ):
        answer = await admin.post(f"{API}/acl-privileges", json={**good, **change})
        assert answer.status_code == 422, (change, answer.text)
    assert (await admin.post(f"{API}/acl-privileges", json={**good, "roleId": "x"})).status_code == 404
    for path in ("acl-roles/x/users/y", "acl-roles/x/groups/y", "groups/x/users/y", f"acl-roles/{role}/users/y"):
        await put(admin, path, 404)
        await drop(admin, path, 404)
    assert await ids(admin, f"acl-roles/{role}/privileges") == set()


async def test_roles_take_effect_at_once_and_deny_wins(service: Service, admin: httpx.AsyncClient) -> None:
    ada, eve = await add_user(admin, "ada"), await add_user(admin, "eve")
    role = await add_role(admin, {"resource": "user", "action": "*"}, user=ada)
    async with signed_in(service, "ada") as client:
        assert {ada, eve} < await ids(client, "users")
        assert (await client.patch(f"{API}/users/{eve}", json={"preferences": {"a": 1}})).status_code == 204
        deny = {"roleId": role, "resource": "user", "action": "update", "effect": "deny", "selector": f"id:={eve}"}
        denial = await made(admin, "acl-privileges", deny)
        answer = await client.patch(f"{API}/users/{eve}", json={"preferences": {}})
        assert answer.status_code == 403
        assert answer.json()["data"]["missingPrivileges"] == [
            {"action": "update:preferences", "resource": "user", "objectId": eve}
        ]
        hide = {"roleId": role, "resource": "user", "action": "read", "effect": "deny", "selector": f"id:{eve}"}
        await made(admin, "acl-privileges", hide)
        assert eve not in await ids(client, "users")
        assert (await client.get(f"{API}/users/{eve}")).status_code == 403
        await drop(admin, f"acl-privileges/{denial}")
        assert (await client.patch(f"{API}/users/{eve}", json={"preferences": {}})).status_code == 204
        await drop(admin, f"acl-roles/{role}")
        assert await ids(client, "users") == {ada}


async def test_operations_are_named_as_xen_orchestra_names_them(admin: httpx.AsyncClient) -> None:
    document = (await admin.get(f"{API}/docs/swagger.json")).json()
    paths = document["paths"]
    for path, method, name in (
        ("/groups", "get", "GetGroups"),
        ("/groups/{id}", "get", "GetGroup"),
        ("/groups/{id}/tasks", "get", "GetGroupTasks"),
        ("/groups/{id}/users", "get", "GetGroupUsers"),
        ("/groups/{id}/users/{userId}", "put", "AddUserToGroup"),
        ("/acl-roles/{id}/actions/copy", "post", "CopyAclRole"),
        ("/acl-roles/{id}/privileges", "get", "GetAclRolePrivileges"),
        ("/acl-privileges", "get", "GetAclPrivileges"),
        ("/users/{id}/acl-privileges", "get", "GetUserAclPrivileges"),
    ):
        assert paths[path][method]["operationId"] == name
