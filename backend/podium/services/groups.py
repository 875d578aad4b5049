"""Groups of users. A provider's groups are kept as the provider has them, and changed by nobody here."""

from datetime import UTC, datetime
from uuid import uuid4

import msgspec
from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError

from podium.db.group import GroupRow, MembershipRow
from podium.errors import Forbidden, NameTaken, NotFound
from podium.model.role import Group
from podium.services.access import Viewer
from podium.services.people import People, group_of, insert, with_one, without
from podium.services.rights.holding import require_gains
from podium.services.users import key_of


class Groups:
    """Each method returns when the cache shows its effect and everybody's rights have followed."""

    def __init__(self, people: People) -> None:
        self._people = people

    async def create(self, name: str, *, by: Viewer) -> str:
        """The new group's id. Raises MissingPrivileges, NameTaken, InvalidParameters."""
        by.require("create", "group", {"name": name})
        row = GroupRow(id=str(uuid4()), name=name, name_key=key_of(name), created=datetime.now(UTC))
        async with self._people.writing:
            try:
                async with self._people.database.begin() as tx:
                    tx.add(row)
            except IntegrityError as error:
                raise NameTaken(name) from error
            self._people.show([group_of(row, (), ())])
        return row.id

    async def rename(self, group_id: str, name: str | None, *, by: Viewer) -> None:
        """None: nothing changes. Raises NotFound, MissingPrivileges, Forbidden (a provider's), NameTaken."""
        async with self._people.writing:
            group = self._own(group_id, "update:name", by)
            if name is None or name == group.name:
                return
            try:
                async with self._people.database.begin() as tx:
                    changed = update(GroupRow).where(GroupRow.id == group_id).values(name=name, name_key=key_of(name))
                    await tx.execute(changed)
            except IntegrityError as error:
                raise NameTaken(name) from error
            self._people.show([msgspec.structs.replace(group, name=name)])

    async def delete(self, group_id: str, *, by: Viewer) -> None:
        """Its members lose what it gave them. Raises NotFound, MissingPrivileges, CannotGrant."""
        async with self._people.writing:
            group = self._people.group(group_id)
            by.require("delete", "group", group)
            require_gains(by, self._people.grants(group.acl_role_ids), ())
            async with self._people.database.begin() as tx:
                await tx.execute(delete(GroupRow).where(GroupRow.id == group_id))
            roles = [
                msgspec.structs.replace(role, group_ids=without(role.group_ids, group_id))
                for role in map(self._people.role, group.acl_role_ids)
            ]
            users = self._people.regrouped(group.users, group_id, member=False)
            self._people.show([*roles, *users], [group_id], touched=group.users)

    async def add_user(self, group_id: str, user_id: str, *, by: Viewer) -> None:
        """Who is in it already stays. Raises NotFound, MissingPrivileges, CannotGrant, Forbidden (a provider's)."""
        async with self._people.writing:
            group = self._own(group_id, "update:users", by)
            self._people.user(user_id)
            if user_id in group.users:
                return
            require_gains(by, (), self._people.grants(group.acl_role_ids))
            await insert(self._people, MembershipRow(group_id=group_id, user_id=user_id), gone=user_id)
            self._show(group, user_id, member=True)

    async def remove_user(self, group_id: str, user_id: str, *, by: Viewer) -> None:
        """Raises NotFound, MissingPrivileges, CannotGrant, Forbidden (a provider's)."""
        async with self._people.writing:
            group = self._own(group_id, "update:users", by)
            if user_id not in group.users:
                raise NotFound("member", user_id)
            require_gains(by, self._people.grants(group.acl_role_ids), ())
            await self._remove(group, user_id)

    async def _remove(self, group: Group, user_id: str) -> None:
        async with self._people.database.begin() as tx:
            await tx.execute(
                delete(MembershipRow).where(MembershipRow.group_id == group.id, MembershipRow.user_id == user_id)
            )
        self._show(group, user_id, member=False)

    def _show(self, group: Group, user_id: str, *, member: bool) -> None:
        users = with_one(group.users, user_id) if member else without(group.users, user_id)
        theirs = self._people.regrouped([user_id], group.id, member=member)
        self._people.show([msgspec.structs.replace(group, users=users), *theirs], touched=[user_id])

    def _own(self, group_id: str, action: str, by: Viewer) -> Group:
        """A group that is no provider's, if the viewer may do that to it."""
        group = self._people.group(group_id)
        by.require(action, "group", group)
        if isinstance(group.provider, str):
            raise Forbidden(f"the group {group.name} is kept as {group.provider} has it: change it there")
        return group
