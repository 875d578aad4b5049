"""LDAP, against a real directory (slapd): passwords, groups, certificates, and names that try to be filters."""

import asyncio
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sansldap import LDAPFilter

from podium.errors import ProviderUnavailable
from podium.identity.ldap import LdapConfig, LdapDirectory, filled
from podium.settings import Settings
from tests.api.directory import BASE, SERVICE, SLAPD, Directory, directory
from tests.api.people import SESSION, USERS, add_user, browser, enrol, sign_in
from tests.api.test_sessions_api import FIREFOX
from tests.served import ADMIN, Service, served

needs_slapd = pytest.mark.skipif(SLAPD is None, reason="no slapd here: apt-get install slapd ldap-utils")
ADA = ("ada", "engine of analysis")


@pytest.fixture(scope="module")
def ldap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Directory]:
    with directory(tmp_path_factory.mktemp("slapd")) as one:
        yield one


def config(ldap: Directory, **changes: Any) -> LdapConfig:
    values: dict[str, Any] = {
        "url": ldap.tls,
        "ca_file": str(ldap.ca),
        "bind_dn": SERVICE[0],
        "bind_password": SERVICE[1],
        "base_dn": f"ou=people,{BASE}",
        "group_base_dn": f"ou=groups,{BASE}",
    }
    return LdapConfig(**{**values, **changes})


@pytest.fixture
def ldap_settings(settings: Settings, ldap: Directory) -> Settings:
    return settings.model_copy(
        update={
            "ldap_url": ldap.plain,
            "ldap_ca_file": ldap.ca,
            "ldap_bind_dn": SERVICE[0],
            "ldap_bind_password": SecretStr(SERVICE[1]),
            "ldap_base_dn": f"ou=people,{BASE}",
            "ldap_user_filter": "(|(uid={name})(mail={name}))",
            "ldap_group_base_dn": f"ou=groups,{BASE}",
            "ldap_admin_group": "root",
        }
    )


@pytest.fixture
async def service(ldap_settings: Settings) -> AsyncIterator[Service]:
    async with served(ldap_settings) as one:
        yield one


@needs_slapd
@pytest.mark.parametrize("kind", ["starttls", "ldaps", "plain"])
async def test_a_person_his_password_and_his_groups(ldap: Directory, kind: str) -> None:
    url = ldap.tls if kind == "ldaps" else ldap.plain
    found = LdapDirectory(config(ldap, url=url, start_tls=kind == "starttls"))
    person = await found.check(*ADA)
    assert person is not None
    assert person.name == "ada"
    assert len(person.subject) == 36  # entryUUID
    assert person.groups == {f"cn=staff,ou=groups,{BASE}": "staff"}
    assert (await found.check("ada", "wrong")) is None
    assert (await found.check("nobody", "wrong")) is None


@needs_slapd
async def test_what_is_no_password(ldap: Directory) -> None:
    found = LdapDirectory(config(ldap))
    for password in ("", "\0", "engine of analysis\0", "\ud800", "x" * 4096):
        assert await found.check("ada", password) is None
    assert await found.check("", ADA[1]) is None
    assert await found.check("\ud800", ADA[1]) is None
    assert await found.check("twin", "twins") is None  # there are two: whose would it be?


@needs_slapd
async def test_names_are_no_filters(ldap: Directory) -> None:
    found = LdapDirectory(config(ldap, user_filter="(&(objectClass=inetOrgPerson)(uid={name}))"))
    for name in (
        "*",
        "a*",
        "ada)(uid=*",
        "*)(uid=*))(|(uid=*",
        "ada)",
        "(ada",
        "ada\\",
        "\\2a",
        "ad\0a",
        "ada)(&",
        "ada,ou=people",
    ):
        assert await found.check(name, ADA[1]) is None, name
    odd = await found.check("o)(uid=*", "odd one")
    assert odd is not None
    assert odd.groups == {f"cn=staff,ou=groups,{BASE}": "staff"}  # found by a name with all that filters are made of


def test_what_is_filled_in_stands_for_itself() -> None:
    nasty = "*)(uid=\\28é\0{dn}"
    assert str(filled("(uid={name})", name=nasty)) == str(
        LDAPFilter.from_string("(uid=\\2a\\29\\28uid\\3d\\5c28\\c3\\a9\\00\\7bdn\\7d)")
    )
    with pytest.raises(ValueError, match="closing"):
        filled("(uid={name}", name="x")


@needs_slapd
async def test_a_certificate_that_is_not_trusted(ldap: Directory) -> None:
    for url in (ldap.tls, ldap.plain):
        with pytest.raises(ProviderUnavailable, match="certificate"):
            await LdapDirectory(config(ldap, url=url, ca_file="")).check(*ADA)
        other = url.replace("127.0.0.1", "localhost")  # it is not the name in the certificate
        with pytest.raises(ProviderUnavailable, match="certificate"):
            await LdapDirectory(config(ldap, url=other)).check(*ADA)


@needs_slapd
async def test_a_directory_that_is_in_no_state(ldap: Directory) -> None:
    for changes in (
        {"bind_password": "wrong"},
        {"bind_dn": "", "bind_password": ""},  # this one does not search for everybody
        {"url": "ldaps://127.0.0.1:1"},
        {"url": ldap.plain.replace("ldap:", "ldaps:")},
    ):
        with pytest.raises(ProviderUnavailable):
            await LdapDirectory(config(ldap, **changes)).check(*ADA)


async def test_servers_that_are_no_directories() -> None:
    """Silence, nonsense, and answers in the clear before TLS, which somebody between could have put there."""
    success = bytes.fromhex("300c02010161070a010004000400")  # a bind that succeeded, message 1
    tls = bytes.fromhex("300c02010178070a010004000400")  # StartTLS: go on, message 1
    for answer in (
        b"",
        None,
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x30\x84\xff\xff\xff\xff",
        success * 50,
        tls + success * 50,
    ):
        gone = asyncio.Event()

        async def serve(
            reader: asyncio.StreamReader,
            writer: asyncio.StreamWriter,
            said: bytes | None = answer,
            gone: asyncio.Event = gone,
        ) -> None:
            await reader.read(100)
            if said is None:
                await reader.read()  # silence, until the client goes
            else:
                writer.write(said)
                await writer.drain()
            writer.close()
            gone.set()

        server = await asyncio.start_server(serve, "127.0.0.1", 0, family=socket.AF_INET)
        port = server.sockets[0].getsockname()[1]
        wanted = LdapConfig(url=f"ldap://127.0.0.1:{port}", base_dn=BASE, timeout_s=0.5)
        with pytest.raises(ProviderUnavailable):
            await LdapDirectory(wanted).check("ada", "x")
        await gone.wait()
        server.close()


@needs_slapd
async def test_signing_in_with_the_directorys_password(service: Service, ldap: Directory) -> None:
    async with service.client(auth=None) as client:
        assert {one["kind"] for one in (await client.get("/rest/v0/auth/providers")).json()} == {"password", "ldap"}
    async with browser(service, *ADA, FIREFOX) as client:
        session = (await client.get(SESSION)).json()["user"]
        assert (session["name"], session["permission"]) == ("ada", "none")
        # by another of her names it is the same account
        client.cookies.clear()
        assert (await sign_in(client, "ada@example.org", ADA[1])).json()["user"]["id"] == session["id"]
        client.cookies.clear()
        assert (await sign_in(client, "ada", "wrong")).status_code == 401
    async with service.client(auth=ADA) as script:  # slowed down like anybody, from where she has been before
        answer = await script.get(SESSION)
        await asyncio.sleep(int(answer.headers.get("retry-after", "0")))
        assert (await script.get(SESSION)).json()["user"]["id"] == session["id"]
    async with service.client() as admin:
        answer = await admin.patch(f"{USERS}/{session['id']}", json={"password": "one of ours"})
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
        assert (await admin.get(f"{USERS}/{session['id']}")).json()["authProviders"]["ldap"]


@needs_slapd
async def test_a_second_factor_on_top(service: Service, ldap: Directory) -> None:
    async with browser(service, *ADA) as client:
        user_id = (await client.get(SESSION)).json()["user"]["id"]
        phone, _ = await enrol(client, user_id, ADA[1])
    async with service.client(auth=None) as client:
        assert (await sign_in(client, *ADA)).json()["code"] == "otp-required"
        assert (await sign_in(client, *ADA, otp=phone.code())).status_code == 200


@needs_slapd
async def test_groups_and_administrators_follow_the_directory(service: Service, ldap: Directory) -> None:
    from tests.api.test_oidc import groups_of

    async with browser(service, *ADA) as client:
        ada = (await client.get(SESSION)).json()["user"]["id"]
        assert await groups_of(service, ada, "ldap") == {"staff"}
    member = f"dn: cn=root,ou=groups,{BASE}\nchangetype: modify\n{{}}: member\nmember: uid=ada,ou=people,{BASE}\n"
    ldap.modify(member.format("add"))
    try:
        async with browser(service, *ADA) as client:
            assert (await client.get(SESSION)).json()["user"]["permission"] == "admin"
            assert await groups_of(service, ada, "ldap") == {"staff", "root"}
            ldap.modify(member.format("delete"))
            async with browser(service, *ADA):
                assert await groups_of(service, ada, "ldap") == {"staff"}
            now = await client.get(SESSION)
            assert now.status_code == 401 or now.json()["user"]["permission"] == "none"
    finally:
        with suppress(subprocess.CalledProcessError):  # it was deleted above, unless the test failed before
            ldap.modify(member.format("delete"))


@needs_slapd
async def test_local_accounts_are_not_the_directorys(service: Service, ldap: Directory) -> None:
    async with service.client() as admin:
        await add_user(admin, "ada", "a local password")
    async with service.client(auth=None) as client:
        assert (await sign_in(client, *ADA)).status_code == 401  # the local account is asked for its own
        await asyncio.sleep(2.05)
        assert (await sign_in(client, "ada", "a local password")).status_code == 200
        client.cookies.clear()
        by_mail = await sign_in(client, "ada@example.org", ADA[1])
        assert (by_mail.status_code, by_mail.json()["code"]) == (403, "sign-in-refused")


async def test_when_the_directory_is_away_local_accounts_get_in(ldap_settings_away: Settings) -> None:
    async with served(ldap_settings_away) as service, service.client(auth=None) as client:
        assert (await sign_in(client, *ADMIN)).status_code == 200
        client.cookies.clear()
        away = await sign_in(client, *ADA)
        assert (away.status_code, away.json()["code"]) == (503, "provider-unavailable")


@pytest.fixture
def ldap_settings_away(settings: Settings, tmp_path: Path) -> Settings:
    return settings.model_copy(update={"ldap_url": "ldaps://127.0.0.1:1", "ldap_base_dn": BASE})
