"""Classic grants: viewer, operator or admin of one object and of all inside it, as ready-made roles (ANCHOR 4.2)."""

from typing import Final, Literal

from msgspec import UNSET
from sqlalchemy import select

from podium.cache.objects import Objects
from podium.db.role import RoleRow
from podium.errors import Conflict, NotFound
from podium.model.base import PoolObject
from podium.model.role import Role
from podium.services.access import Viewer
from podium.services.catalogue import ACTIONS, CONTAINERS
from podium.services.people import People
from podium.services.rights.grant import Grant
from podium.services.rights.holding import require_held
from podium.services.roles import give_to_group, give_to_user, new_privilege, new_role, write_role

Level = Literal["viewer", "operator", "admin"]

_OPERATES: Final = (
    "read", "start", "shutdown", "reboot", "pause", "unpause", "suspend", "resume", "console", "insert-cd", "eject-cd",
    "connect", "disconnect", "plug", "unplug",
)  # fmt: skip
_LEVELS: Final[dict[Level, tuple[str, ...]]] = {"viewer": ("read",), "operator": _OPERATES, "admin": ("*",)}


class ClassicGrants:
    """Makes the role of an object and a level when it is asked for the first time, and gives it away."""

    def __init__(self, people: People, objects: Objects) -> None:
        self._people = people
        self._objects = objects

    async def grant(
        self, object_id: str, level: Level, *, user_id: str | None, group_id: str | None, by: Viewer
    ) -> str:
        """The role's id. Exactly one of `user_id` and `group_id` is given.

        Raises NotFound, MissingPrivileges, CannotGrant, Conflict (granted already).
        """
        by.require_any("update:groups" if user_id is None else "update:users", "acl-role")
        about = self._objects.get(object_id)
        if about is None or not isinstance(about.object, PoolObject) or not by.sees(about):
            raise NotFound("object", object_id)
        grants = grants_of(about.resource.privilege, object_id, level)
        name = f"{level.capitalize()} of {getattr(about.object, 'name_label', '') or object_id}"[:255]
        async with self._people.writing:
            role = await self._role(f"{level}:{about.resource.privilege}:{object_id}", name, grants, by)
            if user_id is not None:
                self._people.user(user_id)
                by.require("update:users", "acl-role", role)
                if user_id in role.user_ids:
                    raise Conflict("this is granted already")
                require_held(by, self._people.grants([role.id]))
                await give_to_user(self._people, role, user_id)
            elif group_id is not None:
                self._people.group(group_id)
                by.require("update:groups", "acl-role", role)
                if group_id in role.group_ids:
                    raise Conflict("this is granted already")
                require_held(by, self._people.grants([role.id]))
                await give_to_group(self._people, role, group_id)
        return role.id

    async def _role(self, key: str, name: str, grants: list[Grant], by: Viewer) -> Role:
        async with self._people.database.read() as tx:
            role_id = await tx.scalar(select(RoleRow.id).where(RoleRow.grant_key == key))
        if role_id is not None:
            return self._people.role(role_id)
        by.require("create", "acl-role", {"name": name})
        for one in grants:
            by.require("create", "acl-privilege", {**one._asdict(), "roleId": UNSET})
        require_held(by, grants)
        row = new_role(name, "A classic grant: on one object and on all inside it", grant_key=key)
        return await write_role(self._people, row, [new_privilege(row.id, one) for one in grants])


def grants_of(resource: str, object_id: str, level: Level) -> list[Grant]:
    """What a level comes to on one object: the actions that it, or something inside it, knows."""
    holds_others = resource in CONTAINERS
    actions = [
        action
        for action in _LEVELS[level]
        if action == "*" or action in ACTIONS[resource] or (holds_others and action != "read")
    ]
    quoted = object_id.replace("\\", "\\\\").replace('"', '\\"')
    reach: Literal["self", "inside"] = "inside" if holds_others else "self"
    return [Grant(resource, action, "allow", f'id:="{quoted}"', reach) for action in actions]
