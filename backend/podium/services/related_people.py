"""What belongs to users, groups and roles: each other, as sub-collections list them."""

from collections.abc import Iterable, Sequence

from podium.cache.entry import Entry
from podium.cache.objects import Objects
from podium.model.role import Group, Role
from podium.model.user import User


def groups(objects: Objects, of: Entry) -> Sequence[Entry]:
    """The groups that a user is in, or that have a role."""
    if isinstance(of.object, Role):
        return _entries(objects, "group", of.object.group_ids)
    return [one for one in objects.ordered("group") if isinstance(one.object, Group) and of.id in one.object.users]


def users(objects: Objects, of: Entry) -> Sequence[Entry]:
    """The members of a group, or the users who have a role by themselves."""
    if isinstance(of.object, Role):
        return _entries(objects, "user", of.object.user_ids)
    return _entries(objects, "user", of.object.users) if isinstance(of.object, Group) else ()


def roles(objects: Objects, of: Entry) -> Sequence[Entry]:
    """The roles of a group; of a user, also those of his groups."""
    if isinstance(of.object, Group):
        return _entries(objects, "acl-role", of.object.acl_role_ids)
    through = {one.id for one in groups(objects, of)} if isinstance(of.object, User) else set[str]()
    return [
        one
        for one in objects.ordered("acl-role")
        if isinstance(one.object, Role)
        and (of.id in one.object.user_ids or not through.isdisjoint(one.object.group_ids))
    ]


def privileges(objects: Objects, of: Entry) -> Sequence[Entry]:
    """The privileges of a role; of a user, all that he holds."""
    holders = [of] if isinstance(of.object, Role) else roles(objects, of)
    ids = {
        privilege_id
        for holder in holders
        if isinstance(holder.object, Role)
        for privilege_id in holder.object.privilege_ids
    }
    return _entries(objects, "acl-privilege", sorted(ids))


def _entries(objects: Objects, kind: str, ids: Iterable[str]) -> Sequence[Entry]:
    found = (objects.of_type(kind).get(one) for one in ids)
    return [one for one in found if one is not None]
