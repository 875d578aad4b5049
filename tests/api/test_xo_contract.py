"""What clients written for Xen Orchestra depend on, found by running or reading them: MCP server, xo-cli, SDKs.

Each test says which client would stumble.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import pytest

from podium.api.openapi import document, operations
from podium.app import create_app
from podium.model.registry import RESOURCES
from tests.conftest import make_settings
from tests.served import ADMIN, Service

API = "/rest/v0"
NOWHERE = {"host": "127.0.0.1:1", "username": "root", "password": "x"}


@asynccontextmanager
async def ndjson(client: httpx.AsyncClient, path: str, **params: str) -> AsyncIterator[AsyncIterator[Any]]:
    """The values of an endless list."""
    async with client.stream("GET", API + path, params={"watch": "true", "ndjson": "true", **params}) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/x-ndjson"

        async def read() -> AsyncIterator[Any]:
            async with asyncio.timeout(10):
                async for line in answer.aiter_lines():
                    if line:
                        yield json.loads(line)

        yield read()


async def add_server(client: httpx.AsyncClient) -> str:
    answer = await client.post(f"{API}/servers", json=NOWHERE)
    server_id: str = answer.json()["id"]
    return server_id


async def fail_to_connect(client: httpx.AsyncClient) -> tuple[str, str]:
    """A server that does not answer, and the id of the task that tried it, ended."""
    server_id = await add_server(client)
    task_id = (await client.post(f"{API}/servers/{server_id}/actions/connect")).json()["taskId"]
    await client.get(f"{API}/tasks/{task_id}?wait=true")
    return server_id, task_id


async def test_a_trailing_slash_is_no_other_address(admin: httpx.AsyncClient) -> None:
    """Express takes it off, and xo-cli keeps what its user typed. curl follows no redirects."""
    listed = await admin.get(f"{API}/users/?fields=name")
    assert (listed.status_code, listed.json()) == (200, (await admin.get(f"{API}/users?fields=name")).json())
    assert (await admin.get(listed.json()[0]["href"] + "/")).json()["name"] == ADMIN[0]
    assert (await admin.post(f"{API}/servers/", json=NOWHERE)).status_code == 201
    assert (await admin.get(f"{API}/")).headers["location"] == f"{API}/docs"


async def test_nothing_has_no_type(admin: httpx.AsyncClient) -> None:
    """The MCP server parses whatever says that it is JSON: an empty 204 was an error to it."""
    server_id, task_id = await fail_to_connect(admin)
    user_id = (await admin.post(f"{API}/users", json={"name": "ada", "password": "x"})).json()["id"]
    for method, path, body in (
        ("PATCH", f"/users/{user_id}", {"permission": "none"}),
        ("PATCH", f"/servers/{server_id}", {"label": "x"}),
        ("POST", f"/servers/{server_id}/actions/disconnect?sync=true", None),
        ("DELETE", f"/users/{user_id}", None),
        ("DELETE", f"/servers/{server_id}", None),
        ("DELETE", f"/tasks/{task_id}", None),
        ("DELETE", "/tasks", None),
    ):
        answer = await admin.request(method, API + path, json=body)
        assert (answer.status_code, answer.content) == (204, b""), path
        assert "content-type" not in answer.headers, path


async def test_the_ids_of_tasks_are_letters_and_digits(admin: httpx.AsyncClient) -> None:
    """xo-powershell takes `[0-9a-z]+` out of an address."""
    server_id = await add_server(admin)
    answer = await admin.post(f"{API}/servers/{server_id}/actions/connect")
    task_id = answer.json()["taskId"]
    assert answer.status_code == 202
    assert answer.json() == {"taskId": task_id}
    assert answer.headers["location"] == f"{API}/tasks/{task_id}"
    found = re.search(r"/rest/v0/tasks/([0-9a-z]+)", answer.headers["location"])
    assert found is not None
    assert found[1] == task_id


@pytest.mark.parametrize("wait", ["true", "True", "", "result"])
async def test_ways_to_wait_for_a_task(admin: httpx.AsyncClient, wait: str) -> None:
    """`wait=result` is xo-powershell's, and xo-cli's help has it beside the bare `wait`."""
    server_id = await add_server(admin)
    task_id = (await admin.post(f"{API}/servers/{server_id}/actions/connect")).json()["taskId"]
    task = await admin.get(f"{API}/tasks/{task_id}", params={"wait": wait, "fields": "id,status"})
    assert (task.status_code, task.json()["status"]) == (200, "failure")
    assert (await admin.get(f"{API}/tasks/{task_id}?wait=perhaps")).status_code == 422


@pytest.mark.parametrize(
    ("content", "content_type"),
    [(b"", "application/octet-stream"), (b"{}", "application/json"), (b"", ""), (b"null", "application/json")],
)
async def test_an_action_takes_the_body_that_it_does_not_need(
    admin: httpx.AsyncClient, content: bytes, content_type: str
) -> None:
    """xo-cli sends its standard input, in chunks; others send an empty object."""

    async def chunks() -> AsyncIterator[bytes]:
        yield content

    server_id = await add_server(admin)
    answer = await admin.post(
        f"{API}/servers/{server_id}/actions/connect", content=chunks(), headers={"content-type": content_type}
    )
    assert answer.status_code == 202, answer.text


async def test_values_may_come_as_text(admin: httpx.AsyncClient) -> None:
    """xo-cli sends each value as text."""
    body = {**NOWHERE, "allowUnauthorized": "true", "readOnly": "false"}
    server_id = (await admin.post(f"{API}/servers", json=body)).json()["id"]
    server = (await admin.get(f"{API}/servers/{server_id}")).json()
    assert (server["allowUnauthorized"], server["readOnly"]) == (True, False)
    answer = await admin.post(f"{API}/users/authentication_tokens", json={"expiresIn": "3600000"})
    assert answer.status_code == 201


async def test_fields_limits_and_flags(admin: httpx.AsyncClient) -> None:
    me = (await admin.get(f"{API}/users")).json()[0]
    for query, expected in (
        ("fields=", [{"href": me}]),
        ("fields=nonsense", [{"href": me}]),
        ("limit=0", []),
        ("limit=1.0", [me]),  # the limit is a double in Xen Orchestra's document, and Python clients believe it
        ("ndjson=False", [me]),  # Python's requests
        ("filter=name%3A%22admin%40example.org%22", [me]),
        ("filter=name:admin+permission:admin", [me]),
        ("filter=", [me]),
    ):
        answer = await admin.get(f"{API}/users?{query}")
        assert (answer.status_code, answer.json()) == (200, expected), query


async def test_watched_tasks(admin: httpx.AsyncClient) -> None:
    """Pairs from the first line on, and without `fields` of addresses."""
    async with ndjson(admin, "/tasks") as bare, ndjson(admin, "/tasks", fields="id,status") as picked:
        _, task_id = await fail_to_connect(admin)
        href = f"{API}/tasks/{task_id}"
        assert await anext(bare) == ["update", href]
        assert await anext(picked) == ["update", {"href": href, "id": task_id, "status": "pending"}]
        assert await anext(bare) == ["update", href]
        assert await anext(picked) == ["update", {"href": href, "id": task_id, "status": "failure"}]
        await admin.delete(href)
        assert await anext(bare) == ["remove", href]
        kind, last = await anext(picked)
        assert (kind, last["id"]) == ("remove", task_id)
    async with ndjson(admin, "/users") as users, ndjson(admin, "/users", fields="") as empty:
        me = await anext(users)
        assert me == (await admin.get(f"{API}/users")).json()[0]
        assert await anext(empty) == {"href": me}


async def test_subscriptions(admin: httpx.AsyncClient) -> None:
    """XO 6 unsubscribes when a page closes, whether or not another page did so before."""
    async with admin.stream("GET", f"{API}/events") as stream:
        assert stream.headers["cache-control"] == "no-cache, no-transform"
        lines = stream.aiter_lines()
        assert await anext(lines) == "event: init"
        await anext(lines)
        url = f"{API}/events/{json.loads((await anext(lines)).removeprefix('data: '))['id']}/subscriptions"
        for body, status in (
            ({"collection": "task"}, 201),
            ({"collection": "task", "fields": "*"}, 201),
            ({"collection": "task", "fields": ["id", "nonsense"]}, 201),
            ({"collection": "task", "fields": "id"}, 422),
            ({"collection": "nonsense"}, 422),
            ({}, 422),
        ):
            answer = await admin.post(url, json=body)
            assert answer.status_code == status, body
            assert status != 201 or answer.json() == {"id": "task"}
        for _ in range(2):
            assert (await admin.delete(f"{url}/task")).status_code == 204
        assert (await admin.delete(f"{API}/events/nonsense/subscriptions/task")).status_code == 404


async def test_a_users_groups_are_a_list(admin: httpx.AsyncClient) -> None:
    me = (await admin.get(f"{API}/users")).json()[0]
    for query, body in (("", "[]"), ("fields=*", "[]"), ("ndjson=true", ""), ("markdown=true", "No results.")):
        answer = await admin.get(f"{me}/groups?{query}")
        assert (answer.status_code, answer.text) == (200, body)
    assert (await admin.get(f"{me}/groups?filter=(")).status_code == 400
    assert (await admin.get(f"{API}/users/nobody/groups")).status_code == 404


async def test_credentials(service: Service, admin: httpx.AsyncClient) -> None:
    token = (await admin.post(f"{API}/users/authentication_tokens", json={})).json()["token"]["id"]
    async with service.client(auth=None) as client:
        for headers, status in (
            ({"cookie": f"authenticationToken={token}"}, 200),
            ({"cookie": f"token={token}"}, 200),
            ({"cookie": f"authenticationToken=; token={token}"}, 200),
            ({"cookie": f"authenticationToken={token}", "authorization": ""}, 200),
            ({"authorization": "basic YWRtaW5AZXhhbXBsZS5vcmc6Y29ycmVjdCBob3JzZQ=="}, 200),
            ({"cookie": f"token={token}", "authorization": "Basic YTpi"}, 400),
            ({"authorization": "Basic"}, 400),
            ({"authorization": ""}, 401),
            ({"cookie": "authenticationToken=nonsense"}, 401),
            ({"authorization": "Basic YTpi"}, 401),
            ({}, 401),
        ):
            answer = await client.get(f"{API}/pools", headers=headers)
            assert answer.status_code == status, headers
            if status == 401:
                assert answer.headers["www-authenticate"] == 'Basic realm="xo"'
            if status != 200:
                assert isinstance(answer.json()["error"], str)


async def test_no_other_sites_page_may_read(admin: httpx.AsyncClient) -> None:
    for method in ("GET", "OPTIONS"):
        answer = await admin.request(method, f"{API}/pools", headers={"origin": "https://elsewhere.example"})
        assert not [name for name in answer.headers if name.startswith("access-control-")]


# --- the document --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return document(create_app(make_settings(Path(tmp_path_factory.mktemp("openapi")))))


def test_operations_have_xen_orchestras_tags_parameters_and_exposure(whole: dict[str, Any]) -> None:
    expected = {
        ("/ping", "get"): ("Ping", ["xoa"], "allow"),
        ("/gui-routes", "get"): ("GetGuiRoutes", ["xoa"], "allow"),
        ("/mcp/status", "get"): ("GetMcpStatus", ["mcp"], "deny"),
        ("/vm-snapshots/{id}", "get"): ("GetVmSnapshot", ["vms"], "allow"),
        ("/vm-templates/{id}/vdis", "get"): ("GetVmTemplateVdis", ["vdis", "vms"], "allow"),
        ("/vdi-snapshots/{id}/alarms", "get"): ("GetVdiSnapshotAlarms", ["alarms", "vdis"], "allow"),
        ("/users/{id}/groups", "get"): ("GetUserGroups", ["groups", "users"], "allow"),
        ("/users", "post"): ("CreateUser", ["users"], "confirm"),
        ("/users/{id}", "patch"): ("UpdateUser", ["users"], "confirm"),
        ("/users/{id}", "delete"): ("DeleteUser", ["users"], "confirm"),
        ("/users/{id}/authentication_tokens", "get"): ("GetAuthenticationTokens", ["users"], "allow"),
        ("/users/{id}/authentication_tokens", "post"): ("PostAuthenticationTokens", ["users"], "confirm"),
        ("/servers", "post"): ("AddServer", ["servers"], "confirm"),
        ("/servers/{id}", "delete"): ("DeleteServer", ["servers"], "confirm"),
        ("/servers/{id}/actions/connect", "post"): ("ConnectServer", ["servers"], "confirm"),
        ("/tasks", "delete"): ("DeleteTasks", ["tasks"], "confirm"),
        ("/tasks/{id}", "delete"): ("DeleteTask", ["tasks"], "confirm"),
        ("/tasks/{id}/actions/abort", "post"): ("AbortTask", ["tasks"], "confirm"),
        # a stream is nothing that a tool can wait for the end of
        ("/events", "get"): ("OpenSseConnection", ["events"], "deny"),
        ("/events/{id}/subscriptions", "post"): ("AddSubscription", ["events"], "deny"),
        ("/events/{id}/subscriptions/{subscriptionId}", "delete"): ("RemoveSubscription", ["events"], "deny"),
    }
    found = {(path, method): one for path, method, one in operations(whole)}
    assert {
        key: (found[key]["operationId"], found[key]["tags"], found[key]["x-mcp-exposure"]) for key in expected
    } == expected
    names = {one["name"] for one in found["/users/{id}/groups", "get"]["parameters"]}
    assert {"id", "fields", "filter", "limit", "ndjson", "markdown"} <= names


def test_the_mcp_server_is_offered_only_what_is_under_its_prefix(whole: dict[str, Any]) -> None:
    """It puts /rest/v0 before every path."""
    for path, _, operation in operations(whole):
        if "servers" in whole["paths"][path]:
            assert operation["x-mcp-exposure"] == "deny", path


def test_every_list_shows_a_row(whole: dict[str, Any]) -> None:
    """The MCP server asks for the fields of the first row among the examples; without one it gets bare addresses."""
    schemas = whole["components"]["schemas"]
    for resource in RESOURCES:
        content = whole["paths"][f"/{resource.collection}"]["get"]["responses"]["200"]["content"]["application/json"]
        examples = [one["value"][0] for one in content["examples"].values()]
        [row] = [one for one in examples if isinstance(one, dict)]
        address, row = row["href"], {name: value for name, value in row.items() if name != "href"}
        assert [one for one in examples if isinstance(one, str)] == [address]
        assert address == f"{API}/{resource.collection}/{row['id']}"
        struct = {**schemas[resource.struct.__name__], "required": [], "additionalProperties": False}
        jsonschema_rs.validate({**struct, "components": whole["components"]}, row)


def test_schemas_are_such_as_generators_take(whole: dict[str, Any]) -> None:
    """openapi-python-client refuses a document with `items: false`, and all that refers to a schema within itself;
    of each enum it makes a class, and `VGPU.type` then clashes with `VGPUType`."""

    def nodes(value: object) -> list[dict[str, Any]]:
        if isinstance(value, list):
            return [one for part in value for one in nodes(part)]
        if not isinstance(value, dict):
            return []
        return [value, *(one for part in value.values() for one in nodes(part))]

    for node in nodes(whole["components"]["schemas"]):
        assert node.get("items") is not False
        assert len(node["enum"]) > 1 if isinstance(node.get("enum"), list) else True
    assert "$ref" not in json.dumps(whole["components"]["schemas"]["Json"])
    lists = whole["paths"]["/vms"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]["anyOf"]
    # a generated client takes the first form that fits: any list is a list of strings to it
    assert [one["items"].get("type") for one in lists] == [None, None, "string"]
