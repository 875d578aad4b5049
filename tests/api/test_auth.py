"""Who makes a request: passwords, tokens, cookies, and everything that is wrong with them. Over a real socket."""

import asyncio
import base64
import re
import time

import httpx
import pytest

from podium.settings import Settings
from tests.served import ADMIN, Service, served

VMS = "/rest/v0/vms"
SESSION = "/rest/v0/auth/session"


async def sign_in(client: httpx.AsyncClient, **body: object) -> httpx.Response:
    return await client.post("/rest/v0/auth/signin", json={"username": ADMIN[0], "password": ADMIN[1], **body})


def basic(text: str | bytes) -> str:
    raw = text.encode() if isinstance(text, str) else text
    return "Basic " + base64.b64encode(raw).decode()


async def test_a_browser_signs_in_and_out(anonymous: httpx.AsyncClient) -> None:
    answer = await sign_in(anonymous)
    assert answer.status_code == 200
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("authenticationToken=ey")
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie
    assert "Secure" not in cookie
    assert "Max-Age" not in cookie
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["user"]["name"] == ADMIN[0]
    session = (await anonymous.get(SESSION)).json()
    assert session["user"]["permission"] == "admin"
    assert abs(session["expires"] / 1000 - time.time() - 10 * 3600) < 60
    assert (await anonymous.get(VMS)).status_code == 200
    token = anonymous.cookies["authenticationToken"]
    gone = await anonymous.post("/rest/v0/auth/signout")
    assert gone.status_code == 204
    assert "authenticationToken" not in anonymous.cookies
    assert (await anonymous.get(SESSION)).status_code == 401
    anonymous.cookies.set("authenticationToken", token)
    assert (await anonymous.get(SESSION)).json()["code"] == "invalid-credentials"


async def test_remembering_keeps_the_cookie(anonymous: httpx.AsyncClient) -> None:
    answer = await sign_in(anonymous, remember=True)
    assert f"Max-Age={30 * 86400}" in answer.headers["set-cookie"]


async def test_the_cookie_is_secure_over_https(sqlite_settings: Settings) -> None:
    settings = sqlite_settings.model_copy(update={"trusted_proxies": ("127.0.0.1",)})
    async with served(settings) as service, service.client(auth=None, **{"x-forwarded-proto": "https"}) as client:
        assert "Secure" in (await sign_in(client)).headers["set-cookie"]


async def test_forwarded_headers_of_strangers_are_not_believed(service: Service) -> None:
    async with service.client(auth=None, **{"x-forwarded-proto": "https"}) as client:
        assert "Secure" not in (await sign_in(client)).headers["set-cookie"]


@pytest.mark.parametrize("name", ["authenticationToken", "token"])
async def test_both_names_of_the_cookie(service: Service, admin: httpx.AsyncClient, name: str) -> None:
    token = (await admin.post("/rest/v0/users/authentication_tokens", json={})).json()["token"]["id"]
    async with service.client(auth=None, cookie=f"{name}={token}") as client:
        assert (await client.get(VMS)).status_code == 200


async def test_bearer(service: Service, admin: httpx.AsyncClient) -> None:
    token = (await admin.post("/rest/v0/users/authentication_tokens", json={})).json()["token"]["id"]
    for scheme in ("Bearer", "bearer", "BEARER "):
        async with service.client(auth=None, authorization=f"{scheme} {token}") as client:
            assert (await client.get(VMS)).status_code == 200


async def test_a_password_may_contain_colons(service: Service, admin: httpx.AsyncClient) -> None:
    for name, password in (("colon", "a:b::c"), ("accent", "pässwörd"), ("empty-ish", " ")):
        assert (await admin.post("/rest/v0/users", json={"name": name, "password": password})).status_code == 201
        async with service.client(auth=None, authorization=basic(f"{name}:{password}")) as client:
            assert (await client.get(VMS)).status_code == 200
    async with service.client(auth=None, authorization=basic("accent:pässwörd".encode("latin-1"))) as client:
        assert (await client.get(VMS)).status_code == 200


async def test_nobody_gets_401_with_a_challenge(anonymous: httpx.AsyncClient) -> None:
    for path in (VMS, "/rest/v0/users/me", "/rest/v0/tasks/x", "/rest/v0/events"):
        answer = await anonymous.get(path)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == 'Basic realm="xo"'
        assert answer.json()["code"] == "unauthorized"


async def test_a_page_is_not_asked_in_a_way_that_opens_a_dialog(service: Service) -> None:
    for headers in ({"sec-fetch-mode": "cors"}, {"x-requested-with": "XMLHttpRequest"}):
        for auth in (None, (next(iter(headers)), "x")):
            async with service.client(auth=auth, **headers) as client:
                answer = await client.get(VMS)
            assert answer.headers["www-authenticate"] == 'Bearer realm="xo"'
            assert answer.status_code == 401
    async with service.client(auth=None, **{"sec-fetch-mode": "navigate"}) as client:
        assert (await client.get(VMS)).headers["www-authenticate"].startswith("Basic")


async def test_a_malformed_header_is_400(service: Service) -> None:
    for header in ("Basic", "Basic !!!", "Basic YQ", basic("no colon"), "Bearer", "Digest abc", "x"):
        async with service.client(auth=None, authorization=header) as client:
            answer = await client.get(VMS)
        assert answer.status_code == 400, header
        assert answer.json()["code"] == "bad-request"


async def test_two_kinds_of_credentials_are_400(service: Service) -> None:
    async with service.client(cookie="authenticationToken=x") as client:
        answer = await client.get(VMS)
    assert answer.status_code == 400
    assert answer.json()["code"] == "ambiguous-credentials"


async def test_wrong_passwords_are_401_then_429(service: Service) -> None:
    async with service.client(auth=(ADMIN[0], "wrong")) as client:
        first = await client.get(VMS)
        second = await client.get(VMS)
    assert (first.status_code, first.json()["code"]) == (401, "invalid-credentials")
    assert (second.status_code, second.json()["code"]) == (429, "too-many-attempts")
    assert second.headers["retry-after"] == "2"
    async with service.client() as client:  # the right one has to wait as well, or guessing would go on
        assert (await client.get(VMS)).status_code == 429


async def test_an_unknown_account_answers_like_a_wrong_password(service: Service) -> None:
    async with service.client(auth=("nobody@example.org", "x")) as client:
        unknown = await client.get(VMS)
    async with service.client(auth=(ADMIN[0], "x")) as client:
        wrong = await client.get(VMS)
    assert unknown.status_code == wrong.status_code == 401
    assert unknown.json() == wrong.json()


async def test_many_requests_at_once_with_one_password(service: Service) -> None:
    async with service.client() as client:
        answers = await asyncio.gather(*(client.get(VMS) for _ in range(40)))
    assert {answer.status_code for answer in answers} == {200}


async def test_nonsense_for_a_token(anonymous: httpx.AsyncClient) -> None:
    for token in ("x", "a.b.c", "%00", "é", "x" * 9000):
        for name, value in (("cookie", f"authenticationToken={token}"), ("authorization", f"Bearer {token}")):
            answer = await anonymous.get(VMS, headers=[(name.encode(), value.encode("latin-1"))])
            assert answer.status_code == 401, (name, token)


OWN = "http://podium.example:8000"

SITES: list[tuple[dict[str, str], bool]] = [
    ({}, True),
    ({"sec-fetch-site": "same-origin"}, True),
    ({"sec-fetch-site": "none"}, True),
    ({"sec-fetch-site": "cross-site"}, False),
    ({"sec-fetch-site": "same-site"}, False),
    ({"sec-fetch-site": "cross-site", "origin": OWN}, False),
    ({"origin": OWN}, True),
    ({"origin": "https://podium.example:8000"}, True),
    ({"origin": "http://podium.example"}, False),
    ({"origin": "http://evil.example"}, False),
    ({"origin": "http://podium.example.evil.example:8000"}, False),
    ({"origin": "null"}, False),
    ({"origin": "http://podium.example:99999"}, False),
    ({"referer": OWN + "/servers"}, True),
    ({"referer": "http://evil.example/" + OWN}, False),
]


async def test_a_cookie_does_not_serve_other_sites(anonymous: httpx.AsyncClient, admin: httpx.AsyncClient) -> None:
    url = "/rest/v0/users/authentication_tokens"
    token = (await admin.post(url, json={})).json()["token"]["id"]
    for site, allowed in SITES:
        headers = {"host": "podium.example:8000", **site}
        cookie = {**headers, "cookie": f"authenticationToken={token}"}
        answer = await anonymous.post(url, json={}, headers=cookie)
        assert answer.status_code == (201 if allowed else 403), site
        if not allowed:
            assert answer.json()["code"] == "cross-site"
        assert (await anonymous.get(VMS, headers=cookie)).status_code == 200
        bearer = {**headers, "authorization": f"Bearer {token}"}
        assert (await anonymous.post(url, json={}, headers=bearer)).status_code == 201
        # typed once into the browser's own dialog, a password comes with every request, like a cookie
        answer = await admin.post(url, json={}, headers=headers)
        assert answer.status_code == (201 if allowed else 403), site


async def test_no_route_lets_another_site_change_anything(service: Service, admin: httpx.AsyncClient) -> None:
    document = (await admin.get("/rest/v0/docs/swagger.json")).json()
    token = (await admin.post("/rest/v0/users/authentication_tokens", json={})).json()["token"]["id"]
    unsafe = [
        (method, "/rest/v0" + re.sub(r"{\w+}", "x", path))
        for path, item in document["paths"].items()
        for method in item
        if method in {"post", "put", "patch", "delete"}
    ]
    assert len(unsafe) > 15
    for sent in ({"cookie": f"authenticationToken={token}"}, {"authorization": basic(":".join(ADMIN))}):
        async with service.client(auth=None, **sent, **{"sec-fetch-site": "cross-site"}) as client:
            for method, url in [*unsafe, ("patch", "/rest/v0/users/me"), ("post", "/rest/v0/users/me/x")]:
                body = {"username": ADMIN[0], "password": ADMIN[1]} if url.endswith("/signin") else {}
                answer = await client.request(method, url, json=body)
                assert (answer.status_code, answer.json()["code"]) == (403, "cross-site"), (method, url)


async def test_no_site_signs_a_visitor_in(service: Service) -> None:
    async with service.client(auth=None, origin="http://evil.example") as client:
        assert (await sign_in(client)).json()["code"] == "cross-site"


async def test_a_stream_ends_with_its_token(service: Service, admin: httpx.AsyncClient) -> None:
    made = (await admin.post("/rest/v0/users/authentication_tokens", json={})).json()["token"]
    me = made["user_id"]
    async with (
        service.client(auth=None, authorization=f"Bearer {made['id']}") as client,
        client.stream("GET", "/rest/v0/events") as stream,
    ):
        lines = stream.aiter_lines()
        assert await anext(lines) == "event: init"
        await admin.delete(f"/rest/v0/users/{me}/authentication_tokens/{made['token_id']}")
        async with asyncio.timeout(5):
            async for _ in lines:
                pass
