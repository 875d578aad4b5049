"""Roles: made, copied, changed, and given to users and groups."""

from datetime import UTC, datetime
from uuid import uuid4

import msgspec
from msgspec import UNSET
from sqlalchemy import delete, update

from podium.db.role import PrivilegeRow, RoleOfGroupRow, RoleOfUserRow, RoleRow
from podium.errors import Conflict, Forbidden, NotFound
from podium.model.role import Privilege, Role
from podium.services.access import Viewer
from podium.services.people import People, insert, privilege_of, role_of, with_one, without
from podium.services.rights.grant import Grant
from podium.services.rights.holding import require_gains, require_held


class Roles:
    """Each method returns when the cache shows its effect and everybody's rights have followed."""

    def __init__(self, people: People) -> None:
        self._people = people

    async def create(self, name: str, description: str | None, *, by: Viewer) -> str:
        """An empty role: its id. Raises MissingPrivileges."""
        by.require("create", "acl-role", _body(name, description))
        row = new_role(name, description)
        async with self._people.writing:
            async with self._people.database.begin() as tx:
                tx.add(row)
            self._people.show([role_of(row, (), (), ())])
        return row.id

    def require_copy(self, role_id: str, *, by: Viewer) -> None:
        """What can be said before it is begun. Raises NotFound, MissingPrivileges."""
        by.require("read", "acl-role", self._people.role(role_id))
        by.require("create", "acl-role", {})

    async def copy(self, role_id: str, name: str | None, description: str | None, *, by: Viewer) -> str:
        """A role of one's own with the same privileges: its id. Raises NotFound, MissingPrivileges, CannotGrant."""
        async with self._people.writing:
            role = self._people.role(role_id)
            by.require("read", "acl-role", role)
            name = name or f"{role.name} (copy)"
            description = description or (role.description if isinstance(role.description, str) else None)
            by.require("create", "acl-role", _body(name, description))
            originals = self._people.rights.of_role(role)
            for one in originals:
                by.require("create", "acl-privilege", msgspec.to_builtins(one))
            require_held(by, [Grant.of(one) for one in originals if one.effect == "allow"])
            template_id = role.id if role.is_template else role.role_template_id
            row = new_role(name, description, template_id=template_id if isinstance(template_id, str) else None)
            rows = [new_privilege(row.id, Grant.of(one)) for one in originals]
            await write_role(self._people, row, rows)
        return row.id

    async def update(self, role_id: str, name: str | None, description: str | None, *, by: Viewer) -> None:
        """What is None stays. Raises NotFound, MissingPrivileges, Forbidden (a template)."""
        async with self._people.writing:
            role = self._people.role(role_id)
            changes = {"name": name, "description": description}
            changes = {field: value for field, value in changes.items() if value is not None}
            for field in changes:
                by.require(f"update:{field}", "acl-role", role)
            require_own(role)
            if changes:
                async with self._people.database.begin() as tx:
                    await tx.execute(update(RoleRow).where(RoleRow.id == role_id).values(**changes))
                self._people.show([msgspec.structs.replace(role, **changes)])

    async def delete(self, role_id: str, *, by: Viewer) -> None:
        """Whoever had it loses it. Raises NotFound, MissingPrivileges, CannotGrant, Forbidden (a template)."""
        async with self._people.writing:
            role = self._people.role(role_id)
            by.require("delete", "acl-role", role)
            require_own(role)
            require_gains(by, self._people.grants([role_id]), ())
            async with self._people.database.begin() as tx:
                await tx.execute(delete(RoleRow).where(RoleRow.id == role_id))
            groups = [
                msgspec.structs.replace(group, acl_role_ids=without(group.acl_role_ids, role_id))
                for group in map(self._people.group, role.group_ids)
            ]
            touched = self._people.rights.holders(role)
            self._people.show(groups, [role_id, *role.privilege_ids], touched=touched)

    async def assign_user(self, role_id: str, user_id: str, *, by: Viewer) -> None:
        """Raises NotFound, MissingPrivileges, CannotGrant, Forbidden (a template), Conflict (he has it)."""
        async with self._people.writing:
            role = self._assignable(role_id, "update:users", by)
            user = self._people.user(user_id)
            if user_id in role.user_ids:
                raise Conflict(f"{user.name} has the role {role.name} already")
            require_gains(by, (), self._people.grants([role_id]))
            await give_to_user(self._people, role, user_id)

    async def unassign_user(self, role_id: str, user_id: str, *, by: Viewer) -> None:
        """Raises NotFound, MissingPrivileges, CannotGrant (what the role denied)."""
        async with self._people.writing:
            role = self._assignable(role_id, "update:users", by)
            if user_id not in role.user_ids:
                raise NotFound("user with this role", user_id)
            require_gains(by, self._people.grants([role_id]), ())
            link = delete(RoleOfUserRow).where(RoleOfUserRow.role_id == role_id, RoleOfUserRow.user_id == user_id)
            async with self._people.database.begin() as tx:
                await tx.execute(link)
            changed = msgspec.structs.replace(role, user_ids=without(role.user_ids, user_id))
            self._people.show([changed], touched=[user_id])

    async def assign_group(self, role_id: str, group_id: str, *, by: Viewer) -> None:
        """Raises NotFound, MissingPrivileges, CannotGrant, Forbidden (a template), Conflict (it has it)."""
        async with self._people.writing:
            role = self._assignable(role_id, "update:groups", by)
            group = self._people.group(group_id)
            if group_id in role.group_ids:
                raise Conflict(f"the group {group.name} has the role {role.name} already")
            require_gains(by, (), self._people.grants([role_id]))
            await give_to_group(self._people, role, group_id)

    async def unassign_group(self, role_id: str, group_id: str, *, by: Viewer) -> None:
        """Raises NotFound, MissingPrivileges, CannotGrant (what the role denied)."""
        async with self._people.writing:
            role = self._assignable(role_id, "update:groups", by)
            if group_id not in role.group_ids:
                raise NotFound("group with this role", group_id)
            group = self._people.group(group_id)
            require_gains(by, self._people.grants([role_id]), ())
            link = delete(RoleOfGroupRow).where(RoleOfGroupRow.role_id == role_id, RoleOfGroupRow.group_id == group_id)
            async with self._people.database.begin() as tx:
                await tx.execute(link)
            changed = [
                msgspec.structs.replace(role, group_ids=without(role.group_ids, group_id)),
                msgspec.structs.replace(group, acl_role_ids=without(group.acl_role_ids, role_id)),
            ]
            self._people.show(changed, touched=group.users)

    def _assignable(self, role_id: str, action: str, by: Viewer) -> Role:
        role = self._people.role(role_id)
        by.require(action, "acl-role", role)
        require_own(role)
        return role


def require_own(role: Role) -> None:
    """Raises Forbidden for a template: it is built in."""
    if role.is_template:
        raise Forbidden(f"{role.name} is a built-in template: copy it, and change or assign the copy")


async def give_to_user(people: People, role: Role, user_id: str) -> None:
    """Within `writing`, when it is known that it may be done. Raises NotFound."""
    await insert(people, RoleOfUserRow(role_id=role.id, user_id=user_id), gone=user_id)
    people.show([msgspec.structs.replace(role, user_ids=with_one(role.user_ids, user_id))], touched=[user_id])


async def give_to_group(people: People, role: Role, group_id: str) -> None:
    """Within `writing`, when it is known that it may be done. Raises NotFound."""
    group = people.group(group_id)
    await insert(people, RoleOfGroupRow(role_id=role.id, group_id=group_id), gone=group_id)
    changed = [
        msgspec.structs.replace(role, group_ids=with_one(role.group_ids, group_id)),
        msgspec.structs.replace(group, acl_role_ids=with_one(group.acl_role_ids, role.id)),
    ]
    people.show(changed, touched=group.users)


async def write_role(people: People, row: RoleRow, rows: list[PrivilegeRow]) -> Role:
    """Store and show a new role with its privileges."""
    async with people.database.begin() as tx:
        tx.add(row)
        await tx.flush()
        tx.add_all(rows)
    privileges: list[Privilege] = [privilege_of(one) for one in rows]
    role = role_of(row, (), (), [one.id for one in privileges])
    people.show([role, *privileges])
    return role


def new_role(
    name: str, description: str | None, *, template_id: str | None = None, grant_key: str | None = None
) -> RoleRow:
    return RoleRow(
        id=str(uuid4()),
        name=name,
        description=description,
        template_id=template_id,
        grant_key=grant_key,
        created=datetime.now(UTC),
    )


def new_privilege(role_id: str, grant: Grant) -> PrivilegeRow:
    return PrivilegeRow(
        id=str(uuid4()),
        role_id=role_id,
        resource=grant.resource,
        action=grant.action,
        effect=grant.effect,
        selector=grant.selector or None,
        reach=grant.reach,
        created=datetime.now(UTC),
    )


def _body(name: str, description: str | None) -> dict[str, object]:
    return {"name": name, "description": UNSET if description is None else description}
