"""Pools: hosts that share networks and storage."""

from typing import Literal

import msgspec
from msgspec import UNSET

from podium.model.base import Lookup, Maybe, PoolObject, Resource
from podium.model.host import name, platform_version
from podium.model.identity import object_id
from podium.model.numbers import integer
from podium.model.vdi import storage
from podium.xapi.records import HostRecord, PoolRecord, Ref, VDIRecord


def master(record: PoolRecord) -> Ref:
    """Fact: the ref of the host that coordinates the pool."""
    return record.master


class PoolCpus(msgspec.Struct, frozen=True, gc=False):
    cores: int | Maybe = UNSET
    sockets: int | Maybe = UNSET


class Pool(
    PoolObject,
    frozen=True,
    kw_only=True,
    gc=False,
    rename={
        "ha_enabled": "HA_enabled",
        "crash_dump_sr": "crashDumpSr",
        "default_sr": "default_SR",
        "ha_reboot_vm_on_internal_shutdown": "haRebootVmOnInternalShutdown",
        "ha_srs": "haSrs",
        "migration_compression": "migrationCompression",
        "other_config": "otherConfig",
        "suspend_sr": "suspendSr",
        "vtpm_supported": "vtpmSupported",
        "zstd_supported": "zstdSupported",
    },
):
    """A pool. `name_label` is its coordinator's where the pool itself has none."""

    type: Literal["pool"] = "pool"
    name_label: str
    name_description: str
    tags: tuple[str, ...]
    auto_poweron: bool
    cpus: PoolCpus
    crash_dump_sr: str | Maybe = UNSET
    current_operations: dict[str, str]
    default_sr: str | Maybe = UNSET
    ha_enabled: bool
    ha_reboot_vm_on_internal_shutdown: bool
    ha_srs: tuple[str, ...]
    master: str | Maybe = UNSET
    migration_compression: bool
    other_config: dict[str, str]
    platform_version: str | Maybe = UNSET
    suspend_sr: str | Maybe = UNSET
    vtpm_supported: bool
    zstd_supported: bool


RESOURCES = (Resource(type="pool", collection="pools", struct=Pool, privilege="pool", title="pool"),)


def pool(ref: Ref, record: PoolRecord, look: Lookup) -> Pool:
    platform = look.fact(HostRecord, record.master, platform_version)
    restrictions = record.restrictions
    return Pool(
        id=object_id(ref, record, look.pool_id),
        uuid=record.uuid,
        pool=look.pool_id,
        pool_id=look.pool_id,
        xapi_ref=ref,
        name_label=record.name_label or look.fact(HostRecord, record.master, name) or "",
        name_description=record.name_description,
        tags=record.tags,
        auto_poweron=record.other_config.get("auto_poweron") == "true",
        cpus=PoolCpus(integer(record.cpu_info.get("cpu_count")), integer(record.cpu_info.get("socket_count"))),
        crash_dump_sr=look.link(record.crash_dump_SR),
        current_operations=record.current_operations,
        default_sr=look.link(record.default_SR),
        ha_enabled=record.ha_enabled,
        ha_reboot_vm_on_internal_shutdown=record.ha_reboot_vm_on_internal_shutdown,
        ha_srs=_ha_srs(record, look),
        master=look.link(record.master),
        migration_compression=record.migration_compression,
        other_config=record.other_config,
        platform_version=UNSET if platform is None else platform,
        suspend_sr=look.link(record.suspend_image_SR),
        vtpm_supported=restrictions.get("restrict_vtpm") == "false",
        zstd_supported=restrictions.get("restrict_zstd_export") == "false",
    )


def _ha_srs(record: PoolRecord, look: Lookup) -> tuple[str, ...]:
    """The SRs of the HA state files that exist."""
    srs = (look.fact(VDIRecord, vdi, storage) for vdi in record.ha_statefiles)
    return tuple(found for sr in srs if sr is not None and (found := look.link(sr)) is not UNSET)
