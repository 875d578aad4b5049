"""VM deletion: a VM, snapshot or template, with its snapshots and the disks that nobody else has."""

import asyncio
from collections.abc import Iterable
from typing import Final, Literal, NamedTuple

import msgspec

from podium.errors import Forbidden, IncorrectState, NotFound, PodiumError
from podium.model.base import PoolObject
from podium.model.vbd import VBD
from podium.model.vdi import AnyVDI
from podium.model.vm import AnyVM, VMController, VMSnapshot, VMTemplate
from podium.services.access import Viewer
from podium.services.gateway import Gateway
from podium.services.tasks import Progress
from podium.services.undo import to_the_end
from podium.services.vm_kinds import disk_of, require_vm, vbds_of
from podium.services.vm_rules import require_unblocked

_DELETABLE: Final = frozenset({"Halted", "Suspended"})
AT_ONCE: Final = 4
"""Disks of one VM that are deleted at once: an SR does most of it one after the other anyway."""


class Left(msgspec.Struct, frozen=True):
    """A disk or snapshot that stayed although its VM is gone, and why."""

    id: str
    type: Literal["VDI", "VM-snapshot"]
    name_label: str
    reason: str


class Deleted(msgspec.Struct, frozen=True):
    """What went with a VM, by id, and what stayed although it was to go, or because another VM has it."""

    snapshots: tuple[str, ...]
    disks: tuple[str, ...]
    left: tuple[Left, ...]


class Fate(NamedTuple):
    """What goes with a VM. `shared`: disks that stay, for another VM has them."""

    snapshots: tuple[VMSnapshot, ...]
    disks: tuple[AnyVDI, ...]
    shared: tuple[AnyVDI, ...]


class VmDeletion:
    """Deletes VMs."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def require(self, collection: str, vm_id: str, *, by: Viewer) -> AnyVM:
        """The VM, if it may be deleted at all: the guard, which nothing gets past.

        Raises NotFound, MissingPrivileges, Forbidden (a template that comes with XenServer), IncorrectState (running,
        or its deletion is blocked).
        """
        vm = require_vm(self._gateway, collection, vm_id, "delete", by=by)
        if isinstance(vm, VMTemplate) and vm.is_default_template:
            raise Forbidden("the templates that come with XenServer cannot be deleted")
        require_unblocked(self._gateway, vm, "destroy")
        if not isinstance(vm, VMSnapshot) and vm.power_state not in _DELETABLE:
            raise IncorrectState(f"{vm.name_label} is {vm.power_state.lower()}: shut it down first")
        return vm

    def fate(self, vm: AnyVM) -> Fate:
        """What would go with the VM: its snapshots, as in Xen Orchestra, and the disks that no other VM has; no CDs."""
        snapshots = tuple(self._snapshots(vm))
        going = {vm.id, *(one.id for one in snapshots)}
        disks: dict[str, AnyVDI] = {}
        shared: dict[str, AnyVDI] = {}
        for disk in self._disks((vm, *snapshots)):
            (disks if self._owners(disk) <= going else shared)[disk.id] = disk
        return Fate(snapshots, tuple(disks.values()), tuple(shared.values()))

    async def delete(
        self, collection: str, vm_id: str, *, by: Viewer, progress: Progress | None = None, with_disks: bool = True
    ) -> Deleted:
        """Delete a VM. Without its disks, its snapshots stay, too.

        Raises as `require`, and what the pool refuses to the VM itself: then nothing was done. What else cannot be
        deleted stays and is told, for the VM is gone then. It cannot be aborted: nobody would find the disks again.
        """
        vm = self.require(collection, vm_id, by=by)
        fate = self.fate(vm) if with_disks else Fate((), (), ())
        with self._gateway.busy.hold(vm, "destroy", task_id=None if progress is None else progress.task_id):
            deleted = await to_the_end(self._delete(vm, fate, progress))
        for one in deleted.left:
            if progress is not None:
                progress.warning(f"{one.name_label} was not deleted: {one.reason}", {"id": one.id, "type": one.type})
        return deleted

    async def _delete(self, vm: AnyVM, fate: Fate, progress: Progress | None) -> Deleted:
        await self._gateway.run(vm, "VM.destroy", vm.xapi_ref, progress=progress and progress.part(0, 50))
        snapshots, kept = await self._each(fate.snapshots, "VM-snapshot", "VM.destroy")
        held = {disk.id for disk in self._disks(one for one in fate.snapshots if one.id not in snapshots)}
        disks, stuck = await self._each([disk for disk in fate.disks if disk.id not in held], "VDI", "VDI.destroy")
        shared = [Left(one.id, "VDI", one.name_label, "another VM has it") for one in fate.shared]
        await self._gateway.settle(vm)
        return Deleted(tuple(snapshots), tuple(disks), (*kept, *stuck, *shared))

    async def _each(
        self, objects: Iterable[VMSnapshot | AnyVDI], kind: Literal["VDI", "VM-snapshot"], method: str
    ) -> tuple[list[str], list[Left]]:
        """What could be deleted, by id, and what not."""
        turns = asyncio.Semaphore(AT_ONCE)
        gone: list[str] = []
        left: list[Left] = []

        async def one(thing: VMSnapshot | AnyVDI) -> None:
            async with turns:
                try:
                    await self._destroy(thing, method)
                except PodiumError as error:
                    left.append(Left(thing.id, kind, thing.name_label, str(error)))
                else:
                    gone.append(thing.id)

        await asyncio.gather(*map(one, objects))
        return gone, left

    async def _destroy(self, thing: PoolObject, method: str) -> None:
        """What is gone already is no failure."""
        try:
            await self._gateway.run(thing, method, thing.xapi_ref)
        except NotFound as error:
            if error.object_id != thing.id:
                raise

    def _snapshots(self, vm: AnyVM) -> Iterable[VMSnapshot]:
        for snapshot_id in vm.snapshots:
            entry = self._gateway.objects.of_type("VM-snapshot").get(snapshot_id or "")
            if entry is not None and isinstance(entry.object, VMSnapshot):
                yield entry.object

    def _disks(self, vms: Iterable[AnyVM]) -> Iterable[AnyVDI]:
        for vm in vms:
            for vbd in vbds_of(self._gateway, vm):
                if (disk := disk_of(self._gateway, vbd)) is not None:
                    yield disk

    def _owners(self, disk: AnyVDI) -> set[str]:
        """The VMs that have the disk. A control domain that has it mounted for a moment does not own it."""
        found = set()
        for vbd_id in disk.vbds:
            vbd = self._gateway.objects.of_type("VBD").get(vbd_id or "")
            if vbd is None or not isinstance(vbd.object, VBD) or not isinstance(vbd.object.vm, str):
                continue
            holder = self._gateway.objects.get(vbd.object.vm)
            if holder is None or not isinstance(holder.object, VMController):
                found.add(vbd.object.vm)
        return found
