"""Tokens: made, verified without the database, listed, revoked, expired."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from jose import jwt
from sqlalchemy import select

from podium.db.tables import TokenRow, UserRow
from podium.errors import InvalidCredentials, InvalidParameters, NotFound
from podium.services.durations import parse_duration_s
from podium.services.secrets import derive_key
from podium.services.tokens import Tokens
from podium.settings import Settings
from tests.accounts import Accounts, accounts
from tests.conftest import SECRET


@pytest.fixture
async def world(settings: Settings) -> AsyncIterator[Accounts]:
    async with accounts(settings) as found:
        yield found


@pytest.fixture
async def ada(world: Accounts) -> str:
    return await world.users.create("ada", "secret", "admin")


async def test_a_token_leads_to_its_user(world: Accounts, ada: str) -> None:
    token = await world.tokens.create(ada, description="for curl")
    session = await world.tokens.verify(token.id)
    assert session.viewer.user_id == ada
    assert session.viewer.is_admin
    assert session.token_id == token.token_id
    assert token.expiration == (int(world.clock()) + 30 * 86400) * 1000
    assert jwt.get_unverified_claims(token.id)["sub"] == ada


async def test_a_known_token_costs_no_database_access(world: Accounts, ada: str) -> None:
    token = await world.tokens.create(ada)
    first = await world.tokens.verify(token.id)
    await world.database.close()
    world.database.begin = world.database.read = None  # type: ignore[assignment,method-assign]  # whoever asks, fails
    assert await world.tokens.verify(token.id) is first


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("1 hour", 3600),
        (3_600_000, 3600),
        ("3600000", 3600),
        ("60s", 60),
        ("0.5 year", 15_778_800),
        ("2d", 172_800),
        (" 1.5 Hours ", 5400),
        ("1 month", 2_592_000),
    ],
)
def test_durations_as_clients_write_them(written: str | float, seconds: float) -> None:
    assert parse_duration_s(written) == seconds


@pytest.mark.parametrize("written", ["soon", "", "-1h", "1e9", "１ hour", "1 hour " * 9, "9" * 99, "1\0h", "nan"])
def test_durations_that_nobody_writes(written: str) -> None:
    with pytest.raises(InvalidParameters):
        parse_duration_s(written)


async def test_the_lifetime_is_bounded(world: Accounts, ada: str) -> None:
    for expires_in in ("59s", 59_999, "183 days", "1 year"):
        with pytest.raises(InvalidParameters):
            await world.tokens.create(ada, expires_in=expires_in)
    token = await world.tokens.create(ada, expires_in="60s")
    assert token.expiration == (int(world.clock()) + 60) * 1000


async def test_a_client_gets_its_token_again_with_a_longer_life(world: Accounts, ada: str) -> None:
    first = await world.tokens.create(ada, client_id="cli", description="old")
    world.clock.now += 1000
    again = await world.tokens.create(ada, client_id="cli", description="new")
    assert again.token_id == first.token_id
    assert again.expiration == first.expiration + 1_000_000
    [listed] = await world.tokens.of_user(ada)
    assert (listed.description, listed.expiration) == ("new", again.expiration)
    await world.tokens.verify(first.id)
    await world.tokens.verify(again.id)
    await world.tokens.revoke(ada, first.token_id)
    assert (await world.tokens.create(ada, client_id="cli")).token_id != first.token_id


async def test_a_client_may_shorten_the_life_of_its_token(world: Accounts, ada: str) -> None:
    long = await world.tokens.create(ada, client_id="cli", expires_in="10 days")
    await world.tokens.create(ada, client_id="cli", expires_in="2 minutes")
    session = await world.tokens.verify(long.id)
    world.clock.now += 121
    assert session.is_over
    with pytest.raises(InvalidCredentials):
        await world.tokens.verify(long.id)


async def test_revocation_is_felt_at_once(world: Accounts, ada: str) -> None:
    token = await world.tokens.create(ada)
    other = await world.tokens.create(ada)
    session, untouched = await world.tokens.verify(token.id), await world.tokens.verify(other.id)
    waiting = asyncio.create_task(session.over())
    ended: list[object] = []
    world.sessions.on_revoked(ended.append)
    await world.tokens.revoke(ada, token.token_id)
    await asyncio.wait_for(waiting, 1)
    assert ended == [session]
    assert not untouched.is_over
    with pytest.raises(InvalidCredentials):
        await world.tokens.verify(token.id)
    with pytest.raises(NotFound):
        await world.tokens.revoke(ada, token.token_id)


async def test_a_revocation_during_a_verification_is_not_overlooked(world: Accounts, ada: str) -> None:
    token = await world.tokens.create(ada)
    generation = world.sessions.generation
    session = await world.tokens.verify(token.id)
    await world.tokens.revoke(ada, token.token_id)
    assert not world.sessions.keep(token.id, session, generation)


async def test_expiry_ends_a_session(world: Accounts, ada: str) -> None:
    token = await world.tokens.create(ada, expires_in="1 minute")
    session = await world.tokens.verify(token.id)
    world.clock.now += 60
    await asyncio.wait_for(session.over(), 1)
    with pytest.raises(InvalidCredentials):
        await world.tokens.verify(token.id)
    assert await world.tokens.of_user(ada) == []
    await world.tokens.prune()
    async with world.database.read() as tx:
        assert (await tx.scalars(select(TokenRow))).all() == []


def _unsigned(claims: dict[str, object], algorithm: str) -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': algorithm, 'typ': 'JWT'})}.{part(claims)}."


async def test_forgeries_are_refused(world: Accounts, ada: str) -> None:
    good = await world.tokens.create(ada)
    claims = jwt.get_unverified_claims(good.id)
    key = derive_key(SECRET, "podium token v1")
    forgeries = [
        "",
        "x",
        "a.b.c",
        "\ud800",
        good.id + "x",
        good.id[:-3] + "AAA",
        "x" * 5000,
        _unsigned(claims, "none"),
        _unsigned(claims, "HS256"),
        jwt.encode(claims, "another key", algorithm="HS256"),
        jwt.encode(claims, key, algorithm="HS512"),
        jwt.encode({**claims, "iss": "somebody"}, key, algorithm="HS256"),
        jwt.encode({**claims, "sub": "another user"}, key, algorithm="HS256"),
        jwt.encode({**claims, "jti": "another token"}, key, algorithm="HS256"),
        jwt.encode({**claims, "exp": int(world.clock())}, key, algorithm="HS256"),
        jwt.encode({name: value for name, value in claims.items() if name != "exp"}, key, algorithm="HS256"),
        jwt.encode({name: value for name, value in claims.items() if name != "jti"}, key, algorithm="HS256"),
    ]
    for forgery in forgeries:
        with pytest.raises(InvalidCredentials):
            await world.tokens.verify(forgery)
    other = Tokens(world.database, world.sessions, world.settings, secret="another installation")
    with pytest.raises(InvalidCredentials):
        await other.verify(good.id)


async def test_the_last_use_is_written_once_for_many_requests(world: Accounts, ada: str) -> None:
    token = await world.tokens.create(ada)
    session = await world.tokens.verify(token.id)
    for _ in range(100):
        world.clock.now += 0.01
        world.sessions.note_use(session, "192.0.2.1")
    await world.tokens.flush()
    [listed] = await world.tokens.of_user(ada, current=token.token_id)
    assert listed.last_uses
    assert abs(listed.last_uses["192.0.2.1"].timestamp - world.clock() * 1000) <= 1
    assert listed.current
    assert listed.id == listed.token_id
    assert world.sessions.take_uses() == {}


async def test_the_last_uses_are_flushed_at_the_end(world: Accounts, ada: str) -> None:
    token = await world.tokens.create(ada)
    running = asyncio.create_task(world.tokens.run())
    await asyncio.sleep(0.05)
    world.sessions.note_use(await world.tokens.verify(token.id), "192.0.2.1")
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    [listed] = await world.tokens.of_user(ada)
    assert listed.last_uses


async def test_what_another_process_did_is_noticed(world: Accounts, ada: str) -> None:
    bob = await world.users.create("bob", "secret", "admin")
    held = []
    for user_id in (ada, ada, bob):
        token = await world.tokens.create(user_id)
        held.append(await world.tokens.verify(token.id))
    async with world.database.begin() as tx:
        (await tx.get_one(TokenRow, held[0].token_id)).revoked = datetime.now(UTC)
        (await tx.get_one(UserRow, bob)).permission = "none"
    await world.tokens.sweep()
    assert [session.is_over for session in held] == [True, False, True]
    async with world.database.begin() as tx:
        await tx.delete(await tx.get_one(UserRow, ada))
    await world.tokens.sweep()
    assert held[1].is_over


async def test_a_token_for_nobody(world: Accounts) -> None:
    with pytest.raises(NotFound):
        await world.tokens.create("nobody")
