"""VM snapshots: taking one, and going back to one."""

from datetime import UTC, datetime
from typing import Final

from podium.errors import InvalidParameters
from podium.model.vm import AnyVM, VMSnapshot
from podium.services.access import Viewer
from podium.services.gateway import Gateway
from podium.services.quotas import Amount
from podium.services.tasks import Progress
from podium.services.vm_kinds import disk_of, remove_made, require_vm, vbds_of
from podium.services.vm_rules import LIVE_OR_SUSPENDED, require_possible, require_unblocked

NO_SNAPSHOT: Final = "[NOSNAP]"
"""Xen Orchestra's mark in the name of a disk that snapshots leave out."""


class VmSnapshots:
    """Each method returns when the cache shows its effect."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def require(self, vm_id: str, *, by: Viewer) -> AnyVM:
        """Raises NotFound, MissingPrivileges."""
        return require_vm(self._gateway, "vms", vm_id, "snapshot", by=by)

    def require_possible(self, vm: AnyVM, *, memory: bool) -> None:
        """What the pool would refuse, as far as the cache knows. Raises IncorrectState, OperationInProgress."""
        require_possible(self._gateway, vm, _operation(memory), LIVE_OR_SUSPENDED if memory else ())

    async def snapshot(
        self,
        vm_id: str,
        *,
        by: Viewer,
        progress: Progress,
        name_label: str | None = None,
        name_description: str = "",
        memory: bool = False,
    ) -> str:
        """The new snapshot's id. `memory`: with what is in the VM's memory (XAPI's checkpoint), which takes all disks.

        Without a name it is called as Xen Orchestra calls it: the VM's name and the time.
        """
        vm = self.require(vm_id, by=by)
        moment = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        arguments: tuple[object, ...] = (vm.xapi_ref, name_label or f"{vm.name_label}_{moment}")
        if left_out := left_out_of(self._gateway, vm):
            if memory:
                progress.warning(f"a snapshot with memory takes all disks, those marked {NO_SNAPSHOT}, too")
            else:
                arguments = (*arguments, left_out)
        operation = _operation(memory)
        one_more = self._gateway.quotas.growing(vm, Amount(snapshots=1))
        with one_more, self._gateway.busy.hold(vm, operation, task_id=progress.task_id):
            async with self._gateway.steps(vm) as steps:
                ref = await self._gateway.make(
                    steps,
                    "took the snapshot",
                    vm,
                    f"VM.{operation}",
                    *arguments,
                    undo=lambda made: remove_made(self._gateway, vm, made),
                    progress=progress,
                )
                if name_description:
                    await self._gateway.call(vm, "VM.set_name_description", ref, name_description)
                return await self._gateway.created(vm, ref)

    def require_revert(
        self, vm_id: str, snapshot_id: str, *, by: Viewer, snapshot_before: bool
    ) -> tuple[AnyVM, VMSnapshot]:
        """The VM and its snapshot.

        Raises NotFound, MissingPrivileges, InvalidParameters (it is another VM's), IncorrectState.
        """
        vm = require_vm(self._gateway, "vms", vm_id, "revert-snapshot", by=by)
        if snapshot_before:
            self.require(vm_id, by=by)
        snapshot = self._gateway.visible(VMSnapshot, "VM-snapshot", snapshot_id, by)
        if snapshot.snapshot_of != vm.id:
            raise InvalidParameters(f"{snapshot.name_label} is not a snapshot of {vm.name_label}")
        # XAPI looks at the snapshot's blocks only, and who blocks it on the VM means this
        require_unblocked(self._gateway, vm, "revert")
        return vm, snapshot

    async def revert(
        self, vm_id: str, snapshot_id: str, *, by: Viewer, progress: Progress, snapshot_before: bool = False
    ) -> None:
        """Make the VM what it was. `snapshot_before`: keep what it is now, as a snapshot, whatever happens then."""
        vm, snapshot = self.require_revert(vm_id, snapshot_id, by=by, snapshot_before=snapshot_before)
        async with self._gateway.steps(vm) as steps:
            if snapshot_before:
                await self.snapshot(vm_id, by=by, progress=progress.part(0, 30))
                steps.done("took a snapshot of what it was before")
                progress = progress.part(30, 100)
            quotas = self._gateway.quotas
            more = quotas.as_vm(snapshot).beyond(quotas.amount_of(vm))  # it may have been larger
            with quotas.growing(vm, more), self._gateway.busy.hold(vm, "revert", task_id=progress.task_id):
                await self._gateway.run(vm, "VM.revert", snapshot.xapi_ref, progress=progress)
                await self._gateway.settle(vm)


def left_out_of(gateway: Gateway, vm: AnyVM) -> list[str]:
    """The refs of the disks whose names say that snapshots leave them out."""
    disks = [disk_of(gateway, vbd) for vbd in vbds_of(gateway, vm)]
    return [disk.xapi_ref for disk in disks if disk is not None and NO_SNAPSHOT in disk.name_label]


def _operation(memory: bool) -> str:
    return "checkpoint" if memory else "snapshot"
