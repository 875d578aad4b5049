"""Users and tokens over HTTP: Xen Orchestra's contract, and what is refused."""

import httpx
import pytest

from tests.served import ADMIN, Service, ascii_json

USERS = "/rest/v0/users"


async def add(admin: httpx.AsyncClient, name: str = "ada@example.org", **body: object) -> str:
    answer = await admin.post(USERS, json={"name": name, "password": "secret", **body})
    assert answer.status_code == 201, answer.text
    user_id: str = answer.json()["id"]
    return user_id


async def me(client: httpx.AsyncClient) -> str:
    answer = await client.get(f"{USERS}/me")
    assert answer.status_code == 307
    return answer.headers["location"].rpartition("/")[2]


async def test_life_of_a_user(service: Service, admin: httpx.AsyncClient) -> None:
    answer = await admin.post(USERS, json={"name": "ada@example.org", "password": "secret"})
    user_id = answer.json()["id"]
    assert answer.headers["location"] == f"{USERS}/{user_id}"
    assert (await admin.get(f"{USERS}/{user_id}")).json() == {
        "id": user_id,
        "name": "ada@example.org",
        "email": "ada@example.org",
        "permission": "none",
        "groups": [],
        "preferences": {},
        "pw_hash": "***obfuscated***",
    }
    patch = {"name": "ada", "permission": "admin", "preferences": {"theme": "dark"}, "password": "new"}
    assert (await admin.patch(f"{USERS}/{user_id}", json=patch)).status_code == 204
    async with service.client(auth=("ada", "new")) as ada:
        assert (await ada.get(f"{USERS}?fields=name")).json() == [
            {"href": f"{USERS}/{one['id']}", "name": one["name"]}
            for one in (await admin.get(f"{USERS}?fields=*")).json()
        ]
    assert (await admin.delete(f"{USERS}/{user_id}")).status_code == 204
    assert (await admin.get(f"{USERS}/{user_id}")).status_code == 404
    assert (await admin.delete(f"{USERS}/{user_id}")).status_code == 404
    assert (await admin.patch(f"{USERS}/{user_id}", json={})).status_code == 404


async def test_conflicts(admin: httpx.AsyncClient) -> None:
    await add(admin)
    answer = await admin.post(USERS, json={"name": "ADA@example.org", "password": "x"})
    assert (answer.status_code, answer.json()["code"]) == (409, "name-taken")
    own = await me(admin)
    answer = await admin.delete(f"{USERS}/{own}")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    answer = await admin.patch(f"{USERS}/{own}", json={"permission": "none"})
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_a_user_without_rights_sees_himself_only(service: Service, admin: httpx.AsyncClient) -> None:
    user_id = await add(admin)
    own = await me(admin)
    async with service.client(auth=("ada@example.org", "secret")) as ada:
        assert await me(ada) == user_id
        assert (await ada.get(USERS)).json() == [f"{USERS}/{user_id}"]
        assert (await ada.get(f"{USERS}/{user_id}")).status_code == 200
        for path in ("vms", "servers", "tasks", "pools"):
            assert (await ada.get(f"/rest/v0/{path}")).json() == []
        assert (await ada.patch(f"{USERS}/{user_id}", json={"preferences": {"a": 1}})).status_code == 204
        for method, path, body in (
            ("GET", f"{USERS}/{own}", None),
            ("POST", USERS, {"name": "eve", "password": "x"}),
            ("PATCH", f"{USERS}/{user_id}", {"permission": "admin"}),
            ("PATCH", f"{USERS}/{user_id}", {"password": "x"}),
            ("DELETE", f"{USERS}/{user_id}", None),
            ("DELETE", f"{USERS}/{own}", None),
            ("GET", f"{USERS}/{own}/authentication_tokens", None),
            ("POST", f"{USERS}/{own}/authentication_tokens", {}),
            ("DELETE", f"{USERS}/{own}/authentication_tokens/x", None),
            ("POST", "/rest/v0/servers", {"host": "h", "username": "u", "password": "p"}),
            ("POST", "/rest/v0/servers/test", {"host": "h", "username": "u", "password": "p"}),
        ):
            answer = await ada.request(method, path, json=body)
            assert answer.status_code == 403, (method, path, answer.text)
        missing = (await ada.post(USERS, json={"name": "eve", "password": "x"})).json()["data"]["missingPrivileges"]
        assert missing == [{"action": "create", "resource": "user"}]


async def test_me_keeps_path_query_method_and_body(admin: httpx.AsyncClient) -> None:
    own = await me(admin)
    answer = await admin.get(f"{USERS}/me/authentication_tokens?limit=1&filter=a%20b")
    assert answer.headers["location"] == f"{USERS}/{own}/authentication_tokens?limit=1&filter=a%20b"
    answer = await admin.post(f"{USERS}/me/authentication_tokens", json={"description": "x"}, follow_redirects=True)
    assert answer.status_code == 201
    answer = await admin.patch(f"{USERS}/me", json={"preferences": {"a": [True, None]}}, follow_redirects=True)
    assert answer.status_code == 204
    assert (await admin.get(f"{USERS}/me", follow_redirects=True)).json()["preferences"] == {"a": [True, None]}
    assert (await admin.get(f"{USERS}/me/groups", follow_redirects=True)).json() == []
    assert (await admin.get(f"{USERS}/me/tasks", follow_redirects=True)).json() == []


async def test_tokens(service: Service, admin: httpx.AsyncClient) -> None:
    own = await me(admin)
    body = {"client": {"id": "terraform"}, "description": "for CI", "expiresIn": "1 hour"}
    made = (await admin.post(f"{USERS}/{own}/authentication_tokens", json=body)).json()["token"]
    assert made["user_id"] == own
    assert made["expiration"] - made["created_at"] == pytest.approx(3_600_000, abs=5000)
    assert made["client"] == {"id": "terraform"}
    again = (await admin.post(f"{USERS}/{own}/authentication_tokens", json=body)).json()["token"]
    assert again["token_id"] == made["token_id"]
    async with service.client(auth=None, authorization=f"Bearer {made['id']}") as client:
        [listed] = (await client.get(f"{USERS}/{own}/authentication_tokens")).json()
    assert listed["id"] == listed["token_id"] == made["token_id"]
    assert listed["current"] is True
    await admin.post(f"{USERS}/authentication_tokens", json={"description": "second", "expiresIn": 60_000})
    url = f"{USERS}/{own}/authentication_tokens"
    assert [one["description"] for one in (await admin.get(url)).json()] == ["second", "for CI"]
    assert len((await admin.get(f"{url}?limit=1")).json()) == 1
    assert [one["description"] for one in (await admin.get(f"{url}?filter=description:CI")).json()] == ["for CI"]
    assert (await admin.get(f"{url}?filter=(")).status_code == 400
    assert (await admin.delete(f"{url}/{made['token_id']}")).status_code == 204
    assert (await admin.delete(f"{url}/{made['token_id']}")).status_code == 404
    async with service.client(auth=None, authorization=f"Bearer {made['id']}") as client:
        assert (await client.get("/rest/v0/vms")).status_code == 401


REFUSED_TOKENS: list[dict[str, object]] = [
    {"expiresIn": "1 s"},
    {"expiresIn": 59_999},
    {"expiresIn": "1 year"},
    {"expiresIn": "x" * 50},
    {"expiresIn": ""},
    {"expiresIn": True},
    {"expiresIn": 1e300},
    {"expiresIn": []},
    {"unknown": 1},
    {"client": {"id": ""}},
    {"client": {"id": "a\0b"}},
    {"description": "x" * 1001},
    {"description": "\ud800"},
]


async def test_tokens_that_are_refused(admin: httpx.AsyncClient) -> None:
    for body in REFUSED_TOKENS:
        answer = await admin.post(f"{USERS}/authentication_tokens", **ascii_json(body))
        assert answer.status_code == 422, (body, answer.text)


HOSTILE_NAMES: list[object] = ["", "\0", "a\0b", "a\nb", "\x7f", "\ud800", "x" * 256, 1, [], {}, True]


async def test_hostile_names(admin: httpx.AsyncClient) -> None:
    user_id = await add(admin)
    for value in [*HOSTILE_NAMES, None, "\ufdfa" * 255]:
        answer = await admin.post(USERS, **ascii_json({"name": value, "password": "x"}))
        assert answer.status_code == 422, (value, answer.text)
    for value in HOSTILE_NAMES:
        answer = await admin.patch(f"{USERS}/{user_id}", **ascii_json({"name": value}))
        assert answer.status_code == 422, (value, answer.text)
        answer = await admin.post("/rest/v0/auth/signin", **ascii_json({"username": value, "password": "x"}))
        assert answer.status_code == 422, (value, answer.text)
    for password in ("", "\0", "\ud800", "x" * 1025, None, 1):
        answer = await admin.post(USERS, **ascii_json({"name": "eve", "password": password}))
        assert answer.status_code == 422, (password, answer.text)


def deep(levels: int) -> object:
    value: object = 1
    for _ in range(levels):
        value = [value]
    return value


async def test_hostile_preferences(admin: httpx.AsyncClient) -> None:
    own = await me(admin)
    hostile: list[object] = [
        {"a": "\0"},
        {"\0": 1},
        {"a": ["\ud800"]},
        {"a": deep(17)},
        {"a": deep(900)},
        {"a": 2**64},
        {"a": float("nan")},
        {"a": float("inf")},
        {"a": list(range(10_000))},
        {str(n): n for n in range(1001)},
        [],
        "x",
    ]
    for value in hostile:
        answer = await admin.patch(f"{USERS}/{own}", **ascii_json({"preferences": value}))
        assert answer.status_code == 422, (str(value)[:50], answer.text)


async def test_hostile_ids(admin: httpx.AsyncClient) -> None:
    own = await me(admin)
    for user_id in ("%00", "x%00", "%ed%a0%80", "x" * 300, "%F0%9F%92%A9", "me%20"):
        for method, suffix in (("GET", ""), ("DELETE", ""), ("GET", "/authentication_tokens"), ("GET", "/groups")):
            answer = await admin.request(method, f"{USERS}/{user_id}{suffix}")
            assert answer.status_code in {404, 422}, (method, suffix, answer.text)
        answer = await admin.delete(f"{USERS}/{own}/authentication_tokens/{user_id}")
        assert answer.status_code in {404, 422}, answer.text


async def test_an_administrator_revokes_a_token_of_another(service: Service, admin: httpx.AsyncClient) -> None:
    user_id = await add(admin)
    async with service.client(auth=("ada@example.org", "secret")) as ada:
        token = (await ada.post(f"{USERS}/{user_id}/authentication_tokens", json={})).json()["token"]
        assert (await admin.get(f"{USERS}/{user_id}/authentication_tokens")).status_code == 403
    url = f"{USERS}/{user_id}/authentication_tokens/{token['token_id']}"
    assert (await admin.delete(url)).status_code == 204


async def test_ready_accounts_survive_a_name_change(service: Service, admin: httpx.AsyncClient) -> None:
    own = await me(admin)
    assert (await admin.patch(f"{USERS}/{own}", json={"name": "root@example.org"})).status_code == 204
    async with service.client(auth=("root@example.org", ADMIN[1])) as client:
        assert (await client.get(USERS)).status_code == 200
