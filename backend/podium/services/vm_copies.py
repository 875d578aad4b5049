"""VM copies: clones, full copies, copies in another pool; templates out of VMs and back."""

from collections.abc import Awaitable
from typing import Final, NamedTuple

from podium.errors import Forbidden, InvalidParameters, PodiumError
from podium.model.host import Host
from podium.model.sr import SR
from podium.model.vm import AnyVM, VMTemplate
from podium.services.access import Viewer
from podium.services.gateway import Gateway
from podium.services.quotas import Amount
from podium.services.tasks import Progress
from podium.services.undo import Steps
from podium.services.vm_kinds import LIVE, remove_made, require_vm
from podium.services.vm_migration import VmMigration
from podium.services.vm_rules import require_possible
from podium.services.vm_snapshots import left_out_of

NULL: Final = "OpaqueRef:NULL"


class CloneWish(NamedTuple):
    """A fast clone shares the content of the disks; a full copy (`fast` False, or an SR) has its own.

    `sr_id` or `host_id` of another pool: a full copy there.
    """

    name_label: str | None = None
    fast: bool | None = None
    sr_id: str | None = None
    host_id: str | None = None


class VmCopies:
    """Each method returns when the cache shows its effect."""

    def __init__(self, gateway: Gateway, migration: VmMigration) -> None:
        self._gateway = gateway
        self._migration = migration

    def require(self, collection: str, vm_id: str, wish: CloneWish, *, by: Viewer) -> AnyVM:
        """What is to be copied. Raises NotFound, MissingPrivileges, InvalidParameters."""
        vm = require_vm(self._gateway, collection, vm_id, "clone", by=by)
        if wish.fast and (wish.sr_id is not None or wish.host_id is not None):
            raise InvalidParameters("a fast clone is where its original is: leave out `fast`, or where it is to go")
        if wish.sr_id is not None:
            by.require("import:vm", "sr", self._gateway.visible(SR, "SR", wish.sr_id, by))
        if wish.host_id is not None:
            host = self._gateway.visible(Host, "host", wish.host_id, by)
            if host.pool == vm.pool:
                raise InvalidParameters(f"{host.name_label} is in the same pool: say to which SR the copy is to go")
        return vm

    async def clone(self, collection: str, vm_id: str, wish: CloneWish, *, by: Viewer, progress: Progress) -> str:
        """The new VM's id; of a template, the new template's. A running VM is copied from a snapshot of the moment."""
        vm = self.require(collection, vm_id, wish, by=by)
        quotas, of = self._gateway.quotas, self._gateway.quotas.set_of(vm)
        room = quotas.amount_of(vm) if isinstance(vm, VMTemplate) else quotas.as_vm(vm)
        with quotas.hold(None if of is None else of.id, room):  # the copy is in the same set from its first moment
            return await self._clone(collection, vm, wish, by=by, progress=progress)

    async def _clone(self, collection: str, vm: AnyVM, wish: CloneWish, *, by: Viewer, progress: Progress) -> str:
        name = wish.name_label or f"{vm.name_label}_clone"
        if self._migration.elsewhere(vm, sr_id=wish.sr_id, host_id=wish.host_id, by=by):
            return await self._migration.copy(
                vm, name_label=name, sr_id=wish.sr_id, host_id=wish.host_id, by=by, progress=progress
            )
        full = wish.fast is False or wish.sr_id is not None
        sr = None if wish.sr_id is None else self._gateway.visible(SR, "SR", wish.sr_id, by)
        target = NULL if sr is None else sr.xapi_ref
        call, more = ("VM.copy", (target,)) if full else ("VM.clone", ())
        async with self._gateway.steps(vm) as steps:
            if vm.power_state in LIVE:
                source = await self._of_the_moment(vm, name, steps, progress.part(0, 20))
                ref = await self._copied(vm, call, (source, name, *more), steps, progress.part(20, 90))
                await self._make_vm(vm, ref)
                await self._remove_moment(vm, source, progress)
            else:
                with self._gateway.busy.hold(vm, "copy" if full else "clone", task_id=progress.task_id):
                    ref = await self._copied(vm, call, (vm.xapi_ref, name, *more), steps, progress)
                    if collection == "vm-snapshots":
                        await self._make_vm(vm, ref)
            return await self._gateway.created(vm, ref)

    async def convert(self, collection: str, vm_id: str, *, by: Viewer) -> None:
        """A VM into a template, or a template into a VM."""
        vm = self.require_conversion(collection, vm_id, by=by)
        quotas = self._gateway.quotas
        more = quotas.as_vm(vm).beyond(quotas.amount_of(vm)) if collection != "vms" else Amount()
        with quotas.growing(vm, more), self._gateway.busy.hold(vm, "make_into_template"):
            await self._gateway.call(vm, "VM.set_is_a_template", vm.xapi_ref, collection == "vms")
            await self._gateway.settle(vm)

    def require_conversion(self, collection: str, vm_id: str, *, by: Viewer) -> AnyVM:
        """Raises NotFound, MissingPrivileges, IncorrectState, Forbidden for a template that comes with XenServer."""
        if collection == "vms":
            vm = require_vm(self._gateway, collection, vm_id, "create-template", by=by)
            require_possible(self._gateway, vm, "make_into_template", ("Halted",))
            return vm
        vm = require_vm(self._gateway, collection, vm_id, "create-vm", by=by)
        if isinstance(vm, VMTemplate) and vm.is_default_template:
            raise Forbidden("the templates that come with XenServer stay: clone it, or create a VM from it")
        return vm

    async def _of_the_moment(self, vm: AnyVM, name: str, steps: Steps, progress: Progress) -> str:
        """A snapshot to copy from, for XAPI copies nothing that runs."""
        with self._gateway.busy.hold(vm, "snapshot", task_id=progress.task_id):
            left_out = left_out_of(self._gateway, vm)
            return await self._gateway.make(
                steps,
                "took a snapshot to copy from",
                vm,
                "VM.snapshot",
                vm.xapi_ref,
                name,
                *([left_out] if left_out else []),
                undo=lambda made: self._remove(vm, made),
                progress=progress,
            )

    async def _copied(
        self, vm: AnyVM, call: str, arguments: tuple[object, ...], steps: Steps, progress: Progress
    ) -> str:
        return await self._gateway.make(
            steps, "made the copy", vm, call, *arguments, undo=lambda made: self._remove(vm, made), progress=progress
        )

    async def _make_vm(self, vm: AnyVM, ref: str) -> None:
        """The copy of a snapshot is a template until it is told to be a VM."""
        await self._gateway.call(vm, "VM.set_is_a_template", ref, False)

    async def _remove_moment(self, vm: AnyVM, snapshot: str, progress: Progress) -> None:
        try:
            await self._remove(vm, snapshot)
        except PodiumError as error:  # the copy is there and whole
            progress.warning(f"the snapshot that was copied from could not be deleted: {error}")

    def _remove(self, vm: AnyVM, ref: str) -> Awaitable[None]:
        return remove_made(self._gateway, vm, ref)
