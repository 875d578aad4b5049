"""A user without rights, on every route of the document: nothing but himself."""

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from podium.services.catalogue import ACTIONS
from tests.served import Service
from xensim import Sim

MARK = "for other eyes"
FINGERPRINT = ":".join(["AB"] * 32)
BODIES: dict[str, dict[str, Any]] = {
    "AddServer": {"host": "127.0.0.1:9", "username": "u", "password": "p"},
    "TestServer": {"host": "127.0.0.1:9", "username": "u", "password": "p"},
    "UpdateServer": {"label": "x"},
    "AcceptServerCertificate": {"fingerprint": FINGERPRINT},
    "CreateUser": {"name": "another", "password": "p"},
    "UpdateUser": {"permission": "admin"},
    "AddSubscription": {"collection": "VM"},
    "DisableSecondFactor": {"password": "x"},
    "RegenerateRecoveryCodes": {"password": "x"},
    "CreateAclPrivilege": {"roleId": "x", "resource": "vm", "action": "read"},
    "UpdateAclPrivilege": {"action": "*"},
    "UpdateAclRole": {"name": "x"},
    "GrantAclRole": {"userId": "x", "objectId": "x", "level": "admin"},
    "SignIn": {},
}
OPEN = {
    "Ping", "GetGuiRoutes", "GetMcpStatus", "GetHealth", "GetSignInProviders", "StartOidcSignIn", "FinishOidcSignIn",
}  # fmt: skip
"""Needs no sign-in."""
HIS_OWN = {
    "SignIn": 422,
    "SignOut": 204,
    "GetSession": 200,
    "PostDeprecatedAuthenticationTokens": 201,
    "DeleteTasks": 204,
    "Can": 200,
    "OpenSseConnection": None,
    "GetDashboard": 200,
    "GetOpenMetrics": 200,
    "GetMetrics": 200,
    "GetMetricsHosts": 200,
    "GetTop": 200,
    **{f"Get{many}Stats": 200 for many in ("Vms", "VmControllers", "Hosts", "Srs", "Pools")},
}
"""What everybody may do for himself, and its status; the stream has a test of its own."""


def minimal(schema: dict[str, Any], document: dict[str, Any]) -> Any:
    """The least that a JSON schema takes, so that a request gets as far as the question of rights."""
    if "$ref" in schema:
        return minimal(document["components"]["schemas"][schema["$ref"].rpartition("/")[2]], document)
    for one in ("const", "default"):
        if one in schema:
            return schema[one]
    for many in ("examples", "enum"):
        if schema.get(many):
            return schema[many][0]
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return minimal(schema[several][0], document)
    if schema.get("type") == "object":
        members = schema.get("properties", {})
        return {name: minimal(members[name], document) for name in schema.get("required", ())}
    least = {
        "string": "x" * max(1, schema.get("minLength", 1)),
        "integer": max(1, schema.get("minimum", 1)),
        "number": 1,
        "boolean": False,
    }
    if schema.get("type") == "array":
        return [minimal(schema["items"], document)] * schema.get("minItems", 0)
    return least.get(schema.get("type", ""))


def body_of(operation: dict[str, Any], document: dict[str, Any]) -> Any:
    """A body that is well-formed, or None for a stream or none."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return {}
    name = operation["operationId"]
    if name.startswith("Batch"):
        return {"ids": ["x"]}
    return BODIES[name] if name in BODIES else minimal(content["schema"], document)


@pytest.fixture
async def nobody(service: Service, client: httpx.AsyncClient) -> AsyncIterator[httpx.AsyncClient]:
    await client.post("/rest/v0/users", json={"name": "nobody", "password": "no rights"})
    async with service.client(auth=("nobody", "no rights")) as one:
        yield one


def mark(sim: Sim) -> None:
    for kind in ("VM", "host", "network", "SR", "VDI", "pool"):
        for ref in list(sim.db.refs(kind)):
            sim.set(kind, ref, name_label=f"{kind} {MARK}", name_description=MARK)


async def ids(client: httpx.AsyncClient, document: dict[str, Any]) -> dict[str, str]:
    """An id of each collection that is not empty."""
    found = {}
    for path in document["paths"]:
        if path.count("/") == 1 and path not in {"/events", "/ping", "/gui-routes", "/health"}:
            answer = await client.get(f"/rest/v0{path}", params={"limit": 1})
            if answer.status_code == 200 and isinstance(answer.json(), list) and answer.json():
                found[path[1:]] = answer.json()[0].rpartition("/")[2]
    return found


def known_action(words: str) -> bool:
    """Whether the catalogue has what an operation declares."""
    resource, _, action = words.partition(":")
    return action in ACTIONS[resource]


async def test_every_route_shows_nothing(
    sim: Sim, service: Service, client: httpx.AsyncClient, nobody: httpx.AsyncClient, server_id: str
) -> None:
    mark(sim)
    document = (await client.get("/rest/v0/docs/swagger.json")).json()
    me = (await nobody.get("/rest/v0/auth/session")).json()["user"]["id"]
    known = await ids(client, document) | {"users": (await client.get("/rest/v0/auth/session")).json()["user"]["id"]}
    group = await client.post("/rest/v0/groups", json={"name": "others"})
    role = await client.post("/rest/v0/acl-roles", json={"name": "others"})
    known |= {"groups": group.json()["id"], "acl-roles": role.json()["id"]}
    tasks = (await client.get("/rest/v0/tasks")).json()
    assert len(known) > 20
    assert tasks
    seen = []
    for path, item in document["paths"].items():
        collection = path.split("/")[1]
        url = ("" if "servers" in item else "/rest/v0") + path.replace("{id}", known.get(collection, "x"))
        url = re.sub(r"{\w+}", "x", url.replace("vms/x.{format}", "vms/x.xva"))
        url = re.sub(r"\.x$", ".xva" if "/vm" in url else ".raw", url)
        for method in ("get", "post", "put", "patch", "delete"):
            operation = item.get(method, {}).get("operationId")
            if operation is None or operation in OPEN or HIS_OWN.get(operation, 0) is None:
                continue
            params = {"fields": "*"} if method == "get" else {}
            answer = await nobody.request(method, url, params=params, json=body_of(item[method], document))
            seen.append(operation)
            declared = item[method].get("x-privilege")
            assert declared is not None or item[method].get("security") == [], f"{operation} needs an x-privilege"
            if answer.status_code == 403 and answer.json()["code"] == "missing-privileges":
                told = answer.json()["data"]["missingPrivileges"]
                words = {f"{one['resource']}:{one['action']}" for one in told}
                assert words <= set(declared) or any(
                    word.startswith(f"{one}:") for word in words for one in declared
                ), (operation, words, declared)
                assert all(known_action(one) for one in declared), (operation, declared)
            assert MARK not in answer.text, operation
            if operation in HIS_OWN:
                assert answer.status_code == HIS_OWN[operation], (operation, answer.text)
            elif answer.status_code == 200:
                assert method == "get", operation
                assert [row["id"] for row in answer.json()] == ([me] if path == "/users" else []), operation
                assert answer.headers["x-total-count"] == ("1" if path == "/users" else "0"), operation
            else:
                assert answer.status_code in {403, 404}, (operation, answer.status_code, answer.text)
                assert answer.status_code == 403 or collection not in known or path.count("/") > 2, operation
    assert len(seen) > 100
    assert (await client.get("/rest/v0/tasks")).json() == tasks
    assert (await client.get(f"/rest/v0/servers/{server_id}")).json()["status"] == "connected"


async def test_streams_and_forms_of_lists_show_nothing(
    sim: Sim, client: httpx.AsyncClient, nobody: httpx.AsyncClient, server_id: str
) -> None:
    mark(sim)
    for params in ({"filter": "name_label:eyes"}, {"markdown": "true"}, {"ndjson": "true"}, {"sort": "name_label"}):
        answer = await nobody.get("/rest/v0/vms", params={"fields": "*", **params})
        assert (answer.status_code, answer.headers["x-total-count"]) == (200, "0")
        assert MARK not in answer.text
    kinds = ["VM", "host", "server", "task", "user"]
    async with nobody.stream("GET", "/rest/v0/events", params={"collections": ",".join(kinds)}) as stream:
        text, counts = "", []
        async for line in stream.aiter_lines():
            text += line
            if line.startswith("data: ") and '"count"' in line:
                counts.append(line)
                if len(counts) == len(kinds):
                    break
        assert MARK not in text
        assert [one.count('"count":0') for one in counts] == [1, 1, 1, 1, 0]
        connection = re.findall(r'"id":"([^"]+)"', text)[0]
        assert (await client.post(f"/rest/v0/events/{connection}/subscriptions", json={"collection": "VM"})).json()[
            "code"
        ] == "not-found"


async def test_another_may_not_be_touched(client: httpx.AsyncClient, nobody: httpx.AsyncClient) -> None:
    admin = (await client.get("/rest/v0/auth/session")).json()["user"]["id"]
    me = (await nobody.get("/rest/v0/auth/session")).json()["user"]["id"]
    url = "/rest/v0/users"
    for method, path, body in (
        ("GET", f"{url}/{admin}", None),
        ("PATCH", f"{url}/{admin}", {"preferences": {}}),
        ("PATCH", f"{url}/{me}", {"permission": "admin"}),
        ("PATCH", f"{url}/{me}", {"preferences": {}, "permission": "admin"}),
        ("PATCH", f"{url}/me", {"name": "admin"}),
        ("DELETE", f"{url}/{admin}", None),
        ("DELETE", f"{url}/{me}", None),
        ("GET", f"{url}/{admin}/authentication_tokens", None),
        ("POST", f"{url}/{admin}/authentication_tokens", {}),
    ):
        answer = await nobody.request(method, path, json=body, follow_redirects=True)
        assert answer.status_code == 403, (method, path, answer.text)
    session = (await nobody.get("/rest/v0/auth/session")).json()["user"]
    assert (session["permission"], session["name"]) == ("none", "nobody")
