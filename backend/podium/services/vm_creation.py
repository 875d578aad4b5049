"""VM creation: from a template to a VM with its disks, interfaces and cloud-init drive, or to nothing at all."""

import time
from typing import Any

from msgspec import UNSET

from podium.model.gpu import GpuGroup, VgpuType
from podium.model.host import Host
from podium.model.network import Network
from podium.model.pool import Pool
from podium.model.vbd import VBD
from podium.model.vdi import VDI
from podium.model.vif import VIF
from podium.model.vm import VM, VMTemplate
from podium.services.access import Viewer
from podium.services.cloud_drives import CloudDrives
from podium.services.gateway import Gateway
from podium.services.quotas import Held
from podium.services.resource_sets import ResourceSets
from podium.services.tasks import Progress
from podium.services.undo import Steps
from podium.services.vm_draft import Draft
from podium.services.vm_room import parts_of, room_of
from podium.services.vm_settings import VmSettings
from podium.services.vm_wish import Site, VmWish


class VmCreation:
    """Creates VMs. Whatever fails or is aborted on the way, nothing stays behind."""

    def __init__(self, gateway: Gateway, settings: VmSettings, drives: CloudDrives, sets: ResourceSets) -> None:
        self._gateway = gateway
        self._sets = sets
        self._settings = settings
        self._drives = drives

    def require(self, pool_id: str, wish: VmWish, *, by: Viewer) -> VMTemplate:
        """The template, if all that the wish names is there and may be used.

        Raises NotFound, MissingPrivileges, InvalidParameters; Forbidden for what is not the resource set's,
        NotEnoughResources where that has no room for it.
        """
        _, template = self._required(pool_id, wish, by)
        with self._gateway.quotas.hold(wish.resource_set, room_of(self._gateway, template, wish)):
            return template

    async def create(self, pool_id: str, wish: VmWish, *, by: Viewer, progress: Progress) -> str:
        """The new VM's id, once the cache shows it. Room in its resource set is held from the first moment on."""
        _, template = self._required(pool_id, wish, by)
        with self._gateway.quotas.hold(wish.resource_set, room_of(self._gateway, template, wish)) as held:
            vm_id = await self._create(pool_id, wish, by=self._lent(by, wish), progress=progress, held=held)
            if wish.share:
                await self._sets.share(self._gateway.find(VM, "VM", vm_id), shared=True)
            return vm_id

    async def _create(self, pool_id: str, wish: VmWish, *, by: Viewer, progress: Progress, held: Held | None) -> str:
        site = self._site(pool_id, by)
        template = site.require(wish)
        await self._settings.plan(template, wish.settings, by=by)  # what cannot be set is said before anything is made
        async with self._gateway.steps(template) as steps:
            draft = Draft(self._gateway, template, wish, steps)
            bios_of = None
            if wish.copy_host_bios_strings:
                bios_of = self._gateway.find(Host, "host", str(site.pool.master)).xapi_ref
            vm = await draft.instantiate(bios_of, progress.part(0, 40))
            if held is not None:
                held.belongs_to(vm)
            await self._configure(vm, wish, template, by=by, steps=steps)
            progress.at(45)
            await draft.disks(vm, site)
            progress.at(60)
            await self._install(vm, wish, draft)
            await self._interfaces(vm, wish, site)
            await self._vgpu(vm, wish, site)
            if wish.create_vtpm:
                await self._gateway.call(vm, "VTPM.create", vm.xapi_ref, False)
            await self._gateway.settle(vm)
            drive = None
            if wish.cloud_config is not None:
                drive = await self._drives.add(vm, wish, draft, site, progress.part(60, 85))
            if wish.boot:
                steps.done("began to start the VM", lambda: draft.stop(vm.xapi_ref))
                arguments = (vm.xapi_ref, False, False)
                await self._gateway.run(vm, "VM.start", *arguments, progress=progress.part(85, 100))
            await self._gateway.settle(vm)
        if drive is not None and wish.destroy_cloud_config and wish.boot:
            await self._drives.remove_when_read(vm, drive, by=by)
        return vm.id

    def _required(self, pool_id: str, wish: VmWish, by: Viewer) -> tuple[Site, VMTemplate]:
        site = self._site(pool_id, self._lent(by, wish))
        template = site.require(wish)
        if wish.resource_set is not None:
            parts = parts_of(self._gateway, template, wish, site)
            self._sets.require_objects(wish.resource_set, parts, by=by)
        return site, template

    def _lent(self, by: Viewer, wish: VmWish) -> Viewer:
        return by if wish.resource_set is None else self._sets.lent(by, wish.resource_set)

    def _site(self, pool_id: str, by: Viewer) -> Site:
        return Site(self._gateway, self._gateway.find(Pool, "pool", pool_id), by)

    async def _configure(self, vm: VM, wish: VmWish, template: VMTemplate, *, by: Viewer, steps: Steps) -> None:
        """The wish's settings, and who made the VM, when, and of what (as Xen Orchestra notes it)."""
        creation = {
            "date": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime()),
            "template": str(template.uuid),
            "user": by.user_id,
        }
        changes: dict[str, Any] = {**wish.settings, "creation": creation}
        if wish.resource_set is not None:
            changes["resourceSet"] = wish.resource_set
        if wish.install_method is not None:
            changes["bootOrder"] = "dc" if wish.install_method == "cdrom" else "ncd"
        editor = await self._settings.plan(vm, changes, by=by)
        await editor.apply(Steps())  # all of it goes with the VM
        if wish.settings.get("autoPoweron"):
            await self._settings.allow_power_on(vm, steps)

    async def _install(self, vm: VM, wish: VmWish, draft: Draft) -> None:
        """The image into the VM's drive, which templates may lack."""
        if wish.install_method != "cdrom":
            return
        image = self._gateway.find(VDI, "VDI", wish.install_repository)
        for vbd_id in vm.vbds:
            entry = self._gateway.objects.of_type("VBD").get(vbd_id or "")
            if entry is None or not isinstance(entry.object, VBD) or not entry.object.is_cd_drive:
                continue
            if entry.object.vdi is not UNSET:
                await self._gateway.call(vm, "VBD.eject", entry.object.xapi_ref)
            await self._gateway.call(vm, "VBD.insert", entry.object.xapi_ref, image.xapi_ref)
            return
        await draft.attach(vm, image.xapi_ref, kind="CD", bootable=True)

    async def _interfaces(self, vm: VM, wish: VmWish, site: Site) -> None:
        """The template's interfaces without those to leave out, and the new ones."""
        if wish.interfaces is None:
            return
        existing: dict[str, str] = {}
        for vif_id in vm.vifs:
            vif = self._gateway.objects.of_type("VIF").get(vif_id or "")
            if vif is not None and isinstance(vif.object, VIF):
                existing[vif.object.device] = vif.object.xapi_ref
        for wanted in wish.interfaces:  # first what goes: its place may be asked for
            if wanted.device in existing:
                await self._gateway.call(vm, "VIF.destroy", existing.pop(wanted.device))
        taken = set(existing) | {wanted.device for wanted in wish.interfaces if wanted.device is not None}
        for wanted in wish.interfaces:
            if wanted.destroy:
                continue
            device = wanted.device or next(str(number) for number in range(len(taken) + 1) if str(number) not in taken)
            taken.add(device)
            network: Network = site.named(Network, "network", wanted.network or "")
            allowed = bool(wanted.ipv4_allowed or wanted.ipv6_allowed)
            record = {
                "VM": vm.xapi_ref,
                "network": network.xapi_ref,
                "device": device,
                "MAC": wanted.mac,
                "MTU": wanted.mtu or network.mtu,
                "other_config": {},
                "qos_algorithm_type": "",
                "qos_algorithm_params": {},
                "locking_mode": "locked" if allowed else "network_default",
                "ipv4_allowed": list(wanted.ipv4_allowed),
                "ipv6_allowed": list(wanted.ipv6_allowed),
            }
            await self._gateway.call(vm, "VIF.create", record)

    async def _vgpu(self, vm: VM, wish: VmWish, site: Site) -> None:
        if wish.vgpu_type is None or wish.gpu_group is None:
            return
        kind: VgpuType = site.named(VgpuType, "vgpuType", wish.vgpu_type)
        group: GpuGroup = site.named(GpuGroup, "gpuGroup", wish.gpu_group)
        await self._gateway.call(vm, "VGPU.create", vm.xapi_ref, group.xapi_ref, "0", {}, kind.xapi_ref)
