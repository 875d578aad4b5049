"""Every write of the OpenAPI document leaves a record, done or refused, and no secret is ever in it."""

import json
import re
from typing import Any

import httpx
from sqlalchemy import select

from podium.api.auditing import CHANGE_NOTHING, EXPORTS
from podium.db.audit import AuditIntentRow, AuditRow
from podium.db.base import Database, open_database
from podium.settings import Settings
from tests.audit.conftest import records
from tests.journeys.test_no_rights import BODIES, body_of, ids
from tests.served import Service
from xensim import Sim

API = "/rest/v0"
WRITES = ("post", "put", "patch", "delete")
OPEN = {"SignIn"}
"""Nobody is signed in yet: it leaves another record (test_records.py)."""
MARKER = "hunter2-Marker"
SECRET_NAMES = re.compile("password|secret|token|otp$|key$|passphrase|credential|cookie|authorization", re.IGNORECASE)


async def _document(client: httpx.AsyncClient) -> dict[str, Any]:
    found: dict[str, Any] = (await client.get(f"{API}/docs/swagger.json")).json()
    return found


async def _url(path: str, item: dict[str, Any], known: dict[str, str]) -> str:
    url = ("" if "servers" in item else API) + path.replace("{id}", known.get(path.split("/")[1], "x"))
    url = re.sub(r"{\w+}", "x", url.replace("vms/x.{format}", "vms/x.xva"))
    return re.sub(r"\.x$", ".xva" if "/vm" in url else ".raw", url)


async def test_every_write_leaves_a_record(
    sim: Sim, service: Service, client: httpx.AsyncClient, server_id: str, settings: Settings
) -> None:
    """By one without rights, so that each is refused and the next finds the same world."""
    await client.post(f"{API}/users", json={"name": "nobody", "password": "no rights at all"})
    document = await _document(client)
    known = await ids(client, document)
    asked = []
    async with service.client(auth=("nobody", "no rights at all")) as nobody:
        user_id = (await nobody.get(f"{API}/auth/session")).json()["user"]["id"]
        for path, item in document["paths"].items():
            for method in WRITES:
                operation = item.get(method, {}).get("operationId")
                if operation is None or operation in OPEN or item[method].get("security") == []:
                    continue
                url = await _url(path, item, known)
                answer = await nobody.request(method, url, json=body_of(item[method], document))
                if answer.status_code != 401:
                    asked.append((operation, answer.status_code))
    assert len(asked) > 100
    found = await records(client, f"subject:userId:={user_id}")
    told = {(one["data"].get("operationId"), one["data"].get("status")) for one in found}
    for operation, status in asked:
        assert ((operation, status) in told) is (operation not in CHANGE_NOTHING), (operation, status)
    database = open_database(settings.database)
    async with database.read() as tx:
        assert list(await tx.scalars(select(AuditIntentRow.id))) == []
    await database.close()


async def test_the_names_of_operations_are_those_of_the_document(client: httpx.AsyncClient) -> None:
    document = await _document(client)
    known = {
        operation["operationId"]
        for item in document["paths"].values()
        for operation in item.values()
        if "operationId" in operation
    }
    assert {*CHANGE_NOTHING, *EXPORTS} - {"Can"} <= known


def planted(schema: dict[str, Any], document: dict[str, Any], name: str = "", depth: int = 0) -> Any:
    """A body with every member that the schema has, and a marker in each that holds a secret."""
    if "$ref" in schema:
        return planted(document["components"]["schemas"][schema["$ref"].rpartition("/")[2]], document, name, depth)
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return planted(schema[several][0], document, name, depth)
    if SECRET_NAMES.search(name) and schema.get("type") == "string":
        return MARKER
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    if schema.get("type") == "object" and depth < 6:
        return {key: planted(one, document, key, depth + 1) for key, one in schema.get("properties", {}).items()}
    if schema.get("type") == "array":
        return [planted(schema.get("items", {}), document, name, depth + 1)]
    return {"integer": 1, "number": 1, "boolean": True}.get(schema.get("type", ""), "x")


async def test_no_secret_is_ever_in_it(
    client: httpx.AsyncClient, service: Service, server_id: str, settings: Settings
) -> None:
    document = await _document(client)
    sent = 0
    for path, item in document["paths"].items():
        for method in WRITES:
            operation = item.get(method, {})
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if content is None:
                continue
            body = planted(content["schema"], document)
            sent += MARKER in json.dumps(body)
            await client.request(method, await _url(path, item, {}), json=body, params={"otp": MARKER, "token": MARKER})
    assert sent > 4
    secrets = [
        ("post", "servers", {**BODIES["AddServer"], "password": MARKER, "httpProxy": f"http://u:{MARKER}@p:3128"}),
        (
            "post",
            "srs",
            {"hostId": "x", "device_config": {"chappassword": MARKER, "sharedsecret": MARKER, "cifspassword": MARKER}},
        ),
        ("post", "users", {"name": "x", "password": {"nested": [MARKER]}, "unknownPassword": MARKER}),
        (
            "post",
            "pools/x/actions/create_vm",
            {"cloud_config": f"#cloud-config\npassword: {MARKER}", "networkConfig": MARKER},
        ),
        ("patch", "vms/x", {"xenStoreData": {"vm-data/admin": MARKER}}),
        ("post", "auth/signin", {"username": "admin@example.org", "password": MARKER}),
        ("post", "auth/signin", {"username": "stranger", "password": MARKER, "otp": MARKER}),
    ]
    for method, path, body in secrets:
        answer = await client.request(method, f"{API}/{path}", json=body)
        assert answer.status_code >= 400 or path == "servers", (path, answer.text)
    token = (await client.post(f"{API}/users/me/authentication_tokens", json={}, follow_redirects=True)).json()[
        "token"
    ]["id"]
    async with service.client(auth=None, authorization=f"Bearer {token}") as bearer:
        assert (await bearer.delete(f"{API}/users/x/authentication_tokens/{token[:200]}")).status_code >= 400
        await bearer.patch(f"{API}/vms/x", json={"notes": f"my token is {token}"})
        await bearer.delete(f"{API}/vms/x", params={"q": token})
    cloud = (await records(client, "data:params:cloud_config:hmac"))[0]["data"]["params"]
    assert cloud["cloud_config"].startswith("hmac-sha256:")
    database = open_database(settings.database)
    text = b"\n".join(await _bodies(database))
    await database.close()
    assert text.count(b"(hidden)") > 10
    for secret in (MARKER, token, token.split(".")[2]):
        assert secret.encode() not in text, text[max(0, text.index(secret.encode()) - 500) :][:600]


async def _bodies(database: Database) -> list[bytes]:
    async with database.read() as tx:
        return [*await tx.scalars(select(AuditRow.body)), *await tx.scalars(select(AuditIntentRow.body))]
