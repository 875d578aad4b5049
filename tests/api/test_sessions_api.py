"""Where one is signed in: listed, ended by oneself and by administrators. Passwords: chosen and changed."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from podium.services.sign_ins import browser_of
from podium.settings import Settings
from tests.api.people import SESSION, USERS, VMS, add_user, browser, sign_in
from tests.served import ADMIN, Service, served

PASSWORD = "a long password"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
EDGE = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0"


@pytest.fixture
async def service(settings: Settings) -> AsyncIterator[Service]:
    async with served(settings) as one:
        yield one


@pytest.fixture
async def ada(admin: httpx.AsyncClient) -> str:
    return await add_user(admin, "ada", PASSWORD)


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (FIREFOX, "Firefox on Linux"),
        (EDGE, "Edge on Windows"),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605 Version/18.0 Safari/605.1.15",
            "Safari on macOS",
        ),
        ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) CriOS/140.0 Mobile Safari/604.1", "Chrome on iOS"),
        ("curl/8.9.1", "curl"),
        ("", "unknown"),
    ],
)
def test_browsers_in_words(agent: str, words: str) -> None:
    assert browser_of(agent) == words


async def test_ones_browsers_are_listed_and_ended(service: Service, ada: str) -> None:
    url = f"{USERS}/{ada}/sessions"
    async with browser(service, "ada", PASSWORD, FIREFOX) as one, browser(service, "ada", PASSWORD, EDGE) as two:
        await one.post(f"{USERS}/authentication_tokens", json={"description": "for curl"})
        listed = (await one.get(url)).json()
        assert {row["browser"]: row["current"] for row in listed} == {
            "Firefox on Linux": True,
            "Edge on Windows": False,
        }
        [other] = [row for row in listed if not row["current"]]
        assert other["agent"] == EDGE[:200]
        assert other["address"] == "127.0.0.1"
        assert other["since"] <= other["lastUse"] < other["expires"]
        assert "eyJ" not in (await one.get(url)).text
        assert (await one.delete(f"{url}/{other['id']}")).status_code == 204
        assert (await two.get(SESSION)).status_code == 401
        assert (await one.delete(f"{url}/{other['id']}")).status_code == 404
        async with browser(service, "ada", PASSWORD) as three, browser(service, "ada", PASSWORD) as four:
            assert (await one.delete(url)).status_code == 204
            assert [(await client.get(SESSION)).status_code for client in (one, three, four)] == [200, 401, 401]
        tokens = (await one.get(f"{USERS}/{ada}/authentication_tokens")).json()
        assert sorted(token["kind"] for token in tokens) == ["api", "session"]
        [script] = [token for token in tokens if token["kind"] == "api"]
        assert (await one.delete(f"{url}/{script['token_id']}")).status_code == 404  # it is no browser


async def test_a_stream_ends_with_its_browser(service: Service, ada: str, admin: httpx.AsyncClient) -> None:
    async with browser(service, "ada", PASSWORD) as client, client.stream("GET", "/rest/v0/events") as stream:
        lines = stream.aiter_lines()
        assert await anext(lines) == "event: init"
        assert (await admin.delete(f"{USERS}/{ada}/sessions")).status_code == 204
        async with asyncio.timeout(5):
            async for _ in lines:
                pass


async def test_administrators_end_anybodys_and_others_nobodys(
    service: Service, admin: httpx.AsyncClient, ada: str
) -> None:
    eve = await add_user(admin, "eve", PASSWORD)
    async with browser(service, "ada", PASSWORD, FIREFOX) as one, browser(service, "eve", PASSWORD) as other:
        assert (await other.get(f"{USERS}/{ada}/sessions")).status_code == 403
        assert (await other.delete(f"{USERS}/{ada}/sessions")).json()["code"] == "missing-privileges"
        [row] = (await admin.get(f"{USERS}/{ada}/sessions")).json()
        assert (await other.delete(f"{USERS}/{ada}/sessions/{row['id']}")).json()["code"] == "missing-privileges"
        assert (await other.delete(f"{USERS}/{eve}/sessions/{row['id']}")).status_code == 404
        assert (await one.get(SESSION)).status_code == 200
        assert (await admin.get(f"{USERS}/nobody/sessions")).status_code == 404
        assert (await admin.delete(f"{USERS}/{ada}/sessions/{row['id']}")).status_code == 204
        assert (await one.get(SESSION)).status_code == 401
        assert (await other.get(SESSION)).status_code == 200


async def test_ones_own_password_takes_the_old_one(service: Service, admin: httpx.AsyncClient, ada: str) -> None:
    async with browser(service, "ada", PASSWORD) as one, browser(service, "ada", PASSWORD) as two:
        alone = await one.patch(f"{USERS}/{ada}", json={"password": "another one"})
        assert (alone.status_code, alone.json()["code"]) == (403, "missing-privileges")
        wrong = await one.patch(f"{USERS}/{ada}", json={"password": "another one", "oldPassword": "guess"})
        assert (wrong.status_code, wrong.json()["code"]) == (403, "wrong-password")
        soon = await one.patch(f"{USERS}/{ada}", json={"password": "another one", "oldPassword": PASSWORD})
        assert soon.status_code == 429  # a stolen session is no way to guess the password
        await asyncio.sleep(2.05)
        right = await one.patch(f"{USERS}/{ada}", json={"password": "another one", "oldPassword": PASSWORD})
        assert right.status_code == 204
        assert [(await client.get(SESSION)).status_code for client in (one, two)] == [200, 401]
        # what he may not do without the old password, he may not do with it either
        much = {"permission": "admin", "password": "x", "oldPassword": "another one"}
        assert (await one.patch(f"{USERS}/{ada}", json=much)).json()["code"] == "missing-privileges"
    async with browser(service, *ADMIN) as root:
        me = (await root.get(SESSION)).json()["user"]["id"]
        alone = await root.patch(f"{USERS}/{me}", json={"password": "stolen"})
        assert (alone.status_code, alone.json()["code"]) == (422, "invalid-parameters")
        assert (await root.patch(f"{USERS}/{ada}", json={"password": "given"})).status_code == 204
    assert (await admin.get(VMS)).status_code == 200


async def test_passwords_that_may_not_be_chosen(settings: Settings) -> None:
    strict = settings.model_copy(update={"password_min_length": 8, "password_refuse_common": True})
    async with served(strict) as service, service.client() as admin:
        for name, password, words in [
            ("ada", "short", "8 characters"),
            ("ada", "Password123!", "first that anybody tries"),
            ("ada", "12345678", "first that anybody tries"),
            ("ada", "aaaabbbbaaaa", "first that anybody tries"),
            ("ada.lovelace@example.org", "ada.lovelace@example.org", "name"),
            ("ada.lovelace@example.org", "Ada.Lovelace1815", "name"),
        ]:
            answer = await admin.post(USERS, json={"name": name, "password": password})
            assert answer.status_code == 422, password
            assert words in answer.json()["detail"]
            assert password not in answer.text.replace(name, "")
        ada = await add_user(admin, "ada", "engine of analysis")
        assert (await admin.patch(f"{USERS}/{ada}", json={"password": "qwertyuiop"})).status_code == 422
        async with service.client(auth=None) as client:
            assert (await sign_in(client, "ada", "engine of analysis")).status_code == 200


async def test_a_neighbour_cannot_lock_out(service: Service, admin: httpx.AsyncClient, ada: str) -> None:
    """From one address: somebody fails again and again, for this account and others; its owner was here before."""
    async with browser(service, "ada", PASSWORD):
        pass
    throttle = service.app.state.auth._throttle
    for number in range(30):
        throttle.failed(f"user{number}", "127.0.0.1")
        throttle.failed("ada", "127.0.0.1")
    async with service.client(auth=("ada", PASSWORD)) as client:
        wait = int((await client.get(SESSION)).headers["retry-after"])
        assert wait <= 5
        await asyncio.sleep(wait)
        assert (await client.get(SESSION)).status_code == 200


async def test_a_restart_does_not_make_strangers(settings: Settings) -> None:
    async with served(settings) as service, browser(service, *ADMIN):
        pass
    async with served(settings) as service:
        throttle = service.app.state.auth._throttle
        for number in range(30):
            throttle.failed(ADMIN[0], f"10.0.0.{number}")
        assert throttle.hold_s(ADMIN[0], "127.0.0.1") == 0
        assert throttle.hold_s(ADMIN[0], "192.0.2.9") > 1
