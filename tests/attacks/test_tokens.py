"""Attacks on tokens: forged, altered, expired, replayed, sent by another site. None gets through."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from jose import jwt

from podium.db.base import open_database
from podium.db.token import TokenRow
from podium.services.secrets import derive_key
from podium.settings import Settings
from tests.accounts import accounts
from tests.api.people import SESSION, USERS, VMS, add_user, browser
from tests.conftest import SECRET
from tests.served import ADMIN, Service, served

KEY = derive_key(SECRET, "podium token v1")


@pytest.fixture
async def service(settings: Settings) -> AsyncIterator[Service]:
    async with served(settings) as one:
        yield one


@pytest.fixture
async def admin(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    async with service.client() as one:
        yield one


@pytest.fixture
async def good(admin: httpx.AsyncClient) -> str:
    token: str = (await admin.post(f"{USERS}/authentication_tokens", json={})).json()["token"]["id"]
    return token


def part(value: object) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed(head: dict[str, Any], claims: dict[str, Any], key: bytes, digest: str = "sha256") -> str:
    """A JWS made by hand: libraries refuse to make the odd ones."""
    text = f"{part(head)}.{part(claims)}"
    return f"{text}.{part(hmac.digest(key, text.encode(), digest))}"


async def status(service: Service, token: str) -> set[int]:
    """As a cookie, under both names, and behind Bearer."""
    found = set()
    for headers in (
        {"authorization": f"Bearer {token}"},
        {"cookie": f"authenticationToken={token}"},
        {"cookie": f"token={token}"},
    ):
        async with service.client(auth=None, **headers) as client:
            found.add((await client.get(SESSION)).status_code)
    return found


async def test_what_we_made_is_taken(service: Service, good: str) -> None:
    assert await status(service, good) == {200}
    head = jwt.get_unverified_header(good)
    assert head == {"alg": "HS256", "typ": "JWT", "kid": "0"}
    # so is one without a name, from before, and signed by hand: the forgeries below differ from it in one thing
    claims = jwt.get_unverified_claims(good)
    assert await status(service, signed({"alg": "HS256", "typ": "JWT"}, claims, KEY)) == {200}


async def test_other_algorithms(service: Service, good: str) -> None:
    claims = jwt.get_unverified_claims(good)
    text = good.rpartition(".")[0]
    forgeries = [f"{part({'alg': name, 'kid': '0'})}.{part(claims)}." for name in ("none", "None", "NONE", "nOnE", "")]
    forgeries += [f"{part({'alg': 'HS256', 'kid': '0'})}.{part(claims)}.", text, f"{text}.", f"{text}.AAAA"]
    forgeries += [
        signed({"alg": "HS512", "kid": "0"}, claims, KEY, "sha512"),
        signed({"alg": "HS384", "kid": "0"}, claims, KEY, "sha384"),
        signed({"alg": "hs256", "kid": "0"}, claims, KEY),
        signed({"alg": ["HS256"], "kid": "0"}, claims, KEY),
        signed({"alg": None, "kid": "0"}, claims, KEY),
        signed({"kid": "0"}, claims, KEY),
    ]
    private = rsa.generate_private_key(65537, 2048)
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    forgeries.append(jwt.encode(claims, pem, algorithm="RS256", headers={"kid": "0"}))
    for forgery in forgeries:
        assert await status(service, forgery) == {401}, forgery


async def test_heads_that_bring_their_own_key(service: Service, good: str) -> None:
    claims, mine = jwt.get_unverified_claims(good), b"a key of the attacker's own......"
    jwk = {"kty": "oct", "k": part(mine)}
    for head in (
        {"jwk": jwk},
        {"jku": f"{service.url}/keys", "kid": "x"},
        {"x5u": f"{service.url}/cert"},
        {"x5c": ["AAAA"]},
        {"crit": ["exp"], "exp": 1},
        {"kid": "", "jwk": jwk},
    ):
        assert await status(service, signed({"alg": "HS256", **head}, claims, mine)) == {401}, head


@pytest.mark.parametrize(
    "kid",
    [
        "1", "", "../../../../dev/null", "/dev/null", "0' OR '1'='1", "0\0", " 0", "0 ", "０", "x" * 37, "\ud800",
        0, 0.0, None, True, False, ["0"], {"0": "0"}, -1, 10**400,
    ],
)  # fmt: skip
async def test_names_of_keys(sqlite_settings: Settings, kid: object) -> None:
    """Signed with nothing, with the name itself, and with the derived key under another name."""
    async with served(sqlite_settings) as service, service.client() as admin:
        good = (await admin.post(f"{USERS}/authentication_tokens", json={})).json()["token"]["id"]
        claims = jwt.get_unverified_claims(good)
        keys = [b"", str(kid).encode(errors="surrogatepass"), KEY, SECRET.encode(), b"0"]
        for key in keys:
            assert await status(service, signed({"alg": "HS256", "kid": kid}, claims, key)) == {401}, key


async def test_claims_that_were_altered(service: Service, admin: httpx.AsyncClient, good: str) -> None:
    claims = jwt.get_unverified_claims(good)
    other = await add_user(admin, "other", "a long password")
    now = int(time.time())
    head = {"alg": "HS256", "typ": "JWT", "kid": "0"}
    # without the key: the signature of the good one under other claims
    unsigned: list[dict[str, Any]] = [{"exp": now + 10**9}, {"sub": other}, {"jti": "x"}]
    for change in unsigned:
        body = part({**claims, **change})
        assert await status(service, f"{good.split('.', maxsplit=1)[0]}.{body}.{good.rpartition('.')[2]}") == {401}
    # with the key, were it to leak: what the database does not know is refused all the same
    resigned: list[dict[str, Any]] = [
        {"sub": other}, {"jti": "x"}, {"iss": "x"}, {"exp": now - 1}, {"exp": str(now + 99)}, {"exp": None},
        {"exp": float("inf")}, {"exp": 1e400}, {"jti": None}, {"sub": None}, {"sub": ["x"]}, {"nbf": now + 9999},
        {"iat": "x"}, {"exp": True},
    ]  # fmt: skip
    for change in resigned:
        assert await status(service, signed(head, {**claims, **change}, KEY)) == {401}, change
    for name in ("exp", "sub", "jti", "iss"):
        left = {key: value for key, value in claims.items() if key != name}
        assert await status(service, signed(head, left, KEY)) == {401}, name


async def test_expired_and_revoked_tokens_are_not_replayed(
    service: Service, settings: Settings, admin: httpx.AsyncClient
) -> None:
    made = (await admin.post(f"{USERS}/authentication_tokens", json={})).json()["token"]
    assert await status(service, made["id"]) == {200}
    url = f"{USERS}/{made['user_id']}/authentication_tokens/{made['token_id']}"
    assert (await admin.delete(url)).status_code == 204
    assert await status(service, made["id"]) == {401}
    short = (await admin.post(f"{USERS}/authentication_tokens", json={"expiresIn": "60s"})).json()["token"]
    database = open_database(settings.database)
    async with database.begin() as tx:  # its time is up in the database, whatever the JWT says
        row = await tx.get_one(TokenRow, short["token_id"])
        row.expires = row.created
    await database.close()
    assert await status(service, short["id"]) == {401}


async def test_a_signed_out_cookie_is_not_replayed(service: Service) -> None:
    async with browser(service, *ADMIN) as client:
        token = client.cookies["authenticationToken"]
        await client.post("/rest/v0/auth/signout")
    assert await status(service, token) == {401}


async def test_tokens_of_a_deleted_user(service: Service, admin: httpx.AsyncClient) -> None:
    user_id = await add_user(admin, "ada", "a long password", permission="admin")
    async with browser(service, "ada", "a long password") as client:
        token = client.cookies["authenticationToken"]
        assert (await admin.delete(f"{USERS}/{user_id}")).status_code == 204
    assert await status(service, token) == {401}


async def test_a_token_of_another_installation(tmp_path: Any, service: Service, good: str) -> None:
    claims = jwt.get_unverified_claims(good)
    other = derive_key("another secret entirely", "podium token v1")
    assert await status(service, signed({"alg": "HS256", "kid": "0"}, claims, other)) == {401}


async def test_keys_that_were_retired(settings: Settings) -> None:
    async with accounts(settings) as world:
        ada = await world.users.create("ada", "x", "admin")
        old = await world.tokens.create(ada, expires_in="10 minutes")
        kid = await world.tokens.rotate_keys()
        new = await world.tokens.create(ada, expires_in="1 hour")
        assert jwt.get_unverified_header(new.id)["kid"] == kid
        await world.tokens.verify(old.id)  # until the last that was made with it ends
        await world.tokens.verify(new.id)
        row_key, _ = world.tokens.keys._known["0"]
        world.clock.now += 601
        claims = {**jwt.get_unverified_claims(new.id)}
        forged = signed({"alg": "HS256", "kid": "0"}, claims, row_key)
        with pytest.raises(Exception, match="not any more"):
            await world.tokens.verify(forged)  # whoever has the old key makes nothing with it
        await world.tokens.keys.tend(world.clock(), rotation_s=0)
        assert set(world.tokens.keys.kids()) == {kid}
        with pytest.raises(Exception, match="not any more"):
            await world.tokens.verify(forged)
        await world.tokens.verify(new.id)


async def test_another_process_rotates(settings: Settings) -> None:
    async with accounts(settings) as one, accounts(settings) as two:
        ada = await one.users.create("ada", "x", "admin")
        first = await one.tokens.create(ada)
        await two.tokens.verify(first.id)
        await one.tokens.rotate_keys()
        two.clock.now += 6  # keys that are not known are looked for now and then
        second = await one.tokens.create(ada)
        await two.tokens.verify(second.id)
        third = await two.tokens.create(ada)
        assert jwt.get_unverified_header(third.id)["kid"] == jwt.get_unverified_header(second.id)["kid"]
        kid = await one.tokens.rotate_keys(at_once=True)
        for token in (first, second, third):
            with pytest.raises(Exception, match="not valid"):
                await one.tokens.verify(token.id)
        two.clock.now += 6
        await two.tokens.sweep()
        for token in (first, second, third):
            with pytest.raises(Exception, match="not valid"):
                await two.tokens.verify(token.id)
        assert jwt.get_unverified_header((await two.tokens.create(ada)).id)["kid"] == kid


async def test_keys_rotate_by_age_and_at_once(settings: Settings) -> None:
    async with accounts(settings) as world:
        ada = await world.users.create("ada", "x", "admin")
        await world.tokens.create(ada)
        world.clock.now = time.time() + 60
        await world.tokens.keys.tend(world.clock(), rotation_s=90 * 86400)
        assert set(world.tokens.keys.kids()) == {"0"}
        world.clock.now += 91 * 86400
        await world.tokens.keys.tend(world.clock(), rotation_s=90 * 86400)
        assert len(world.tokens.keys.kids()) >= 1
        assert "0" not in {kid for kid, until in world.tokens.keys.kids().items() if until is None}
        assert len(set(await asyncio.gather(*(world.tokens.rotate_keys() for _ in range(8))))) == 8
        assert len([kid for kid, until in world.tokens.keys.kids().items() if until is None]) == 1


async def test_keys_at_rest_say_nothing(settings: Settings) -> None:
    from sqlalchemy import select

    from podium.db.signing_key import SigningKeyRow

    async with accounts(settings) as world:
        kid = await world.tokens.rotate_keys()
        key, _ = world.tokens.keys._known[kid]
        async with world.database.read() as tx:
            rows = {row.kid: row.key for row in await tx.scalars(select(SigningKeyRow))}
    assert rows["0"] is None
    stored = rows[kid]
    assert stored is not None
    assert key not in stored
    assert key.hex().encode() not in stored
    assert hashlib.sha256(key).digest() not in stored


async def test_a_cookie_is_no_weapon_for_other_sites(service: Service, admin: httpx.AsyncClient) -> None:
    async with browser(service, *ADMIN) as client:
        me = (await client.get(SESSION)).json()["user"]["id"]
        attacks: list[tuple[str, str, Any]] = [
            ("POST", f"{USERS}/{me}/authentication_tokens", {}),
            ("POST", f"{USERS}/{me}/totp/actions/enrol", {"password": ADMIN[1]}),
            ("DELETE", f"{USERS}/{me}/sessions", None),
            ("PATCH", f"{USERS}/{me}", {"password": "theirs", "oldPassword": ADMIN[1]}),
            ("POST", USERS, {"name": "eve", "password": "x", "permission": "admin"}),
            ("POST", "/rest/v0/auth/signout", None),
        ]
        for headers in (
            {"sec-fetch-site": "cross-site"},
            {"sec-fetch-site": "same-site"},
            {"origin": "https://evil.example"},
            {"origin": "null"},
            {"referer": "https://evil.example/"},
        ):
            for method, url, body in attacks:
                answer = await client.request(method, url, json=body, headers=headers)
                assert (answer.status_code, answer.json()["code"]) == (403, "cross-site"), (headers, url)
            # a form cannot say that it is JSON, and a page cannot say PATCH in its stead
            form = {**headers, "content-type": "text/plain", "x-http-method-override": "PATCH"}
            answer = await client.post(f"{USERS}/{me}", content=b"{}", headers=form)
            assert answer.status_code in {403, 404, 405}
        assert (await client.get(SESSION)).status_code == 200
        assert len((await admin.get(USERS)).json()) == 1
        assert (await admin.get(VMS)).status_code == 200


async def test_a_basic_password_typed_for_us_is_no_weapon_either(admin: httpx.AsyncClient) -> None:
    answer = await admin.post(USERS, json={"name": "eve", "password": "x"}, headers={"sec-fetch-site": "cross-site"})
    assert answer.json()["code"] == "cross-site"
