"""Groups that a provider decides, on both databases."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select

from podium.db.group import GroupRow, MembershipRow
from podium.services.provider_groups import ProviderGroups
from podium.settings import Settings
from tests.accounts import Accounts, accounts


@pytest.fixture
async def world(settings: Settings) -> AsyncIterator[Accounts]:
    async with accounts(settings) as found:
        yield found


class Told:
    """Which groups were said to have changed."""

    def __init__(self, world: Accounts) -> None:
        self.ids: list[set[str]] = []
        self.groups = ProviderGroups(world.database, changed=self._changed)

    async def _changed(self, ids: set[str]) -> None:
        self.ids.append(ids)


async def members(world: Accounts, user_id: str) -> dict[str, str | None]:
    """The names of the user's groups, and what the provider calls them."""
    async with world.database.read() as tx:
        found = await tx.execute(
            select(GroupRow.name, GroupRow.provider_group_id)
            .join(MembershipRow, MembershipRow.group_id == GroupRow.id)
            .where(MembershipRow.user_id == user_id)
        )
        return {row.name: row.provider_group_id for row in found}


async def test_groups_come_go_and_change_their_names(world: Accounts) -> None:
    ada, bob = await world.users.create("ada", "x"), await world.users.create("bob", "x")
    told = Told(world)
    await told.groups.sync("ldap", ada, {"cn=a": "A", "cn=b": "B"})
    await told.groups.sync("ldap", bob, {"cn=a": "A"})
    assert await members(world, ada) == {"A": "cn=a", "B": "cn=b"}
    assert [len(ids) for ids in told.ids] == [2, 1]
    await told.groups.sync("ldap", ada, {"cn=a": "A", "cn=b": "B"})
    assert len(told.ids) == 2  # nothing changed, and nobody is told
    await told.groups.sync("ldap", ada, {"cn=a": "Another"})
    assert await members(world, ada) == {"Another": "cn=a"}
    assert await members(world, bob) == {"Another": "cn=a"}
    await told.groups.sync("ldap", ada, {})
    assert await members(world, ada) == {}
    assert await members(world, bob) == {"Another": "cn=a"}


async def test_two_groups_of_one_name_are_two(world: Accounts) -> None:
    ada = await world.users.create("ada", "x")
    told = Told(world)
    same = {"cn=ops,ou=paris": "Ops", "cn=ops,ou=rome": "ops", "cn=ops,ou=oslo": "OPS"}
    await told.groups.sync("ldap", ada, same)
    found = await members(world, ada)
    assert len({name.casefold() for name in found}) == 3
    assert set(found.values()) == set(same)
    await told.groups.sync("ldap", ada, same)
    assert await members(world, ada) == found
    assert len(told.ids) == 1


async def test_other_providers_groups_are_others(world: Accounts) -> None:
    ada = await world.users.create("ada", "x")
    told = Told(world)
    await told.groups.sync("ldap", ada, {"staff": "staff"})
    await told.groups.sync("oidc", ada, {"staff": "staff"})
    async with world.database.read() as tx:
        assert len((await tx.scalars(select(GroupRow))).all()) == 2
    await told.groups.sync("oidc", ada, {})
    assert await members(world, ada) == {"staff": "staff"}


async def test_names_that_cannot_be_shown_are_left_out(world: Accounts) -> None:
    ada = await world.users.create("ada", "x")
    told = Told(world)
    names = {"a": "", "b": " ", "c": "x" * 256, "d": "a\0b", "e": "a\nb", "f" * 600: "long", "g": "good", "h": "\ud800"}
    await told.groups.sync("ldap", ada, names)
    assert await members(world, ada) == {"good": "g"}


async def test_of_many_who_arrive_at_once_all_get_in(world: Accounts) -> None:
    users = [await world.users.create(f"user {number}", "x") for number in range(8)]
    told = Told(world)
    await asyncio.gather(*(told.groups.sync("ldap", one, {"cn=new": "New", "cn=two": "Two"}) for one in users))
    for one in users:
        assert await members(world, one) == {"New": "cn=new", "Two": "cn=two"}
    async with world.database.read() as tx:
        assert len((await tx.scalars(select(GroupRow))).all()) == 2
