"""Resource sets: what some users may make VMs of, and how much of it (Xen Orchestra's self-service)."""

from typing import Literal

import msgspec

from podium.model.base import Maybe, Resource, XoObject

LimitName = Literal["cpus", "memory", "disk", "vms", "snapshots"]


class ResourceLimit(msgspec.Struct, frozen=True, gc=False):
    """Of one kind: how much there may be, is used, and is left; bytes for memory and disk.

    `available` is negative where the limit was lowered, or a VM changed elsewhere.
    """

    total: int
    usage: int
    available: int


class ResourceUsage(msgspec.Struct, frozen=True, gc=False):
    """What the VMs of a set come to, running or not; bytes for memory and disk."""

    cpus: int = 0
    memory: int = 0
    disk: int = 0
    vms: int = 0
    snapshots: int = 0


class ResourceSet(XoObject, frozen=True, kw_only=True, gc=False):
    """`subjects`: ids of users and groups; `objects`: ids of templates, SRs and networks.

    `shared`: ids of those of its VMs that are everybody's in the set; the others are their creator's. What has no
    limit is not limited. `usage` and the limits follow the pools.
    """

    name: str
    subjects: tuple[str, ...]
    objects: tuple[str, ...]
    shared: tuple[str, ...] | Maybe = msgspec.UNSET
    limits: dict[LimitName, ResourceLimit]
    usage: ResourceUsage


RESOURCES = (
    Resource(
        type="resource-set",
        collection="resource-sets",
        struct=ResourceSet,
        privilege="resource-set",
        title="resource set",
    ),
)
