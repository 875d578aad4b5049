"""Privileges: what a role allows and denies, one by one."""

from typing import Any, Final, get_args

import msgspec
from msgspec import UNSET
from sqlalchemy import delete, update

from podium.cache.filter import parse_filter
from podium.cache.filter_parser import Property, Text
from podium.cache.objects import Objects
from podium.db.role import PrivilegeRow
from podium.errors import FilterSyntax, InvalidParameters
from podium.model.registry import RESOURCES
from podium.model.role import Effect, Reach
from podium.services.access import Viewer
from podium.services.catalogue import require_known
from podium.services.people import People, insert, privilege_of, with_one, without
from podium.services.rights.grant import Grant
from podium.services.rights.holding import require_gains
from podium.services.roles import new_privilege, require_own

MOST_SEARCHES: Final = 5
"""Bare words and regular expressions in one selector: they look at all that an object holds, for each one seen."""
MOST_OF_ROLE: Final = 1_000


class PrivilegeChange(msgspec.Struct, frozen=True, kw_only=True):
    """What to change; None: leave it. `selector` "": any object."""

    resource: str | None = None
    action: str | None = None
    effect: Effect | None = None
    selector: str | None = None
    reach: Reach | None = None


class Privileges:
    """Each method returns when the cache shows its effect and everybody's rights have followed."""

    def __init__(self, people: People, objects: Objects) -> None:
        self._people = people
        self._objects = objects

    async def create(self, role_id: str, grant: Grant, *, by: Viewer) -> tuple[str, list[str]]:
        """The new privilege's id, and warnings in words.

        Raises NotFound, MissingPrivileges, CannotGrant, Forbidden (a template's), InvalidParameters.
        """
        require_sound(grant)
        by.require_any("create", "acl-privilege")
        async with self._people.writing:
            role = self._people.role(role_id)
            by.require("create", "acl-privilege", {**_body(grant), "roleId": role_id})
            require_own(role)
            if len(role.privilege_ids) >= MOST_OF_ROLE:
                raise InvalidParameters(f"a role has at most {MOST_OF_ROLE} privileges")
            require_gains(by, (), [grant])
            row = new_privilege(role_id, grant)
            await insert(self._people, row, gone=role_id)
            changed = msgspec.structs.replace(role, privilege_ids=with_one(role.privilege_ids, row.id))
            self._people.show([changed, privilege_of(row)], touched=self._people.rights.holders(role))
        return row.id, warnings_of(grant, self._objects)

    async def update(self, privilege_id: str, change: PrivilegeChange, *, by: Viewer) -> list[str]:
        """Warnings in words. Raises as `create`."""
        async with self._people.writing:
            privilege = self._people.privilege(privilege_id)
            changes: dict[str, Any] = {
                field: value for field, value in msgspec.structs.asdict(change).items() if value is not None
            }
            for field in changes:
                by.require(f"update:{field}", "acl-privilege", privilege)
            role = self._people.role(privilege.role_id)
            require_own(role)
            before = Grant.of(privilege)
            after = before._replace(**changes)
            require_sound(after)
            require_gains(by, [before], [after])
            if after != before:
                values = {**after._asdict(), "selector": after.selector or None}
                async with self._people.database.begin() as tx:
                    await tx.execute(update(PrivilegeRow).where(PrivilegeRow.id == privilege_id).values(**values))
                shown = msgspec.structs.replace(privilege, **{**values, "selector": after.selector or UNSET})
                self._people.show([shown], touched=self._people.rights.holders(role))
        return warnings_of(after, self._objects)

    async def delete(self, privilege_id: str, *, by: Viewer) -> None:
        """Raises NotFound, MissingPrivileges, CannotGrant (what it denied), Forbidden (a template's)."""
        async with self._people.writing:
            privilege = self._people.privilege(privilege_id)
            by.require("delete", "acl-privilege", privilege)
            role = self._people.role(privilege.role_id)
            require_own(role)
            require_gains(by, [Grant.of(privilege)], ())
            async with self._people.database.begin() as tx:
                await tx.execute(delete(PrivilegeRow).where(PrivilegeRow.id == privilege_id))
            changed = msgspec.structs.replace(role, privilege_ids=without(role.privilege_ids, privilege_id))
            self._people.show([changed], [privilege_id], touched=self._people.rights.holders(role))


def require_sound(grant: Grant) -> None:
    """Raises InvalidParameters for what is not in the catalogue, or a selector that is none or costs too much."""
    require_known(grant.resource, grant.action, inside=grant.reach == "inside")
    if grant.effect not in get_args(Effect) or grant.reach not in get_args(Reach):
        raise InvalidParameters("no such effect or reach")
    try:
        searches = parse_filter(grant.selector).searches
    except FilterSyntax as error:
        raise InvalidParameters(
            f"selector: {error}", errors=[{"loc": ["body", "selector"], "msg": str(error)}]
        ) from error
    if searches > MOST_SEARCHES:
        text = (
            f"a selector has at most {MOST_SEARCHES} bare words and regular expressions: name the property to look at"
        )
        raise InvalidParameters(text, errors=[{"loc": ["body", "selector"], "msg": text}])


def warnings_of(grant: Grant, objects: Objects) -> list[str]:
    """Where a word of the selector is a part of longer tags that are in use, and selects those as well."""
    found = []
    for term in parse_filter(grant.selector).node.terms:
        if not (isinstance(term, Property) and term.name == "tags" and isinstance(term.term, Text)):
            continue
        text = term.term.text
        tags = {tag for tag in _tags(grant.resource, objects) if text.lower() in tag.lower() and tag != text}
        if tags:
            some = ", ".join(sorted(tags)[:10])
            found.append(
                f"tags:{text} selects any tag with {text} in it, today also {some}; tags:={text} only that one"
            )
    return found


def _tags(resource: str, objects: Objects) -> set[str]:
    found: set[str] = set()
    for kind in (one.type for one in RESOURCES if one.privilege == resource):
        for entry in objects.of_type(kind).values():
            found.update(getattr(entry.object, "tags", ()))
    return found


def _body(grant: Grant) -> dict[str, object]:
    return {**grant._asdict(), "selector": grant.selector or UNSET}
