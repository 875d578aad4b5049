"""PCI devices of hosts."""

from typing import Literal

from msgspec import UNSET

from podium.model.base import Lookup, Maybe, PoolObject, Resource
from podium.model.identity import object_id
from podium.xapi.records import PCIRecord, Ref


class PCI(PoolObject, frozen=True, kw_only=True, gc=False, rename={"host": "$host"}):
    """A PCI device; `pci_id` is its address, e.g. "0000:03:00.0"."""

    type: Literal["PCI"] = "PCI"
    host: str | Maybe = UNSET
    class_name: str
    device_name: str
    pci_id: str


RESOURCES = (Resource(type="PCI", collection="pcis", struct=PCI, privilege="pci", title="PCI device"),)


def pci(ref: Ref, record: PCIRecord, look: Lookup) -> PCI:
    return PCI(
        id=object_id(ref, record, look.pool_id),
        uuid=record.uuid,
        pool=look.pool_id,
        pool_id=look.pool_id,
        xapi_ref=ref,
        host=look.link(record.host),
        class_name=record.class_name,
        device_name=record.device_name,
        pci_id=record.pci_id,
    )
