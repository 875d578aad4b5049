"""Storage repositories."""

from functools import lru_cache
from typing import Literal

from msgspec import UNSET

from podium.model.base import Lookup, Maybe, PoolObject, Resource
from podium.model.identity import object_id
from podium.model.pbd import pbd_host, provisioning
from podium.xapi.records import PBDRecord, Ref, SRRecord

AllocationStrategy = Literal["thin", "thick", "unknown"]

_THIN = frozenset({"ext", "file", "nfs", "shm", "smb", "zfs"})
_THICK = frozenset({"hba", "iscsi", "udev"})
_THICK_FAMILIES = ("lvhd", "lvm", "ocfs", "raw")


def local_pbd(record: SRRecord) -> Ref | None:
    """Fact: the first PBD of an SR that is not shared; None for the others."""
    return record.PBDs[0] if record.PBDs and not record.shared else None


class SR(
    PoolObject,
    frozen=True,
    kw_only=True,
    gc=False,
    rename={
        "container": "$container",
        "pbds": "$PBDs",
        "sr_type": "SR_type",
        "vdis": "VDIs",
        "allocation_strategy": "allocationStrategy",
        "in_maintenance_mode": "inMaintenanceMode",
    },
):
    """A storage repository. Sizes are bytes. `container`: the pool, or the only host that has it."""

    type: Literal["SR"] = "SR"
    name_label: str
    name_description: str
    tags: tuple[str, ...]
    container: str
    pbds: tuple[str | None, ...]
    vdis: tuple[str | None, ...]
    sr_type: str
    allocation_strategy: AllocationStrategy | Maybe = UNSET
    content_type: str
    current_operations: dict[str, str]
    in_maintenance_mode: bool
    other_config: dict[str, str]
    physical_usage: int
    shared: bool
    size: int
    sm_config: dict[str, str]
    usage: int


RESOURCES = (Resource(type="SR", collection="srs", struct=SR, privilege="sr", title="storage repository"),)


def sr(ref: Ref, record: SRRecord, look: Lookup) -> SR:
    return SR(
        id=object_id(ref, record, look.pool_id),
        uuid=record.uuid,
        pool=look.pool_id,
        pool_id=look.pool_id,
        xapi_ref=ref,
        name_label=record.name_label,
        name_description=record.name_description,
        tags=record.tags,
        container=_container(record, look),
        pbds=look.links(record.PBDs),
        vdis=look.links(record.VDIs),
        sr_type=record.type,
        allocation_strategy=_linstor(record, look) if record.type == "linstor" else allocation_strategy(record.type),
        content_type=record.content_type,
        current_operations=record.current_operations,
        in_maintenance_mode="xo:maintenanceState" in record.other_config,
        other_config=record.other_config,
        physical_usage=record.physical_utilisation,
        shared=record.shared,
        size=record.physical_size,
        sm_config=record.sm_config,
        usage=record.virtual_allocation,
    )


@lru_cache(maxsize=64)
def allocation_strategy(sr_type: str) -> AllocationStrategy | Maybe:
    """How SRs of that type give space to disks; UNSET where that says nothing (iso) or is not known."""
    if sr_type in _THIN:
        return "thin"
    if sr_type in _THICK or sr_type.startswith(_THICK_FAMILIES):
        return "thick"
    return UNSET


def _linstor(record: SRRecord, look: Lookup) -> AllocationStrategy:
    """LINSTOR does both; its PBDs say which."""
    found = look.fact(PBDRecord, record.PBDs[0], provisioning) if record.PBDs else None
    match found:
        case "thin" | "thick":
            return found
        case _:
            return "unknown"


def _container(record: SRRecord, look: Lookup) -> str:
    pbd = local_pbd(record)
    host = look.fact(PBDRecord, pbd, pbd_host) if pbd is not None else None
    found = look.link(host) if host is not None else UNSET
    return look.pool_id if found is UNSET else found
