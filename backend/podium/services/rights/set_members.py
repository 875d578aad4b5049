"""Members of resource sets: who they are, and what that gives them beside their roles."""

from collections.abc import Iterator
from typing import Final

from podium.cache.objects import Objects
from podium.model.resource_set import ResourceSet
from podium.model.role import Group
from podium.services.rights.grant import Grant

LENT: Final = ("vm-template", "sr", "network")
"""RBAC resources of what a set may have among its objects."""


def sets_of(objects: Objects) -> Iterator[ResourceSet]:
    """Every set, by id."""
    for entry in objects.ordered("resource-set"):
        if isinstance(entry.object, ResourceSet):
            yield entry.object


def members(objects: Objects, one: ResourceSet) -> set[str]:
    """The users among a set's subjects, and those in its groups."""
    found = set(one.subjects)
    for entry in objects.of_type("group").values():
        if entry.id in found and isinstance(entry.object, Group):
            found.update(entry.object.users)
    return found


def implied(objects: Objects, user_id: str) -> frozenset[Grant]:
    """What the sets give to a user beside his roles, as privileges.

    He sees his sets and what they lend, and does to VMs of theirs that he made, or that are shared, what their owner
    may; what is inside those VMs included. What the sets name may come and go: that changes none of it.
    """
    grants: set[Grant] = set()
    for one in sets_of(objects):
        if user_id not in members(objects, one):
            continue
        grants.add(Grant("resource-set", "read", selector=f'id:="{one.id}"'))
        mine = f'resourceSet:="{one.id}" creation:user:="{user_id}"'
        grants.add(Grant("vm", "*", selector=mine, reach="inside"))
        for vm_id in one.shared or ():
            grants.add(Grant("vm", "*", selector=f'id:="{vm_id}" resourceSet:="{one.id}"', reach="inside"))
        grants.update(Grant(kind, "read", selector=f'id:="{lent}"') for lent in one.objects for kind in LENT)
    return frozenset(grants)
