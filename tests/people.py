"""Steps that tests of rights share: users, roles and privileges over HTTP."""

from typing import Any

import httpx

from tests.served import Service

API = "/rest/v0"
PASSWORD = "long enough to be accepted"


async def made(client: httpx.AsyncClient, path: str, body: dict[str, Any]) -> str:
    answer = await client.post(f"{API}/{path}", json=body)
    assert answer.status_code == 201, answer.text
    found: str = answer.json()["id"]
    return found


async def add_user(admin: httpx.AsyncClient, name: str, **body: Any) -> str:
    return await made(admin, "users", {"name": name, "password": PASSWORD, **body})


async def add_role(admin: httpx.AsyncClient, *privileges: dict[str, Any], user: str = "", group: str = "") -> str:
    """A role with these privileges, given to somebody: its id."""
    role = await made(admin, "acl-roles", {"name": "a role"})
    for one in privileges:
        await made(admin, "acl-privileges", {"roleId": role, **one})
    if user:
        await put(admin, f"acl-roles/{role}/users/{user}")
    if group:
        await put(admin, f"acl-roles/{role}/groups/{group}")
    return role


async def put(admin: httpx.AsyncClient, path: str, status: int = 204) -> None:
    answer = await admin.put(f"{API}/{path}")
    assert answer.status_code == status, answer.text


async def drop(admin: httpx.AsyncClient, path: str, status: int = 204) -> None:
    answer = await admin.delete(f"{API}/{path}")
    assert answer.status_code == status, answer.text


def signed_in(service: Service, name: str) -> httpx.AsyncClient:
    return service.client(auth=(name, PASSWORD))


async def ids(client: httpx.AsyncClient, collection: str, **params: str) -> set[str]:
    answer = await client.get(f"{API}/{collection}", params={"fields": "id", **params})
    assert answer.status_code == 200, answer.text
    return {row["id"] for row in answer.json()}
