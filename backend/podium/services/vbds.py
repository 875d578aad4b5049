"""VBDs: a disk is given to a VM and taken from it, plugged in and unplugged."""

from collections.abc import Mapping

import msgspec

from podium.errors import InvalidParameters, NotFound
from podium.model.vbd import VBD
from podium.model.vdi import VDI, AnyVDI, VDISnapshot
from podium.model.vm import VM, AnyVM, VMTemplate
from podium.services.access import Viewer
from podium.services.gateway import Gateway
from podium.services.quotas import Amount
from podium.services.tasks import Progress

NULL = "OpaqueRef:NULL"
_TARGETS: tuple[tuple[type[AnyVM], str], ...] = ((VM, "VM"), (VMTemplate, "VM-template"))
_DISKS: tuple[tuple[type[AnyVDI], str], ...] = ((VDI, "VDI"), (VDISnapshot, "VDI-snapshot"))


class NewVbd(msgspec.Struct, frozen=True, kw_only=True):
    """A drive that is wanted. `mode` and `bootable` follow from the type where they are not said."""

    vm_id: str
    vdi_id: str | None = None
    bootable: bool = False
    mode: str | None = None
    type: str = "Disk"
    userdevice: str = "autodetect"
    empty: bool = False
    unpluggable: bool = True
    other_config: Mapping[str, str] = {}
    qos_algorithm_type: str = ""
    qos_algorithm_params: Mapping[str, str] = {}

    def body(self) -> dict[str, object]:
        """What selectors of `vbd:create` see: the names of the API."""
        return {"VM": self.vm_id, "VDI": self.vdi_id, "mode": self.mode, "type": self.type, "bootable": self.bootable}


class Vbds:
    """Each method returns when the cache shows its effect."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def require(self, vbd_id: str, action: str, *, by: Viewer) -> VBD:
        """Raises NotFound, MissingPrivileges."""
        vbd = self._gateway.find(VBD, "VBD", vbd_id)
        by.require(action, "vbd", vbd)
        return vbd

    async def create(self, wanted: NewVbd, *, by: Viewer) -> str:
        """The new VBD's id. It is not plugged in: `connect` does that. Raises InvalidParameters across pools."""
        by.require_any("create", "vbd")
        vm = self._vm(wanted.vm_id, by)
        vdi = None if wanted.vdi_id is None else self._vdi(wanted.vdi_id, by)
        by.require("create", "vbd", wanted.body(), around=(vm,))
        by.require("attach", vm.type.lower(), vm)
        if vdi is not None:  # whoever is given a disk reads what is on it
            by.require("attach", vdi.type.lower(), vdi)
        if vdi is None and not wanted.empty:
            raise InvalidParameters("VDI: needed unless the drive is to be empty")
        if vdi is not None and vdi.pool != vm.pool:
            raise InvalidParameters(f"the disk {vdi.name_label} is in another pool than {vm.name_label}")
        record = {
            "VM": vm.xapi_ref,
            "VDI": NULL if vdi is None else vdi.xapi_ref,
            "userdevice": wanted.userdevice,
            "bootable": wanted.bootable,
            "mode": wanted.mode or ("RO" if wanted.type == "CD" else "RW"),
            "type": wanted.type,
            "unpluggable": wanted.unpluggable,
            "empty": vdi is None,
            "other_config": dict(wanted.other_config),
            "qos_algorithm_type": wanted.qos_algorithm_type,
            "qos_algorithm_params": dict(wanted.qos_algorithm_params),
        }
        disk = vdi.size if vdi is not None and wanted.type != "CD" else 0
        with self._gateway.quotas.growing(vm, Amount(disk=disk)):
            ref = str(await self._gateway.call(vm, "VBD.create", record))
            return await self._gateway.created(vm, ref)

    async def delete(self, vbd_id: str, *, by: Viewer) -> None:
        """Take the drive from its VM; the disk stays. Raises what the pool refuses: it must not be plugged in."""
        vbd = self.require(vbd_id, "delete", by=by)
        await self._gateway.call(vbd, "VBD.destroy", vbd.xapi_ref)
        await self._gateway.settle(vbd)

    async def connect(self, vbd_id: str, *, by: Viewer, progress: Progress) -> None:
        """Plug it into the running VM."""
        vbd = self.require(vbd_id, "connect", by=by)
        await self._run(vbd, "plug", progress)

    async def disconnect(self, vbd_id: str, *, by: Viewer, progress: Progress) -> None:
        """Unplug it from the running VM."""
        vbd = self.require(vbd_id, "disconnect", by=by)
        await self._run(vbd, "unplug", progress)

    async def _run(self, vbd: VBD, operation: str, progress: Progress) -> None:
        with self._gateway.busy.hold(vbd, operation, task_id=progress.task_id):
            await self._gateway.run(vbd, f"VBD.{operation}", vbd.xapi_ref, progress=progress)
            await self._gateway.settle(vbd)

    def _vm(self, vm_id: str, by: Viewer) -> AnyVM:
        for struct, kind in _TARGETS:
            entry = self._gateway.objects.of_type(kind).get(vm_id)
            if entry is not None and isinstance(entry.object, struct) and by.sees(entry):
                return entry.object
        raise NotFound("VM", vm_id)

    def _vdi(self, vdi_id: str, by: Viewer) -> AnyVDI:
        for struct, kind in _DISKS:
            entry = self._gateway.objects.of_type(kind).get(vdi_id)
            if entry is not None and isinstance(entry.object, struct) and by.sees(entry):
                return entry.object
        raise NotFound("VDI", vdi_id)
