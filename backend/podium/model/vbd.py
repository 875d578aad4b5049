"""VBDs: a disk or a CD in a VM."""

from typing import Literal

from msgspec import UNSET

from podium.model.base import Lookup, Maybe, PoolObject, Resource
from podium.model.identity import object_id
from podium.xapi.records import Ref, VBDRecord


def disk(record: VBDRecord) -> Ref | None:
    """Fact: the ref of the disk; None for a CD drive, whose medium does not tie the VM to a place."""
    return None if record.type == "CD" else record.VDI


class VBD(PoolObject, frozen=True, kw_only=True, gc=False, rename={"vdi": "VDI", "vm": "VM"}):
    """A disk or CD drive of a VM. `position` is chosen, `device` ("xvda") is known while it is attached."""

    type: Literal["VBD"] = "VBD"
    attached: bool
    bootable: bool
    device: str | None
    is_cd_drive: bool
    position: str
    read_only: bool
    vdi: str | Maybe = UNSET
    vm: str | Maybe = UNSET


RESOURCES = (Resource(type="VBD", collection="vbds", struct=VBD, privilege="vbd", title="VBD"),)


def vbd(ref: Ref, record: VBDRecord, look: Lookup) -> VBD:
    return VBD(
        id=object_id(ref, record, look.pool_id),
        uuid=record.uuid,
        pool=look.pool_id,
        pool_id=look.pool_id,
        xapi_ref=ref,
        attached=record.currently_attached,
        bootable=record.bootable,
        device=record.device or None,
        is_cd_drive=record.type == "CD",
        position=record.userdevice,
        read_only=record.mode == "RO",
        vdi=look.link(record.VDI),
        vm=look.link(record.VM),
    )
