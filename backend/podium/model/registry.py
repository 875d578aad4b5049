"""Every type of object that clients see, and the projection of every XAPI class that makes one."""

from podium.model import (
    alarm,
    bond,
    gpu,
    host,
    message,
    network,
    patch,
    pbd,
    pci,
    pif,
    pool,
    server,
    sm,
    sr,
    task,
    usb,
    user,
    vbd,
    vdi,
    vif,
    vm,
    vtpm,
)
from podium.model.base import Projection, Resource, XoObject

RESOURCES: tuple[Resource, ...] = (
    *pool.RESOURCES,
    *host.RESOURCES,
    *vm.RESOURCES,
    *sr.RESOURCES,
    *sm.RESOURCES,
    *pbd.RESOURCES,
    *vdi.RESOURCES,
    *vbd.RESOURCES,
    *vif.RESOURCES,
    *pif.RESOURCES,
    *bond.RESOURCES,
    *network.RESOURCES,
    *message.RESOURCES,
    *patch.RESOURCES,
    *pci.RESOURCES,
    *gpu.RESOURCES,
    *vtpm.RESOURCES,
    *usb.RESOURCES,
    *task.RESOURCES,
    *server.RESOURCES,
    *user.RESOURCES,
    *alarm.RESOURCES,
)

BY_TYPE: dict[str, Resource] = {resource.type: resource for resource in RESOURCES}
BY_COLLECTION: dict[str, Resource] = {resource.collection: resource for resource in RESOURCES}
BY_STRUCT: dict[type[XoObject], Resource] = {resource.struct: resource for resource in RESOURCES}
"""By the class of the object: `BY_STRUCT[type(obj)]` also tells alarms from messages, and the kinds of VM apart."""

PROJECTIONS: dict[str, Projection] = {
    "pool": pool.pool,
    "host": host.host,
    "vm": vm.vm,
    "sr": sr.sr,
    "sm": sm.sm,
    "pbd": pbd.pbd,
    "vdi": vdi.vdi,
    "vbd": vbd.vbd,
    "vif": vif.vif,
    "pif": pif.pif,
    "bond": bond.bond,
    "network": network.network,
    "message": message.message,
    "host_patch": patch.patch,
    "pool_patch": patch.pool_patch,
    "pci": pci.pci,
    "pgpu": gpu.pgpu,
    "vgpu": gpu.vgpu,
    "gpu_group": gpu.gpu_group,
    "vgpu_type": gpu.vgpu_type,
    "vtpm": vtpm.vtpm,
    "pusb": usb.pusb,
    "vusb": usb.vusb,
    "usb_group": usb.usb_group,
    "task": task.task,
}
"""By the lower-case name of the record's XAPI class."""
