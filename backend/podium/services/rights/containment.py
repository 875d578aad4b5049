"""Containment: what an object is inside of, and what is inside it, by the links that objects have.

A pool holds all that is its own; a host its VMs, interfaces and devices; an SR its disks; a VM its disks, interfaces,
drives and snapshots. What is in a CD drive is not the VM's.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from podium.cache.entry import Entry
from podium.cache.objects import Objects
from podium.model.base import PoolObject, XoObject
from podium.model.gpu import PGPU, VGPU
from podium.model.host import Host
from podium.model.message import Alarm, Message
from podium.model.patch import Patch
from podium.model.pbd import PBD
from podium.model.pci import PCI
from podium.model.pif import PIF
from podium.model.pool import Pool
from podium.model.sr import SR
from podium.model.task import XapiTask
from podium.model.usb import PUSB, VUSB
from podium.model.vbd import VBD
from podium.model.vdi import VDI, AnyVDI, VDISnapshot, VDIUnmanaged
from podium.model.vif import VIF
from podium.model.vm import VM, AnyVM, VMController, VMSnapshot, VMTemplate
from podium.model.vtpm import VTPM

Links = Callable[[Any], Iterable[object]]

_UP: Final[dict[type, Links]] = {
    SR: lambda one: (one.container,),
    VM: lambda one: (one.container,),
    VMController: lambda one: (one.container,),
    VMTemplate: lambda one: (one.container,),
    VMSnapshot: lambda one: (one.snapshot_of,),
    VDI: lambda one: (one.sr,),
    VDISnapshot: lambda one: (one.sr, one.snapshot_of),
    VDIUnmanaged: lambda one: (one.sr,),
    VBD: lambda one: (one.vm,),
    VIF: lambda one: (one.vm,),
    PIF: lambda one: (one.host,),
    PBD: lambda one: (one.host, one.sr),
    PCI: lambda one: (one.host,),
    PGPU: lambda one: (one.host,),
    PUSB: lambda one: (one.host,),
    Patch: lambda one: (one.host,),
    VGPU: lambda one: (one.vm,),
    VTPM: lambda one: (one.vm,),
    VUSB: lambda one: (one.vm,),
    Message: lambda one: (one.object,),
    Alarm: lambda one: (one.object.uuid,),
    XapiTask: lambda one: (one.host, one.applies_to),
}

_DOWN: Final[dict[type, Links]] = {
    **dict.fromkeys((VM, VMController, VMTemplate, VMSnapshot), lambda one: (*one.vbds, *one.vifs, *one.snapshots)),
    SR: lambda one: (*one.vdis, *one.pbds),
    VDI: lambda one: one.snapshots,
    Host: lambda one: (
        *one.pbds, *one.pcis, *one.pgpus, *one.pifs, *one.patches, *one.resident_vms, one.control_domain,
    ),
}  # fmt: skip
_SCANNED: Final[dict[type, tuple[str, ...]]] = {
    Host: ("VM", "SR", "PUSB", "xapi-task", "VM-template"),
    **dict.fromkeys((VM, VMController, VMTemplate, VMSnapshot), ("VTPM", "vgpu", "VUSB")),
}
"""What tells its container, without being told of by it. There are few of these, but for the VMs."""


def parents(obj: XoObject, objects: Objects) -> Iterator[XoObject]:
    """What an object is directly inside of, its pool last."""
    links = _UP.get(type(obj))
    if links is not None:
        for link in links(obj):
            if isinstance(link, str) and (entry := objects.get(link)) is not None and entry.id != obj.id:
                yield entry.object
    if isinstance(obj, AnyVDI):
        yield from _owners(obj, objects)
    if isinstance(obj, PoolObject) and (entry := objects.get(obj.pool)) is not None and entry.id != obj.id:
        yield entry.object


def containers(obj: XoObject, objects: Objects) -> list[XoObject]:
    """All that an object is inside of, each once."""
    found: dict[str, XoObject] = {}
    waiting = [obj]
    while waiting:
        for one in parents(waiting.pop(), objects):
            if one.id not in found and one.id != obj.id:
                found[one.id] = one
                waiting.append(one)
    return list(found.values())


def inside(obj: XoObject, objects: Objects) -> dict[str, Entry]:
    """All that is inside an object, as far down as it goes, by id."""
    if isinstance(obj, Pool):
        return {entry.id: entry for entry in objects.of_pool(obj.id) if entry.id != obj.id}
    found: dict[str, Entry] = {}
    waiting = [obj]
    while waiting:
        one = waiting.pop()
        for entry in _children(one, objects):
            if entry.id not in found and entry.id != obj.id:
                found[entry.id] = entry
                waiting.append(entry.object)
    return found


def _children(obj: XoObject, objects: Objects) -> Iterator[Entry]:
    links = _DOWN.get(type(obj))
    if links is not None:
        for link in links(obj):
            if isinstance(link, str) and (entry := objects.get(link)) is not None:
                yield entry
    for kind in _SCANNED.get(type(obj), ()):
        for entry in objects.of_type(kind).values():
            if any(one.id == obj.id for one in parents(entry.object, objects)):
                yield entry
    if isinstance(obj, VBD) and not obj.is_cd_drive and isinstance(obj.vdi, str):
        entry = objects.get(obj.vdi)
        if entry is not None:
            yield entry
    for kind in ("message", "alarm"):
        yield from objects.related(kind, "object", obj.id)


def _owners(vdi: AnyVDI, objects: Objects) -> Iterator[XoObject]:
    for vbd_id in vdi.vbds:
        vbd = objects.get(vbd_id or "")
        if vbd is None or not isinstance(vbd.object, VBD) or vbd.object.is_cd_drive:
            continue
        owner = objects.get(vbd.object.vm) if isinstance(vbd.object.vm, str) else None
        if owner is not None and isinstance(owner.object, AnyVM):
            yield owner.object
