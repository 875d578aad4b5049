"""Cloud-init drives: the disk that a new VM reads at its first start, and its removal after that."""

import asyncio
import time
from typing import Final

from podium.errors import NotFound
from podium.model.vbd import VBD
from podium.model.vdi import VDI
from podium.model.vm import VM
from podium.services.access import Viewer
from podium.services.cloud_init import SIZE, drive
from podium.services.gateway import Gateway
from podium.services.tasks import Progress, Tasks
from podium.services.transfers import Transfers
from podium.services.vm_draft import Draft
from podium.services.vm_wish import Site, VmWish, disks_of

NAME: Final = "XO CloudConfigDrive"
"""As Xen Orchestra names it: its own tools find the drive by that."""
READ_S: Final = 600.0
"""How long a guest may take to show that it has started, as in Xen Orchestra."""
LOOK_S: Final = 1.0


class CloudDrives:
    """Makes and removes them. `read_s`: how long a guest may take until it reports."""

    def __init__(
        self,
        gateway: Gateway,
        transfers: Transfers,
        tasks: Tasks,
        *,
        read_s: float = READ_S,
    ) -> None:
        self._gateway = gateway
        self._transfers = transfers
        self._tasks = tasks
        self._read_s = read_s

    async def add(self, vm: VM, wish: VmWish, draft: Draft, site: Site, progress: Progress) -> VDI:
        """A small disk beside the first one, with what the image reads."""
        image = await asyncio.to_thread(
            drive, instance_id=str(vm.uuid), user_data=wish.cloud_config or "", network_config=wish.network_config
        )
        existing = disks_of(self._gateway, self._gateway.find(VM, "VM", vm.id))
        beside = next((str(vdi.sr) for _, (_, vdi) in sorted(existing.items())), None)
        ref = await draft.new_disk(site.sr(beside), SIZE, NAME, f"cloud-init of {vm.name_label}")
        disk = self._gateway.find(VDI, "VDI", await self._gateway.created(vm, ref))
        await self._transfers.write_raw(disk, image, progress=progress)
        await draft.attach(vm, ref)
        return disk

    async def remove_when_read(self, vm: VM, disk: VDI, *, by: Viewer) -> None:
        """Begin a Task that removes the drive once the guest reports; it may hold passwords and keys."""

        async def work(progress: Progress) -> None:
            if await self._has_read(vm.id):
                await self._remove(vm, disk)
            else:
                progress.warning("the guest has not reported in time: its cloud-init drive stays", {"id": disk.id})

        await self._tasks.start("REST API: remove cloud-init drive", work, viewer=by, about=("VM", vm.id))

    async def _has_read(self, vm_id: str) -> bool:
        """Whether the guest shows, in time, that it runs: the agent starts long after cloud-init has read its data."""
        until = time.monotonic() + self._read_s
        while time.monotonic() < until:
            try:
                if self._gateway.find(VM, "VM", vm_id).management_agent_detected is True:
                    return True
            except NotFound:
                return False
            await asyncio.sleep(LOOK_S)
        return False

    async def _remove(self, vm: VM, disk: VDI) -> None:
        for vbd_id in self._gateway.find(VDI, "VDI", disk.id).vbds:
            vbd = self._gateway.find(VBD, "VBD", vbd_id or "")
            if vbd.attached:
                await self._gateway.run(vm, "VBD.unplug", vbd.xapi_ref)
            await self._gateway.call(vm, "VBD.destroy", vbd.xapi_ref)
        await self._gateway.run(disk, "VDI.destroy", disk.xapi_ref)
        await self._gateway.settle(disk)
