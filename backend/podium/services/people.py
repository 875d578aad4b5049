"""People: groups, roles and privileges as the database has them, shown in the cache and felt at once."""

import asyncio
from collections.abc import Iterable
from typing import TypeVar

import msgspec
from msgspec import UNSET
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from podium.cache.objects import Objects
from podium.db.base import Database
from podium.db.group import GroupRow, MembershipRow
from podium.db.role import PrivilegeRow, RoleOfGroupRow, RoleOfUserRow, RoleRow
from podium.errors import NotFound
from podium.model.base import XoObject
from podium.model.role import Group, Privilege, Role
from podium.model.user import User
from podium.services.rights.grant import Grant
from podium.services.rights.rights import Rights
from podium.services.role_templates import templates

T = TypeVar("T", bound=XoObject)


class People:
    """What the services of groups, roles and privileges share.

    Writes go one after the other (`writing`): whether somebody holds what he grants is asked of the state that his
    grant changes. They are committed first; `show` is then one step of the cache, in which everybody's rights follow.
    """

    def __init__(self, database: Database, objects: Objects, rights: Rights) -> None:
        self.database = database
        self.rights = rights
        self.writing = asyncio.Lock()
        self._objects = objects

    async def load(self) -> None:
        """Show everything in the cache. Once, at start, before the users."""
        async with self.database.read() as tx:
            in_groups = await _links(tx, MembershipRow.group_id, MembershipRow.user_id)
            of_users = await _links(tx, RoleOfUserRow.role_id, RoleOfUserRow.user_id)
            of_groups = await _links(tx, RoleOfGroupRow.role_id, RoleOfGroupRow.group_id)
            privileges = [privilege_of(row) for row in await tx.scalars(select(PrivilegeRow))]
            roles = list(await tx.scalars(select(RoleRow)))
            groups = list(await tx.scalars(select(GroupRow)))
        by_role: dict[str, list[str]] = {}
        for privilege in sorted(privileges, key=lambda one: one.id):
            by_role.setdefault(privilege.role_id, []).append(privilege.id)
        roles_of_group: dict[str, list[str]] = {}
        for role_id, group_ids in sorted(of_groups.items()):
            for group_id in group_ids:
                roles_of_group.setdefault(group_id, []).append(role_id)
        built_in, theirs = templates()
        self._objects.apply(
            None,
            [
                *(group_of(row, in_groups.get(row.id, ()), roles_of_group.get(row.id, ())) for row in groups),
                *built_in,
                *(
                    role_of(row, of_users.get(row.id, ()), of_groups.get(row.id, ()), by_role.get(row.id, ()))
                    for row in roles
                ),
                *theirs,
                *privileges,
            ],
        )

    async def reload_groups(self, group_ids: set[str]) -> None:
        """Show these groups as the database has them: a provider's sign-in has written there."""
        async with self.writing:
            async with self.database.read() as tx:
                rows = list(await tx.scalars(select(GroupRow).where(GroupRow.id.in_(group_ids))))
                links = select(MembershipRow.group_id, MembershipRow.user_id).where(
                    MembershipRow.group_id.in_(group_ids)
                )
                members: dict[str, set[str]] = {}
                for group_id, user_id in await tx.execute(links):
                    members.setdefault(group_id, set()).add(user_id)
            for row in rows:
                entry = self._objects.of_type("group").get(row.id)
                old = entry.object if entry is not None and isinstance(entry.object, Group) else None
                was, now = set(old.users if old is not None else ()), members.get(row.id, set())
                users = [
                    *self.regrouped(now - was, row.id, member=True),
                    *self.regrouped(was - now, row.id, member=False),
                ]
                roles = old.acl_role_ids if old is not None else ()
                self.show([group_of(row, now, roles), *users], touched=was ^ now)

    def group(self, group_id: str) -> Group:
        """Raises NotFound."""
        return self._find(Group, "group", group_id)

    def role(self, role_id: str) -> Role:
        """Raises NotFound."""
        return self._find(Role, "acl-role", role_id)

    def privilege(self, privilege_id: str) -> Privilege:
        """Raises NotFound."""
        return self._find(Privilege, "acl-privilege", privilege_id)

    def user(self, user_id: str) -> User:
        """Raises NotFound."""
        return self._find(User, "user", user_id)

    def groups_of(self, user_id: str) -> tuple[str, ...]:
        """The ids of the user's groups."""
        return tuple(group.id for group in self.rights.groups(user_id))

    def grants(self, role_ids: Iterable[str]) -> set[Grant]:
        """What the roles hold."""
        return {Grant.of(one) for role_id in role_ids for one in self.rights.of_role(self.role(role_id))}

    def group_names(self) -> dict[str, str]:
        """By id, the names of all groups."""
        return {
            entry.id: entry.object.name for entry in self._objects.ordered("group") if isinstance(entry.object, Group)
        }

    def show(self, shown: Iterable[XoObject], gone: Iterable[str] = (), *, touched: Iterable[str] = ()) -> None:
        """One step of the cache; `touched` are the users whose rights may have changed with it."""
        self._objects.apply(None, shown, gone)
        self.rights.refresh(touched)

    def regrouped(self, user_ids: Iterable[str], group_id: str, *, member: bool) -> list[User]:
        """These users with the group added to, or taken from, the list of theirs."""
        found = []
        for user_id in user_ids:
            entry = self._objects.of_type("user").get(user_id)
            if entry is not None and isinstance(entry.object, User):
                others = set(entry.object.groups) - {group_id}
                groups = tuple(sorted(others | {group_id} if member else others))
                found.append(msgspec.structs.replace(entry.object, groups=groups))
        return found

    def forget_user(self, user_id: str) -> None:
        """A user is gone, and with him, in the database, whatever named him."""
        shown: list[XoObject] = [
            msgspec.structs.replace(group, users=without(group.users, user_id)) for group in self.rights.groups(user_id)
        ]
        for entry in self._objects.ordered("acl-role"):
            if isinstance(entry.object, Role) and user_id in entry.object.user_ids:
                user_ids = without(entry.object.user_ids, user_id)
                shown.append(msgspec.structs.replace(entry.object, user_ids=user_ids))
        self.show(shown, touched=[user_id])

    def _find(self, struct: type[T], kind: str, object_id: str) -> T:
        entry = self._objects.of_type(kind).get(object_id)
        if entry is None or not isinstance(entry.object, struct):
            raise NotFound(kind, object_id)
        return entry.object


def group_of(row: GroupRow, users: Iterable[str], role_ids: Iterable[str]) -> Group:
    return Group(
        id=row.id,
        name=row.name,
        users=tuple(sorted(users)),
        acl_role_ids=tuple(sorted(role_ids)),
        provider=row.provider or UNSET,
        provider_group_id=UNSET if row.provider_group_id is None else row.provider_group_id,
    )


def role_of(row: RoleRow, user_ids: Iterable[str], group_ids: Iterable[str], privilege_ids: Iterable[str]) -> Role:
    return Role(
        id=row.id,
        name=row.name,
        description=UNSET if row.description is None else row.description,
        is_template=False,
        role_template_id=UNSET if row.template_id is None else row.template_id,
        user_ids=tuple(sorted(user_ids)),
        group_ids=tuple(sorted(group_ids)),
        privilege_ids=tuple(sorted(privilege_ids)),
    )


def privilege_of(row: PrivilegeRow) -> Privilege:
    return Privilege(
        id=row.id,
        role_id=row.role_id,
        resource=row.resource,
        action=row.action,
        effect="deny" if row.effect == "deny" else "allow",
        selector=UNSET if row.selector is None else row.selector,
        reach="inside" if row.reach == "inside" else "self",
    )


def with_one(ids: tuple[str, ...], one: str) -> tuple[str, ...]:
    return tuple(sorted({*ids, one}))


def without(ids: tuple[str, ...], one: str) -> tuple[str, ...]:
    return tuple(each for each in ids if each != one)


async def insert(people: People, *rows: object, gone: str) -> None:
    """Write rows that name others. Raises NotFound for `gone`, when what they name has just been deleted."""
    try:
        async with people.database.begin() as tx:
            tx.add_all(rows)
    except IntegrityError as error:
        raise NotFound("object", gone) from error


async def _links(tx: AsyncSession, one: object, other: object) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for left, right in await tx.execute(select(one, other)):  # type: ignore[call-overload]  # columns of any table
        found.setdefault(left, []).append(right)
    return found
