"""VM CDs: an image into the drive, and out of it."""

from typing import Final

from podium.errors import InvalidParameters
from podium.model.vbd import VBD
from podium.model.vdi import VDI
from podium.model.vm import AnyVM
from podium.services.access import Viewer
from podium.services.gateway import Gateway
from podium.services.tasks import Progress
from podium.services.undo import Steps
from podium.services.vm_kinds import LIVE, require_vm, vbds_of, vdi_of

_EMPTY_DRIVE: Final[dict[str, object]] = {
    "VDI": "OpaqueRef:NULL",
    "userdevice": "autodetect",
    "bootable": False,
    "mode": "RO",
    "type": "CD",
    "unpluggable": True,
    "empty": True,
    "other_config": {},
    "qos_algorithm_type": "",
    "qos_algorithm_params": {},
}


class VmCds:
    """Each method returns when the cache shows its effect."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def require(self, vm_id: str, action: str, *, by: Viewer) -> AnyVM:
        """`action`: insert-cd or eject-cd. Raises NotFound, MissingPrivileges."""
        return require_vm(self._gateway, "vms", vm_id, action, by=by)

    def require_image(self, vm: AnyVM, vdi_id: str, *, by: Viewer) -> VDI:
        """Raises NotFound, InvalidParameters."""
        vdi = self._gateway.visible(VDI, "VDI", vdi_id, by)
        by.require("boot", "vdi", vdi)
        if vdi.pool != vm.pool:
            raise InvalidParameters(f"the image {vdi.name_label} is in another pool")
        return vdi

    async def insert(self, vm_id: str, vdi_id: str, *, by: Viewer, progress: Progress) -> None:
        """Put an image into the VM's CD drive, in place of what is in it; a VM without a drive gets one."""
        vm = self.require(vm_id, "insert-cd", by=by)
        vdi = self.require_image(vm, vdi_id, by=by)
        drive = self._drive(vm)
        if drive is not None and drive.vdi == vdi.id:
            return
        async with self._gateway.steps(vm) as steps:
            if drive is None:
                ref = await self._add_drive(vm, steps, progress)
            else:
                ref = drive.xapi_ref
                await self._empty(vm, drive, steps, progress.part(0, 50))
            await self._gateway.run(vm, "VBD.insert", ref, vdi.xapi_ref, progress=progress.part(50, 100))
        await self._gateway.settle(vm)

    async def eject(self, vm_id: str, *, by: Viewer, progress: Progress) -> None:
        """Take out what is in the VM's CD drive; an empty one is no failure."""
        vm = self.require(vm_id, "eject-cd", by=by)
        drive = self._drive(vm)
        if drive is not None and isinstance(drive.vdi, str):
            await self._gateway.run(vm, "VBD.eject", drive.xapi_ref, progress=progress)
            await self._gateway.settle(vm)

    async def _add_drive(self, vm: AnyVM, steps: Steps, progress: Progress) -> str:
        ref = str(await self._gateway.call(vm, "VBD.create", {"VM": vm.xapi_ref, **_EMPTY_DRIVE}))
        steps.done("added a CD drive", lambda: self._back(vm, "VBD.destroy", ref))
        if vm.power_state in LIVE:  # CD drives are not plugged (PROTOCOL.md 6.4)
            progress.warning("the VM had no CD drive: the new one is there when the VM is started the next time")
        return ref

    async def _empty(self, vm: AnyVM, drive: VBD, steps: Steps, progress: Progress) -> None:
        if not isinstance(drive.vdi, str):
            return
        old = vdi_of(self._gateway, drive.vdi)
        await self._gateway.run(vm, "VBD.eject", drive.xapi_ref, progress=progress)
        if old is not None:
            back = old.xapi_ref
            steps.done(f"took out {old.name_label}", lambda: self._back(vm, "VBD.insert", drive.xapi_ref, back))

    async def _back(self, vm: AnyVM, method: str, *arguments: object) -> None:
        """Take something back: whoever tries again must not find it in the cache."""
        await self._gateway.run(vm, method, *arguments)
        await self._gateway.settle(vm)

    def _drive(self, vm: AnyVM) -> VBD | None:
        return next((vbd for vbd in vbds_of(self._gateway, vm) if vbd.is_cd_drive), None)
