"""The second factor, over HTTP and on both databases: set up, asked for, used up, lost, required."""

import asyncio
import time
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pyotp
import pytest
from sqlalchemy import select

from podium.db.base import open_database
from podium.db.second_factor import RecoveryCodeRow, SecondFactorRow
from podium.settings import Settings
from tests.accounts import accounts
from tests.api.people import SESSION, USERS, VMS, Phone, add_user, browser, enrol, sign_in
from tests.served import ADMIN, Service, served

PASSWORD = "a long password"


@pytest.fixture
async def service(settings: Settings) -> AsyncIterator[Service]:
    async with served(settings) as one:
        yield one


@pytest.fixture
async def ada(admin: httpx.AsyncClient) -> str:
    return await add_user(admin, "ada", PASSWORD)


async def test_a_second_factor_from_the_first_to_the_last(
    service: Service, anonymous: httpx.AsyncClient, ada: str
) -> None:
    url = f"{USERS}/{ada}/totp"
    async with browser(service, "ada", PASSWORD) as client:
        assert (await client.get(url)).json() == {"enabled": False, "required": False, "recoveryCodesLeft": 0}
        assert (await client.post(f"{url}/actions/confirm", json={"code": "123456"})).status_code == 409
        wrong = await client.post(f"{url}/actions/enrol", json={"password": "not it"})
        assert (wrong.status_code, wrong.json()["code"]) == (403, "wrong-password")
        await asyncio.sleep(2.05)
        made = await client.post(f"{url}/actions/enrol", json={"password": PASSWORD})
        assert made.headers["cache-control"] == "no-store"
        uri = urlsplit(made.json()["uri"])
        assert (uri.scheme, uri.netloc, uri.path) == ("otpauth", "totp", "/Podium:ada")
        assert parse_qs(uri.query) == {"secret": [made.json()["secret"]], "issuer": ["Podium"]}
        # it does not count yet
        assert (await client.get(url)).json()["enabled"] is False
        assert (await sign_in(anonymous, "ada", PASSWORD)).status_code == 200
        anonymous.cookies.clear()
        phone = Phone(made.json()["secret"])
        no = await client.post(f"{url}/actions/confirm", json={"code": "000000"})
        assert (no.status_code, no.json()["code"]) == (401, "otp-invalid")
        codes = (await client.post(f"{url}/actions/confirm", json={"code": phone.code()})).json()["recoveryCodes"]
        assert len(set(codes)) == 10
        assert (await client.post(f"{url}/actions/enrol", json={"password": PASSWORD})).status_code == 409
        status = (await client.get(url)).json()
        assert (status["enabled"], status["recoveryCodesLeft"]) == (True, 10)
        assert abs(status["since"] / 1000 - time.time()) < 60
        assert made.json()["secret"] not in (await client.get(f"{USERS}/{ada}")).text
        # two steps at the door
        first = await sign_in(anonymous, "ada", PASSWORD)
        assert (first.status_code, first.json()["code"]) == (401, "otp-required")
        assert "set-cookie" not in first.headers
        code = phone.code()
        assert (await sign_in(anonymous, "ada", PASSWORD, otp=code)).status_code == 200
        anonymous.cookies.clear()
        replayed = await sign_in(anonymous, "ada", PASSWORD, otp=code)
        assert (replayed.status_code, replayed.json()["code"]) == (401, "otp-invalid")
        # a recovery code, as written or as typed, once
        assert (await sign_in(anonymous, "ada", PASSWORD, otp=codes[0].replace("-", "").upper())).status_code == 200
        anonymous.cookies.clear()
        assert (await sign_in(anonymous, "ada", PASSWORD, otp=codes[0])).json()["code"] == "otp-invalid"
        assert (await client.get(url)).json()["recoveryCodesLeft"] == 9
        # new ones
        fresh = await client.post(f"{url}/actions/regenerate", json={"password": PASSWORD})
        assert len(fresh.json()["recoveryCodes"]) == 10
        assert not set(fresh.json()["recoveryCodes"]) & set(codes)
        anonymous.cookies.clear()
        # no password, no code: it stays
        assert (await client.post(f"{url}/actions/disable", json={})).status_code == 422
        assert (await client.post(f"{url}/actions/disable", json={"password": "no"})).json()["code"] == "wrong-password"
        await asyncio.sleep(2.05)
        assert (
            await client.post(f"{url}/actions/disable", json={"code": fresh.json()["recoveryCodes"][0]})
        ).status_code == 204
        assert (await sign_in(anonymous, "ada", PASSWORD)).status_code == 200


async def test_basic_takes_the_code_in_the_query(service: Service, ada: str) -> None:
    async with service.client(auth=("ada", PASSWORD)) as client:
        assert (await client.get(SESSION)).status_code == 200
        phone, codes = await enrol(client, ada, PASSWORD)
        # what was proven by the password alone is forgotten
        answer = await client.get(SESSION)
        assert (answer.status_code, answer.json()["code"]) == (401, "otp-required")
        code = phone.code()
        assert (await client.get(SESSION, params={"otp": code})).status_code == 200
        assert (await client.get(SESSION, params={"otp": code})).json()["code"] == "otp-invalid"
        made = await client.post(f"{USERS}/authentication_tokens", params={"otp": codes[0]}, json={})
        assert made.status_code == 201
    async with service.client(auth=None, authorization=f"Bearer {made.json()['token']['id']}") as client:
        assert (await client.get(SESSION)).status_code == 200  # a token needs none


async def test_an_administrator_resets_what_another_lost(
    service: Service, admin: httpx.AsyncClient, anonymous: httpx.AsyncClient, ada: str
) -> None:
    async with browser(service, "ada", PASSWORD) as client:
        await enrol(client, ada, PASSWORD)
        me = (await admin.get(SESSION)).json()["user"]["id"]
        no = await client.delete(f"{USERS}/{me}/totp")
        assert (no.status_code, no.json()["code"]) == (403, "missing-privileges")
        assert (await client.delete(f"{USERS}/{ada}/totp")).status_code == 403
    assert (await admin.get(f"{USERS}/{ada}/totp")).json()["enabled"] is True
    assert (await admin.post(f"{USERS}/{ada}/totp/actions/disable", json={"password": ADMIN[1]})).status_code == 403
    assert (await admin.post(f"{USERS}/{ada}/totp/actions/enrol", json={"password": ADMIN[1]})).status_code == 403
    assert (await admin.delete(f"{USERS}/{me}/totp")).json()["code"] == "forbidden"
    assert (await admin.delete(f"{USERS}/nobody/totp")).status_code == 404
    assert (await admin.delete(f"{USERS}/{ada}/totp")).status_code == 204
    assert (await sign_in(anonymous, "ada", PASSWORD)).status_code == 200


async def test_what_is_stored_says_nothing(service: Service, settings: Settings, ada: str) -> None:
    async with service.client(auth=("ada", PASSWORD)) as client:
        phone, codes = await enrol(client, ada, PASSWORD)
    database = open_database(settings.database)
    async with database.read() as tx:
        [row] = (await tx.scalars(select(SecondFactorRow))).all()
        digests = [one.digest for one in await tx.scalars(select(RecoveryCodeRow))]
    await database.close()
    assert phone.totp.secret.encode() not in row.secret
    assert phone.totp.byte_secret() not in row.secret
    assert len(digests) == 10
    assert all(code.replace("-", "").encode() not in digest for code in codes for digest in digests)


async def test_of_two_at_once_with_one_code_one_gets_in(service: Service, ada: str) -> None:
    async with service.client(auth=("ada", PASSWORD)) as client:
        phone, _ = await enrol(client, ada, PASSWORD)
        code = phone.code()
        answers = await asyncio.gather(*(client.get(SESSION, params={"otp": code}) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers).count(200) == 1


async def test_guessing_codes_is_slowed_down_for_whoever_knows_the_password(service: Service, ada: str) -> None:
    async with service.client(auth=("ada", PASSWORD)) as client:
        await enrol(client, ada, PASSWORD)
        seen = [(await client.get(SESSION, params={"otp": f"{n:06}"})).status_code for n in range(5)]
    assert seen[:3] == [401, 401, 401]
    assert 429 in seen


async def test_the_clock_may_be_one_step_off(settings: Settings) -> None:
    async with accounts(settings) as world:
        user_id = await world.users.create("ada", PASSWORD)
        totp = pyotp.TOTP((await world.factors.enrol(user_id)).secret)
        step = int(world.clock()) // 30
        await world.factors.confirm(user_id, totp.generate_otp(step - 1))
        assert not await world.factors.check(user_id, totp.generate_otp(step - 2))
        assert not await world.factors.check(user_id, totp.generate_otp(step + 2))
        assert await world.factors.check(
            user_id, f" {totp.generate_otp(step + 1)[:3]} {totp.generate_otp(step + 1)[3:]}"
        )
        assert not await world.factors.check(user_id, totp.generate_otp(step))  # older than one that was taken
        world.clock.now += 60
        assert await world.factors.check(user_id, totp.generate_otp(step + 2))
        assert not await world.factors.check(user_id, "١٢٣٤٥٦")
        assert not await world.factors.check(user_id, "\ud800")


@pytest.mark.parametrize("who", ["admins", "everybody"])
async def test_a_second_factor_may_be_required(settings: Settings, who: str) -> None:
    async with served(settings.model_copy(update={"require_totp": who})) as service:
        async with service.client() as admin:
            answer = await admin.get(VMS)
            assert (answer.status_code, answer.json()["code"]) == (403, "second-factor-required")
            assert (await admin.get("/rest/v0/events")).json()["code"] == "second-factor-required"
        async with browser(service, *ADMIN) as admin:
            session = (await admin.get(SESSION)).json()
            assert session["mustEnrol"] is True
            me = session["user"]["id"]
            assert (await admin.post(f"{USERS}/authentication_tokens", json={})).status_code == 403
            assert (await admin.patch(f"{USERS}/{me}", json={"preferences": {}})).status_code == 403
            phone, _ = await enrol(admin, me, ADMIN[1])
            assert (await admin.get(SESSION)).json()["mustEnrol"] is False
            assert (await admin.get(VMS)).status_code == 200
            no = await admin.post(f"{USERS}/{me}/totp/actions/disable", json={"code": phone.code()})
            assert (no.status_code, no.json()["code"]) == (403, "second-factor-required")
            await add_user(admin, "bob", PASSWORD)
        async with browser(service, "bob", PASSWORD) as bob:
            assert (await bob.get(VMS)).status_code == (200 if who == "admins" else 403)
            if who == "everybody":
                assert (await bob.post("/rest/v0/auth/signout")).status_code == 204
