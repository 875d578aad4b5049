"""Users: created, changed, deleted, and what their sessions feel of it."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from podium.errors import (
    Conflict,
    Forbidden,
    InvalidCredentials,
    InvalidParameters,
    MissingPrivileges,
    NameTaken,
    NotFound,
)
from podium.model.user import User
from podium.services.access import viewer_of
from podium.services.auth import Bearer, Password
from podium.services.users import UserChange
from podium.settings import Settings
from tests.accounts import ROOT, Accounts, accounts

ADDRESS = "192.0.2.1"


@pytest.fixture
async def world(settings: Settings) -> AsyncIterator[Accounts]:
    async with accounts(settings) as found:
        yield found


async def test_a_new_user_is_shown_without_secrets(world: Accounts) -> None:
    user_id = await world.users.create("ada@example.org", "secret")
    assert world.users.get(user_id) == User(
        id=user_id,
        name="ada@example.org",
        email="ada@example.org",
        permission="none",
        preferences={},
        groups=(),
        pw_hash="***obfuscated***",
    )
    assert [change.id for commit in world.commits for change in commit.changes] == [user_id]


async def test_names_differ_by_more_than_case(world: Accounts) -> None:
    await world.users.create("Ada", "x")
    for name in ("Ada", "ada", "ADA", "Ａda"):
        with pytest.raises(NameTaken):
            await world.users.create(name, "x")
    other = await world.users.create("bob", "x")
    with pytest.raises(NameTaken):
        await world.users.change(other, UserChange(name="aDA"), by=ROOT)
    assert world.users.get(other).name == "bob"


@pytest.mark.parametrize("name", ["", "\0", "a\0b", "\ud800", "x" * 256, "\ufdfa" * 255])
async def test_names_that_cannot_be_stored(world: Accounts, name: str) -> None:
    with pytest.raises(InvalidParameters):
        await world.users.create(name, "x")
    assert await world.users.credentials(name) is None


async def test_users_are_there_after_a_restart(world: Accounts, settings: Settings) -> None:
    user_id = await world.users.create("ada", "secret", "admin")
    await world.users.change(user_id, UserChange(preferences={"theme": "dark", "list": [1, {"a": None}]}), by=ROOT)
    async with accounts(settings) as later:
        await later.users.load()
        assert later.users.get(user_id) == world.users.get(user_id)
        assert later.users.get(user_id).preferences == {"theme": "dark", "list": [1, {"a": None}]}


async def test_the_first_administrator(world: Accounts) -> None:
    made = await world.users.ensure_administrator("", None)
    assert made is not None
    assert made[0] == "admin@podium.local"
    session = await world.auth.authenticate(Password(*made), address=ADDRESS)
    assert session.viewer.is_admin
    assert await world.users.ensure_administrator("other", "x") is None
    assert len(world.users.all()) == 1


async def test_a_given_password_is_not_shown(world: Accounts) -> None:
    assert await world.users.ensure_administrator("root@example.org", "chosen") is None
    await world.auth.authenticate(Password("root@example.org", "chosen"), address=ADDRESS)


async def test_the_last_administrator_stays(world: Accounts) -> None:
    ada = await world.users.create("ada", "x", "admin")
    with pytest.raises(Conflict):
        await world.users.delete(ada, by=ROOT)
    with pytest.raises(Conflict):
        await world.users.change(ada, UserChange(permission="none"), by=ROOT)
    bob = await world.users.create("bob", "x", "admin")
    await world.users.change(ada, UserChange(permission="none"), by=ROOT)
    with pytest.raises(Conflict):
        await world.users.delete(bob, by=ROOT)
    await world.users.delete(ada, by=ROOT)


async def test_two_administrators_do_not_delete_each_other(world: Accounts) -> None:
    both = [await world.users.create(name, "x", "admin") for name in ("ada", "bob")]
    results = await asyncio.gather(*(world.users.delete(one, by=ROOT) for one in both), return_exceptions=True)
    assert sum(isinstance(one, Conflict) for one in results) == 1
    assert len(world.users.all()) == 1


async def test_nobody_changes_his_own_permission(world: Accounts) -> None:
    ada = await world.users.create("ada", "x", "admin")
    await world.users.create("bob", "x", "admin")
    for permission in ("none", "admin"):
        with pytest.raises(Forbidden):
            await world.users.change(ada, UserChange(permission=permission), by=viewer_of(ada, "admin"))


async def test_a_user_without_rights_keeps_his_own_preferences_and_nothing_else(world: Accounts) -> None:
    ada = await world.users.create("ada", "x")
    bob = await world.users.create("bob", "x")
    viewer = viewer_of(ada, "none")
    await world.users.change(ada, UserChange(preferences={"a": 1}), by=viewer)
    for user_id, change in (
        (ada, UserChange(name="eve")),
        (ada, UserChange(password="y")),
        (ada, UserChange(permission="admin")),
        (ada, UserChange(preferences={}, name="eve")),
        (bob, UserChange(preferences={})),
    ):
        with pytest.raises(MissingPrivileges):
            await world.users.change(user_id, change, by=viewer)
    with pytest.raises(MissingPrivileges):
        await world.users.delete(ada, by=viewer)
    assert world.users.get(ada).preferences == {"a": 1}


async def test_a_new_permission_ends_sessions_but_not_tokens(world: Accounts) -> None:
    ada = await world.users.create("ada", "x")
    token = Bearer((await world.tokens.create(ada)).id, from_cookie=False)
    by_token = await world.auth.authenticate(token, address=ADDRESS)
    by_password = await world.auth.authenticate(Password("ada", "x"), address=ADDRESS)
    await world.users.change(ada, UserChange(permission="none"), by=ROOT)
    assert [by_token.is_over, by_password.is_over] == [False, False]
    await world.users.change(ada, UserChange(permission="admin"), by=ROOT)
    assert by_token.is_over
    assert by_password.is_over
    assert (await world.auth.authenticate(token, address=ADDRESS)).viewer.is_admin


async def test_deletion_ends_everything(world: Accounts) -> None:
    ada = await world.users.create("ada", "x")
    token = Bearer((await world.tokens.create(ada)).id, from_cookie=False)
    session = await world.auth.authenticate(token, address=ADDRESS)
    await world.users.delete(ada, by=ROOT)
    assert session.is_over
    for credentials in (token, Password("ada", "x")):
        with pytest.raises(InvalidCredentials):
            await world.auth.authenticate(credentials, address=ADDRESS)
    with pytest.raises(NotFound):
        world.users.get(ada)
    assert world.commits[-1].changes[0].after is None


async def test_a_new_password_signs_browsers_out_but_not_scripts(world: Accounts) -> None:
    ada = await world.users.create("ada", "old")
    script = await world.auth.authenticate(
        Bearer((await world.tokens.create(ada)).id, from_cookie=False), address=ADDRESS
    )
    browsers = []
    for _ in range(2):
        token = await world.auth.sign_in("ada", "old", address=ADDRESS, remember=False, agent="Firefox")
        browsers.append(await world.auth.authenticate(Bearer(token.id, from_cookie=True), address=ADDRESS))
    by_password = await world.auth.authenticate(Password("ada", "old"), address=ADDRESS)
    mine, other = browsers
    await world.users.change(ada, UserChange(password="new"), by=ROOT, session=mine)
    assert [one.is_over for one in (script, mine, other, by_password)] == [False, False, True, True]
    with pytest.raises(InvalidCredentials):
        await world.auth.authenticate(Password("ada", "old"), address=ADDRESS)
    world.clock.now += 60
    await world.auth.authenticate(Password("ada", "new"), address=ADDRESS)
