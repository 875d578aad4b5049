"""A VM in the making: its template's disks and new ones, and how all of it is removed again."""

import contextlib
from typing import Final

from podium.errors import NotFound
from podium.model.sr import SR
from podium.model.vbd import VBD
from podium.model.vdi import VDI
from podium.model.vm import VM, VMTemplate
from podium.services.gateway import Gateway
from podium.services.tasks import Progress
from podium.services.undo import Steps
from podium.services.vm_kinds import remove_made
from podium.services.vm_wish import NO_CHANGE, DiskWish, Site, VmWish, changes_of, disks_of, models_of

NULL: Final = "OpaqueRef:NULL"


class Draft:
    """What is done to it until it is whole; each step that a removal of the VM would not undo is one of `steps`."""

    def __init__(self, gateway: Gateway, template: VMTemplate, wish: VmWish, steps: Steps) -> None:
        self._gateway = gateway
        self._template = template
        self._wish = wish
        self._steps = steps

    async def instantiate(self, bios_of: str | None, progress: Progress) -> VM:
        """A halted VM with the disks that the template has, and the BIOS strings of the host with the ref `bios_of`."""
        template, wish = self._template, self._wish
        method, more = ("VM.clone", ()) if wish.clone else ("VM.copy", (NULL,))
        ref = await self._gateway.make(
            self._steps,
            "made the VM from its template",
            template,
            method,
            template.xapi_ref,
            wish.name_label,
            *more,
            undo=self.remove,
            progress=progress.part(0, 80),
        )
        if bios_of is not None:
            await self._gateway.call(template, "VM.copy_bios_strings", ref, bios_of)
        # the disks that the template describes are made where the wish says; XAPI's own way knows no SR for them
        await self._gateway.call(template, "VM.remove_from_other_config", ref, "disks")
        await self._gateway.run(template, "VM.provision", ref, progress=progress.part(80, 100))
        return self._gateway.find(VM, "VM", await self._gateway.created(template, ref))

    async def disks(self, vm: VM, site: Site) -> None:
        """The template's own disks as changed, those it describes, and the new ones."""
        models, existing, changes = models_of(self._template), disks_of(self._gateway, vm), changes_of(self._wish)
        for place, (vbd, vdi) in existing.items():
            if (change := changes.get(place)) is not None:
                await self._change(vm, vbd, vdi, change, site)
        for place, model in models.items():
            change = changes.get(place, NO_CHANGE)
            if change.destroy or place in existing:
                continue
            name = change.name_label or f"{vm.name_label}_{place}"
            sr, size = site.model_sr(model, change), change.size or model.size
            disk = await self.new_disk(sr, size, name, change.name_description or "")
            await self.attach(vm, disk, place=place, bootable=model.bootable)
        new = [disk for disk in self._wish.disks if disk.userdevice is None]
        for number, wanted in enumerate(new, start=len(existing.keys() | models.keys())):
            name = wanted.name_label or f"{vm.name_label}_{number}"
            disk = await self.new_disk(site.sr(wanted.sr), wanted.size or 0, name, wanted.name_description or "")
            await self.attach(vm, disk)

    async def new_disk(self, sr: SR, size: int, name: str, description: str) -> str:
        """An empty disk that nobody has yet: its ref. `size`: bytes."""
        record = {
            "name_label": name,
            "name_description": description,
            "SR": sr.xapi_ref,
            "virtual_size": size,
            "type": "user",
            "sharable": False,
            "read_only": False,
            "other_config": {},
            "xenstore_data": {},
            "sm_config": {},
            "tags": [],
        }
        return await self._gateway.make(self._steps, f"made the disk {name}", sr, "VDI.create", record, undo=self._drop)

    async def attach(
        self,
        vm: VM,
        disk: str,
        *,
        place: str = "autodetect",
        kind: str = "Disk",
        bootable: bool = False,
    ) -> None:
        """Give a disk to the VM; it goes with the VM from now on."""
        record = {
            "VM": vm.xapi_ref,
            "VDI": disk,
            "userdevice": place,
            "bootable": bootable,
            "mode": "RW" if kind == "Disk" else "RO",
            "type": kind,
            "unpluggable": True,
            "empty": False,
            "other_config": {"owner": "true"} if kind == "Disk" else {},
            "qos_algorithm_type": "",
            "qos_algorithm_params": {},
        }
        await self._gateway.call(vm, "VBD.create", record)

    async def _change(self, vm: VM, vbd: VBD, vdi: VDI, change: DiskWish, site: Site) -> None:
        """A disk that came with the template: another name, more room, another SR, or none at all."""
        if change.destroy:
            await self._leave_out(vm, vbd, vdi)
            return
        ref = vdi.xapi_ref
        if change.sr is not None and change.sr != vdi.sr:
            what = f"copied the disk {vdi.name_label}"
            target = site.sr(change.sr).xapi_ref
            ref = await self._gateway.make(self._steps, what, vdi, "VDI.copy", ref, target, undo=self._drop)
            await self._leave_out(vm, vbd, vdi)
            await self.attach(vm, ref, place=vbd.position, bootable=vbd.bootable)
        if change.size is not None and change.size > vdi.size:
            await self._gateway.run(vdi, "VDI.resize", ref, change.size)
        if change.name_label is not None:
            await self._gateway.call(vdi, "VDI.set_name_label", ref, change.name_label)
        if change.name_description is not None:
            await self._gateway.call(vdi, "VDI.set_name_description", ref, change.name_description)

    async def _leave_out(self, vm: VM, vbd: VBD, vdi: VDI) -> None:
        # from here on the VM's removal may not find the disk any more
        self._steps.done(f"left out the disk {vdi.name_label}", lambda: self._drop(vdi.xapi_ref))
        await self._gateway.call(vm, "VBD.destroy", vbd.xapi_ref)
        await self._gateway.run(vdi, "VDI.destroy", vdi.xapi_ref)

    async def _drop(self, disk: str) -> None:
        """Its VBD goes with it, so the VM's removal, which comes later, does not look for it."""
        with contextlib.suppress(NotFound):
            await self._gateway.run(self._template, "VDI.destroy", disk)

    async def stop(self, ref: str) -> None:
        """The VM may have been started just before the work was given up; only halted ones can be removed."""
        if await self._gateway.ask(self._template, "VM.get_power_state", ref) != "Halted":
            await self._gateway.run(self._template, "VM.hard_shutdown", ref)

    async def remove(self, ref: str) -> None:
        """The VM with the disks that it still has."""
        await remove_made(self._gateway, self._template, ref)
