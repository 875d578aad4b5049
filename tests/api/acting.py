"""Steps that tests of writes share: lists, objects, and requests with the status that is expected of them."""

from typing import Any

import httpx
import pytest

from xensim.failures import XapiFailure
from xensim.registry import OPERATIONS

API = "/rest/v0"


async def some(client: httpx.AsyncClient, collection: str, found: str = "") -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = (
        await client.get(f"{API}/{collection}", params={"filter": found, "fields": "*"})
    ).json()
    return rows


async def one(client: httpx.AsyncClient, collection: str, object_id: str, status: int = 200) -> dict[str, Any]:
    answer = await client.get(f"{API}/{collection}/{object_id}")
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def post(client: httpx.AsyncClient, path: str, body: Any = None, status: int = 204) -> Any:
    answer = await client.post(f"{API}/{path}", params={"sync": "true"}, json=body)
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


async def patch(client: httpx.AsyncClient, path: str, status: int = 204, **body: Any) -> Any:
    answer = await client.patch(f"{API}/{path}", json=body)
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


def refuse_once(monkeypatch: pytest.MonkeyPatch, method: str, *, after: int = 0) -> None:
    """The simulated pool fails one call of that method: the next, or the one `after` so many that it takes."""
    real, failures = OPERATIONS[method], iter([*[None] * after, XapiFailure("INTERNAL_ERROR", "simulated")])

    def once(*arguments: object) -> object:
        failure = next(failures, None)
        if failure is not None:
            raise failure
        return real(*arguments)

    monkeypatch.setitem(OPERATIONS, method, once)
