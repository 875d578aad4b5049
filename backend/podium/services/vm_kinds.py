"""VM kinds: what XAPI holds as VMs, by collection, and what belongs to one of them, as the cache knows it."""

from typing import Final

from podium.errors import NotFound, PoolError
from podium.model.base import PoolObject
from podium.model.vbd import VBD
from podium.model.vdi import VDI, AnyVDI, VDISnapshot
from podium.model.vm import VM, AnyVM, VMSnapshot, VMTemplate
from podium.services.access import Viewer
from podium.services.gateway import Gateway

KINDS: Final[dict[str, tuple[type[AnyVM], str]]] = {
    "vms": (VM, "VM"),
    "vm-snapshots": (VMSnapshot, "VM-snapshot"),
    "vm-templates": (VMTemplate, "VM-template"),
}
"""By collection: the Struct and the type."""
LIVE: Final = frozenset({"Running", "Paused"})


def require_vm(gateway: Gateway, collection: str, vm_id: str, action: str, *, by: Viewer) -> AnyVM:
    """The VM, snapshot or template, if the viewer may do that to it. Raises NotFound, MissingPrivileges."""
    struct, kind = KINDS[collection]
    vm = gateway.find(struct, kind, vm_id)
    by.require(action, kind.lower(), vm)
    return vm


def vbds_of(gateway: Gateway, vm: AnyVM) -> list[VBD]:
    """Its disks and CD drives, by position."""
    entries = (gateway.objects.of_type("VBD").get(one or "") for one in vm.vbds)
    found = [entry.object for entry in entries if entry is not None and isinstance(entry.object, VBD)]
    return sorted(found, key=lambda vbd: (len(vbd.position), vbd.position))


def disk_of(gateway: Gateway, vbd: VBD) -> AnyVDI | None:
    """What is in a VBD that is no CD drive."""
    if vbd.is_cd_drive:
        return None
    return vdi_of(gateway, str(vbd.vdi))


def vdi_of(gateway: Gateway, vdi_id: str) -> AnyVDI | None:
    """A disk, or a disk as it was, by id."""
    for struct, kind in ((VDI, "VDI"), (VDISnapshot, "VDI-snapshot")):
        entry = gateway.objects.of_type(kind).get(vdi_id)
        if entry is not None and isinstance(entry.object, struct):
            return entry.object
    return None


async def remove_made(gateway: Gateway, about: PoolObject, ref: str) -> None:
    """Remove a VM that was just made, with its disks. The pool is asked which, for the cache may not know it yet."""
    try:
        record = await gateway.ask(about, "VM.get_record", ref)
    except NotFound:
        return
    if not isinstance(record, dict):
        raise PoolError("the pool does not describe the VM that it made")
    disks = []
    for vbd in record.get("VBDs", ()):
        device = await gateway.ask(about, "VBD.get_record", vbd)
        if isinstance(device, dict) and device.get("type") != "CD" and not device.get("empty"):
            disks.append(str(device["VDI"]))
    if "destroy" in record.get("blocked_operations", {}):  # the original's own, which it inherited
        await gateway.call(about, "VM.remove_from_blocked_operations", ref, "destroy")
    if record.get("is_a_template") and not record.get("is_a_snapshot"):
        await gateway.call(about, "VM.set_is_a_template", ref, False)
    await gateway.run(about, "VM.destroy", ref)
    for disk in disks:
        await gateway.run(about, "VDI.destroy", disk)
    await gateway.settle(about)
