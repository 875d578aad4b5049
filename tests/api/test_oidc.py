"""OpenID Connect: a whole sign-in with a real provider, on both databases; and providers and browsers that lie."""

import base64
import hmac
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey
from pydantic import SecretStr, ValidationError

from podium.errors import InvalidCredentials, ProviderUnavailable
from podium.identity.oidc import OidcConfig, OidcProvider
from podium.services.oidc import local_path
from podium.settings import Settings
from tests.api.lying_provider import CLIENT, LyingProvider, lying_provider
from tests.api.people import SESSION, USERS
from tests.served import ADMIN, Service, served

SITE = "https://podium.example"
START = "/rest/v0/auth/oidc/Mock/start"
CALLBACK = "/rest/v0/auth/oidc/Mock/callback"


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """The address of a real provider."""
    program = Path(__file__).parent / "oidc_provider.py"
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", str(program)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={"AUTHLIB_INSECURE_TRANSPORT": "1", "PATH": ""},
    )
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


@pytest.fixture
def oidc_settings(settings: Settings, provider: str) -> Settings:
    registration = {"redirect_uris": [SITE + CALLBACK]}
    client = httpx.post(f"{provider}/oauth2/clients", json=registration).json()
    return settings.model_copy(
        update={
            "public_url": SITE,
            "oidc_issuer": provider,
            "oidc_client_id": client["client_id"],
            "oidc_client_secret": SecretStr(client["client_secret"]),
            "oidc_name": "Mock",
            "oidc_group_claim": "groups",
            "oidc_admin_group": "root",
        }
    )


@pytest.fixture
async def service(oidc_settings: Settings) -> AsyncIterator[Service]:
    async with served(oidc_settings) as one:
        yield one


def person(provider: str, sub: str, **claims: object) -> None:
    assert httpx.put(f"{provider}/users/{sub}", json=claims).status_code == 204


async def depart(browser: httpx.AsyncClient, **params: str) -> str:
    """Where the provider would be."""
    answer = await browser.get(START, params=params)
    assert answer.status_code == 303, answer.text
    assert answer.headers["cache-control"] == "no-store"
    location: str = answer.headers["location"]
    return location


async def consent(location: str, sub: str) -> str:
    """Sign in at the provider, as a person would: the path that it sends the browser back to."""
    async with httpx.AsyncClient() as there:
        assert (await there.get(location)).status_code == 200
        answer = await there.post(location, data={"sub": sub})
    assert answer.status_code == 302, answer.text
    back: str = answer.headers["location"]
    assert back.startswith(SITE + CALLBACK)
    return back.removeprefix(SITE)


async def test_a_whole_sign_in(service: Service, provider: str) -> None:
    person(provider, "ada-1", email="ada@example.org", groups=["staff", "root"])
    async with service.client(auth=None) as browser:
        ways = (await browser.get("/rest/v0/auth/providers")).json()
        assert ways == [
            {"name": "password", "kind": "password"},
            {"name": "Mock", "kind": "oidc", "start": START},
        ]
        location = await depart(browser, next="/vms?filter=x")
        asked = parse_qs(urlsplit(location).query)
        assert asked["redirect_uri"] == [SITE + CALLBACK]
        assert asked["scope"] == ["openid profile email"]
        assert asked["code_challenge_method"] == ["S256"]
        cookie = browser.cookies["podium_oidc"]
        assert all(asked[name][0] not in bytes.fromhex(cookie).decode("latin-1") for name in ("state", "nonce"))
        back = await consent(location, "ada-1")
        answer = await browser.get(back)
        assert (answer.status_code, answer.headers["location"]) == (303, "/vms?filter=x")
        cookies = answer.headers.get_list("set-cookie")
        assert any(one.startswith("authenticationToken=ey") and "HttpOnly" in one for one in cookies)
        session = (await browser.get(SESSION)).json()["user"]
        assert (session["name"], session["permission"]) == ("ada@example.org", "admin")
        user = (await browser.get(f"{USERS}/{session['id']}")).json()
        assert user["authProviders"] == {"oidc": {"id": f"{provider} ada-1"}}
        assert "pw_hash" not in user
        # the answer is good once, in every respect
        browser.cookies.delete("authenticationToken")
        again = await browser.get(back)
        assert again.headers["location"] == "/signin?problem=invalid-credentials"
        browser.cookies.set("podium_oidc", cookie)
        again = await browser.get(back)
        assert again.headers["location"] == "/signin?problem=invalid-credentials"
        assert "authenticationToken" not in browser.cookies
    # the same person comes again, and is no administrator any more
    person(provider, "ada-1", email="lovelace@example.org", groups=["staff"])
    async with service.client(auth=None) as browser:
        await browser.get(await consent(await depart(browser), "ada-1"))
        later = (await browser.get(SESSION)).json()["user"]
        assert (later["id"], later["permission"]) == (session["id"], "none")


async def test_a_providers_user_has_no_password_here(service: Service, provider: str) -> None:
    person(provider, "eve-1", email="eve@example.org")
    async with service.client(auth=None) as browser, service.client() as admin:
        await browser.get(await consent(await depart(browser), "eve-1"))
        eve = (await browser.get(SESSION)).json()["user"]["id"]
        for change in ({"password": "a new password"}, {"name": "another"}):
            answer = await admin.patch(f"{USERS}/{eve}", json=change)
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
        assert (await admin.patch(f"{USERS}/{eve}", json={"permission": "admin"})).status_code == 204
        for password in ("", "***obfuscated***", "a new password"):
            sent = {"username": "eve@example.org", "password": password}
            answer = await browser.post("/rest/v0/auth/signin", json=sent)
            assert answer.status_code in {401, 422, 429}


async def test_whose_name_is_taken_does_not_get_that_account(service: Service, provider: str) -> None:
    person(provider, "mallory", email=ADMIN[0])
    async with service.client(auth=None) as browser:
        answer = await browser.get(await consent(await depart(browser), "mallory"))
        assert answer.headers["location"] == "/signin?problem=sign-in-refused"
        assert (await browser.get(SESSION)).status_code == 401


async def test_accounts_are_only_made_where_they_may_be(oidc_settings: Settings, provider: str) -> None:
    closed = oidc_settings.model_copy(update={"create_users_on_first_sign_in": False})
    person(provider, "new-1", email="new@example.org")
    async with served(closed) as service, service.client(auth=None) as browser, service.client() as admin:
        answer = await browser.get(await consent(await depart(browser), "new-1"))
        assert answer.headers["location"] == "/signin?problem=sign-in-refused"
        assert len((await admin.get(USERS)).json()) == 1


async def test_groups_of_the_provider_are_kept_in_step(service: Service, provider: str) -> None:
    person(provider, "bob-1", email="bob@example.org", groups=["staff", "ops"])
    async with service.client(auth=None) as browser, service.client() as admin:
        await browser.get(await consent(await depart(browser), "bob-1"))
        bob = (await browser.get(SESSION)).json()["user"]["id"]
        assert await groups_of(service, bob, "oidc") == {"staff", "ops"}
        shown = (await admin.get(f"{USERS}/{bob}/groups", params={"fields": "id,name,provider,users"})).json()
        assert {(one["name"], one["provider"]) for one in shown} == {("staff", "oidc"), ("ops", "oidc")}
        assert all(one["users"] == [bob] for one in shown)
        no = await admin.delete(f"/rest/v0/groups/{shown[0]['id']}/users/{bob}")
        assert no.status_code == 403  # only the provider decides
        person(provider, "bob-1", email="bob@example.org", groups=["ops", "new"])
        await browser.get(await consent(await depart(browser), "bob-1"))
        assert await groups_of(service, bob, "oidc") == {"ops", "new"}
        assert len((await admin.get(f"{USERS}/{bob}")).json()["groups"]) == 2


async def groups_of(service: Service, user_id: str, provider: str) -> set[str]:
    from sqlalchemy import select

    from podium.db.base import open_database
    from podium.db.group import GroupRow, MembershipRow

    database = open_database(service.app.state.settings.database)
    async with database.read() as tx:
        found = set(
            await tx.scalars(
                select(GroupRow.name)
                .join(MembershipRow, MembershipRow.group_id == GroupRow.id)
                .where(MembershipRow.user_id == user_id, GroupRow.provider == provider)
            )
        )
    await database.close()
    return found


async def test_an_answer_is_taken_from_the_browser_that_left_alone(service: Service, provider: str) -> None:
    """Nobody signs a visitor in as himself, or picks up another's code."""
    async with service.client(auth=None) as mine, service.client(auth=None) as visitor:
        back = await consent(await depart(mine), "mallory-2")
        for cookie in ("", "00" * 60, "zz", "ff" * 3000, mine.cookies["podium_oidc"][:-2] + "00"):
            answer = await visitor.get(back, headers={"cookie": f"podium_oidc={cookie}"} if cookie else {})
            assert answer.headers["location"] == "/signin?problem=invalid-credentials"
        await depart(visitor)  # the visitor was about to sign in himself
        answer = await visitor.get(back)
        assert answer.headers["location"] == "/signin?problem=invalid-credentials"
        assert (await visitor.get(SESSION)).status_code == 401
        for query in ("", "?code=x", "?state=x", "?error=access_denied&state=x", "?code=x&state=%00", "?code=&state="):
            answer = await visitor.get(CALLBACK + query)
            assert answer.headers["location"] == "/signin?problem=invalid-credentials", query
        other = back + "&iss=https://other.example"
        assert (await mine.get(other)).headers["location"] == "/signin?problem=invalid-credentials"
        assert (await mine.get("/rest/v0/auth/oidc/other/callback?code=x&state=y")).status_code == 404
        assert (await mine.get("/rest/v0/auth/oidc/other/start")).status_code == 404


@pytest.mark.parametrize(
    "text",
    [
        "https://evil.example", "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example", "javascript:alert(1)", "", "vms", "/ü", "/%0d%0a\r\nset-cookie: x=y", "/x\0",
        "/" + "x" * 2000,
        " /vms", "@evil.example", "http:/evil.example",
    ],
)  # fmt: skip
def test_no_other_site_is_gone_on_to(text: str) -> None:
    assert local_path(text) == "/"


def test_pages_of_this_site_are_gone_on_to() -> None:
    for path in ("/", "/vms", "/vms/x?a=b&next=//evil.example", "/%2F%2Fevil.example"):
        assert local_path(path) == path


async def test_the_way_back_does_not_lead_elsewhere(service: Service, provider: str) -> None:
    async with service.client(auth=None) as browser:
        back = await consent(await depart(browser, next="//evil.example/"), "carl-1")
        assert (await browser.get(back)).headers["location"] == "/"


Lie = Callable[[LyingProvider], None]


def _claim(**changes: Any) -> Lie:
    return lambda lying: lying.claims.update(changes)


def _without(name: str) -> Lie:
    return lambda lying: lying.claims.pop(name) and None


def _foreign_key(lying: LyingProvider) -> None:
    lying.key = RSAKey.generate_key(2048, {"kid": "one"})


def _part(value: object) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _hmac_with_the_public_key(lying: LyingProvider) -> None:
    """The confusion of RFC 8725, 2.1. Made by hand: libraries refuse to."""
    text = f"{_part({'alg': 'HS256', 'kid': 'one'})}.{_part(lying.claims)}"
    public: bytes = lying.published.as_pem(private=False)
    lying.id_token = f"{text}.{_part(hmac.digest(public, text.encode(), 'sha256'))}"


def _none(lying: LyingProvider) -> None:
    lying.id_token = f"{_part({'alg': 'none', 'kid': 'one'})}.{_part(lying.claims)}."


def _brings_its_key(lying: LyingProvider) -> None:
    lying.key = RSAKey.generate_key(2048, {"kid": "two"})
    lying.header = {"alg": "RS256", "kid": "two", "jwk": lying.key.as_dict(private=False)}


NOW = int(time.time())


@pytest.mark.parametrize(
    "lie",
    [
        _claim(iss="https://other.example"), _claim(aud="other"), _claim(aud=["other"]), _claim(aud=[]),
        _claim(aud=None),
        _claim(aud=[CLIENT, "other"]), _claim(aud=[CLIENT, "other"], azp="other"), _claim(azp="other"),
        _claim(exp=NOW - 3600), _claim(exp="soon"), _claim(iat=NOW + 3600), _claim(nbf=NOW + 3600),
        _claim(nonce="another"), _claim(nonce=""), _claim(nonce=None), _claim(nonce=["n"]), _claim(sub=""),
        _claim(sub=1),
        _claim(sub="x" * 300), _without("nonce"), _without("exp"), _without("iss"), _without("aud"), _without("sub"),
        _without("iat"), _foreign_key, _hmac_with_the_public_key, _none, _brings_its_key,
        lambda lying: setattr(lying, "id_token", "x.y.z"), lambda lying: setattr(lying, "id_token", ""),
        lambda lying: lying.status.update({"/token": 400}),
    ],
)  # fmt: skip
async def test_tokens_that_are_not_right(lie: Lie) -> None:
    with lying_provider() as lying:
        provider = OidcProvider(
            OidcConfig(issuer=lying.issuer, client_id=CLIENT, client_secret="s", scopes=("openid",))
        )
        assert (await provider.redeem("c", nonce="n", verifier="v", redirect_uri="u")).name == "a@b.example"
        lie(lying)
        with pytest.raises(InvalidCredentials):
            await provider.redeem("c", nonce="n", verifier="v", redirect_uri="u")
        await provider.close()


@pytest.mark.parametrize(
    "lie",
    [
        lambda lying: lying.metadata.update(issuer="https://other.example"),
        lambda lying: lying.metadata.update(issuer=lying.issuer + "/"),
        lambda lying: lying.metadata.update(token_endpoint="http://evil.example/token"),
        lambda lying: lying.metadata.update(jwks_uri="file:///etc/passwd"),
        lambda lying: lying.metadata.update(authorization_endpoint="javascript:alert(1)"),
        lambda lying: lying.metadata.pop("jwks_uri"),
        lambda lying: lying.body.update({"/.well-known/openid-configuration": b"[" * 100_000}),
        lambda lying: lying.body.update({"/.well-known/openid-configuration": b" " * 2_000_000}),
        lambda lying: lying.body.update({"/jwks": b'{"keys":[]}'}),
        lambda lying: lying.body.update({"/jwks": b'{"keys":[{"kty":"RSA","n":"x"}]}'}),
        lambda lying: lying.body.update({"/token": b"<html>"}),
        lambda lying: lying.status.update({"/jwks": 500}),
        lambda lying: lying.status.update({"/token": 302}),
        lambda lying: lying.status.update({"/token": 500}),
    ],
)
async def test_providers_that_are_in_no_state(lie: Lie) -> None:
    with lying_provider() as lying:
        lie(lying)
        provider = OidcProvider(
            OidcConfig(issuer=lying.issuer, client_id=CLIENT, client_secret="s", scopes=("openid",))
        )
        with pytest.raises(ProviderUnavailable):
            await provider.redeem("c", nonce="n", verifier="v", redirect_uri="u")
        await provider.close()
    provider = OidcProvider(OidcConfig(issuer=lying.issuer, client_id=CLIENT, client_secret="s", scopes=("openid",)))
    with pytest.raises(ProviderUnavailable):
        await provider.address(state="s", nonce="n", verifier="v", redirect_uri="u")
    await provider.close()


async def test_keys_that_rotate_and_what_the_token_leaves_out() -> None:
    with lying_provider() as lying:
        config = OidcConfig(
            issuer=lying.issuer, client_id=CLIENT, client_secret="", scopes=("openid",), group_claim="groups"
        )
        now = time.time()
        provider = OidcProvider(config, clock=lambda: now)
        lying.metadata["userinfo_endpoint"] = f"{lying.issuer}/userinfo"
        lying.userinfo = {"sub": "1", "email": "a@b.example", "groups": ["x", 1, "y"]}
        found = await provider.redeem("c", nonce="n", verifier="v", redirect_uri="u")
        assert (found.subject, found.groups) == ("1", ("x", "y"))
        lying.published = lying.key = RSAKey.generate_key(2048, {"kid": "two"})
        lying.header = {"alg": "RS256", "kid": "two"}
        now += 11  # an unknown key is looked for again, now and then
        await provider.redeem("c", nonce="n", verifier="v", redirect_uri="u")
        assert lying.asked.count("/jwks") == 2
        lying.userinfo["sub"] = "2"
        with pytest.raises(InvalidCredentials):
            await provider.redeem("c", nonce="n", verifier="v", redirect_uri="u")
        await provider.close()


def test_settings_that_would_give_secrets_away(tmp_path: Path) -> None:
    for wrong in (
        {"oidc_issuer": "http://provider.example", "oidc_client_id": "x"},
        {"oidc_issuer": "https://provider.example"},
        {"oidc_issuer": "https://provider.example", "oidc_client_id": "x", "oidc_scopes": "profile"},
        {"oidc_name": "a/b"},
        {"public_url": "podium.example"},
        {"ldap_url": "ldap://directory.example", "ldap_start_tls": False},
        {"ldap_url": "http://directory.example"},
        {"ldap_url": "ldaps://directory.example", "ldap_user_filter": "(uid=x)"},
    ):
        with pytest.raises(ValidationError):
            Settings(data_dir=tmp_path, **wrong)


def test_a_token_made_by_the_tests_is_one(provider: str) -> None:
    """The lies above differ from the truth in one thing each: so the truth must be believable."""
    with lying_provider() as lying:
        token = jwt.encode(lying.header, lying.claims, lying.key)
        assert jwt.decode(token, lying.published).claims == lying.claims
