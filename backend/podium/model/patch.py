"""Patches of before XenServer 7.1: what a pool holds, and what is applied to a host."""

from typing import Literal, NamedTuple

from msgspec import UNSET

from podium.model.base import Lookup, Maybe, PoolObject, Resource
from podium.model.dates import timestamp
from podium.model.identity import object_id
from podium.xapi.records import Host_patchRecord, Pool_patchRecord, Ref


class Applied(NamedTuple):
    """What the patches of hosts show of the pool's patch."""

    everywhere: bool
    guidance: tuple[str, ...]


def applied(record: Pool_patchRecord) -> Applied:
    """Fact: what the patches of hosts show of the pool's patch."""
    return Applied(record.pool_applied, record.after_apply_guidance)


_UNKNOWN = Applied(everywhere=False, guidance=())


class Patch(
    PoolObject,
    frozen=True,
    kw_only=True,
    gc=False,
    rename={"host": "$host", "enforce_homogeneity": "enforceHomogeneity"},
):
    """A patch on a host. `pool_patch` is the id of what was applied; `size` is bytes, `time` seconds."""

    type: Literal["patch"] = "patch"
    host: str | Maybe = UNSET
    applied: bool
    description: str
    enforce_homogeneity: bool
    guidance: tuple[str, ...]
    name: str
    pool_patch: str | Maybe = UNSET
    size: int
    time: int | None


class PoolPatch(
    PoolObject,
    frozen=True,
    kw_only=True,
    gc=False,
    rename={"host_patches": "$host_patches", "data_uuid": "dataUuid"},
):
    """A patch that the pool holds. `id` and `uuid` are its ref, `data_uuid` its XAPI uuid; `size` is bytes."""

    type: Literal["pool_patch"] = "pool_patch"
    host_patches: tuple[str | None, ...]
    data_uuid: str
    description: str
    guidance: tuple[str, ...]
    name: str
    size: int


RESOURCES = (
    Resource(type="patch", collection="patches", struct=Patch, privilege="patch", title="patch"),
    Resource(
        type="pool_patch", collection="pool-patches", struct=PoolPatch, privilege="pool-patch", title="pool patch"
    ),
)


def patch(ref: Ref, record: Host_patchRecord, look: Lookup) -> Patch:
    source = look.fact(Pool_patchRecord, record.pool_patch, applied) or _UNKNOWN
    return Patch(
        id=object_id(ref, record, look.pool_id),
        uuid=record.uuid,
        pool=look.pool_id,
        pool_id=look.pool_id,
        xapi_ref=ref,
        host=look.link(record.host),
        applied=record.applied,
        description=record.name_description,
        enforce_homogeneity=source.everywhere,
        guidance=source.guidance,
        name=record.name_label,
        pool_patch=look.link(record.pool_patch),
        size=record.size,
        time=timestamp(record.timestamp_applied),
    )


def pool_patch(ref: Ref, record: Pool_patchRecord, look: Lookup) -> PoolPatch:
    return PoolPatch(
        id=ref,
        uuid=ref,
        pool=look.pool_id,
        pool_id=look.pool_id,
        xapi_ref=ref,
        host_patches=look.links(record.host_patches),
        data_uuid=record.uuid,
        description=record.name_description,
        guidance=record.after_apply_guidance,
        name=record.name_label,
        size=record.size,
    )
