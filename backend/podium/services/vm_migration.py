"""VM migration: to another host, to other storage, to another pool; and copies into another pool."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

from podium.errors import IncorrectState, PodiumError
from podium.model.host import Host
from podium.model.sr import SR
from podium.model.vm import VM, AnyVM
from podium.services.access import Viewer
from podium.services.gateway import Gateway
from podium.services.tasks import Progress
from podium.services.vm_kinds import remove_made
from podium.services.vm_moves import Moves, Plan, Wishes
from podium.services.vm_rules import require_possible
from podium.xapi.errors import XapiError

NULL: Final = "OpaqueRef:NULL"


class VmMigration:
    """Moves and copies VMs between hosts, storage and pools."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def require(self, vm_id: str, *, by: Viewer) -> VM:
        """Raises NotFound, MissingPrivileges."""
        vm = self._gateway.find(VM, "VM", vm_id)
        by.require("migrate-send", "vm", vm)
        return vm

    def plan(self, vm: AnyVM, host_id: str, wanted: Wishes, *, by: Viewer) -> Plan:
        """Where the VM, its disks and its interfaces go: see `Moves.plan`."""
        return Moves(self._gateway, by).plan(vm, host_id, wanted)

    async def migrate(self, vm: VM, plan: Plan, *, by: Viewer, progress: Progress) -> str:
        """Move the VM: its id where it is now, once the cache shows it there. Raises what the pools refuse."""
        vm = self.require(vm.id, by=by)
        if plan.moves_storage:
            with self._gateway.busy.hold(vm, "migrate_send", task_id=progress.task_id):
                async with receiving(self._gateway, vm, plan) as token:
                    arguments = arguments_of(vm, plan, token, {})
                    ref = await self._gateway.run(vm, "VM.migrate_send", *arguments, progress=progress)
                if not plan.crosses(vm):
                    await self._gateway.settle(vm)
                    return vm.id
                _, there = await asyncio.gather(self._gateway.settle(vm), self._gateway.created(plan.host, ref))
                return there
        require_running(self._gateway, vm)
        with self._gateway.busy.hold(vm, "pool_migrate", task_id=progress.task_id):
            options = {"live": "true"}
            if plan.network is not None:
                options["network"] = plan.network.xapi_ref
            arguments = (vm.xapi_ref, plan.host.xapi_ref, options)
            await self._gateway.run(vm, "VM.pool_migrate", *arguments, progress=progress)
            await self._gateway.settle(vm)
        return vm.id

    def elsewhere(self, vm: AnyVM, *, sr_id: str | None, host_id: str | None, by: Viewer) -> bool:
        """Whether a copy to that SR or host goes to another pool."""
        if host_id is not None:
            return self._gateway.visible(Host, "host", host_id, by).pool != vm.pool
        return sr_id is not None and self._gateway.visible(SR, "SR", sr_id, by).pool != vm.pool

    async def copy(
        self,
        vm: AnyVM,
        *,
        name_label: str | None,
        sr_id: str | None,
        host_id: str | None,
        by: Viewer,
        progress: Progress,
    ) -> str:
        """A copy of the VM in another pool: its id there."""
        host = host_id or self._a_host(sr_id, by).id
        plan = Moves(self._gateway, by).plan(vm, host, Wishes(sr_id=sr_id), copy=True)
        with self._gateway.busy.hold(vm, "migrate_send", task_id=progress.task_id):
            async with self._gateway.steps(vm) as steps, receiving(self._gateway, vm, plan) as token:
                ref = await self._gateway.make(
                    steps,
                    "made the copy",
                    vm,
                    "VM.migrate_send",
                    *arguments_of(vm, plan, token, {"copy": "true"}),
                    undo=lambda made: remove_made(self._gateway, plan.host, made),
                    progress=progress.part(0, 95),
                )
                if name_label:
                    await self._gateway.call(plan.host, "VM.set_name_label", ref, name_label)
            return await self._gateway.created(plan.host, ref)

    def _a_host(self, sr_id: str | None, by: Viewer) -> Host:
        """A running host that sees the SR: the one with the most free memory."""
        sr = self._gateway.visible(SR, "SR", sr_id or "", by)
        moves = Moves(self._gateway, by)
        hosts = [
            entry.object
            for entry in self._gateway.objects.ordered("host")
            if isinstance(entry.object, Host)
            and entry.pool == sr.pool
            and entry.object.enabled
            and entry.object.power_state == "Running"
            and moves.reaches(entry.object, sr.id)
        ]
        if not hosts:
            raise IncorrectState(f"no running host sees the SR {sr.name_label}")
        return max(hosts, key=lambda host: host.memory.size - host.memory.usage)


@asynccontextmanager
async def receiving(gateway: Gateway, vm: AnyVM, plan: Plan) -> AsyncIterator[object]:
    """The destination waits for a VM. What the VM's pool is to be told is opaque, but for the session opened for it.

    That session is ours to end: nobody else does, and a pool has room for a few hundred. What is refused meanwhile may
    be about objects of either pool, and names them.
    """
    network = NULL if plan.network is None else plan.network.xapi_ref
    token = await gateway.call(plan.host, "host.migrate_receive", plan.host.xapi_ref, network, {})
    try:
        yield token
    except PodiumError as error:
        if error.xapi is None or not plan.crosses(vm):
            raise
        said = XapiError(error.xapi.code, error.xapi.params)
        raise gateway.refused(said, vm, beside=plan.host) from error
    finally:
        session = token.get("session_id") if isinstance(token, dict) else None
        if isinstance(session, str):
            await gateway.end_session(plan.host, session)


def arguments_of(vm: AnyVM, plan: Plan, token: object, options: Mapping[str, str]) -> tuple[object, ...]:
    """Of VM.migrate_send and VM.assert_can_migrate."""
    disks = {disk: sr.xapi_ref for disk, sr in plan.disks.items()}
    interfaces = {vif: network.xapi_ref for vif, network in plan.interfaces.items()}
    return (vm.xapi_ref, token, True, disks, interfaces, dict(options))


def require_running(gateway: Gateway, vm: VM) -> None:
    """A move that leaves the storage where it is, is one of a running VM. Raises IncorrectState."""
    if vm.power_state == "Halted":
        raise IncorrectState(
            f"{vm.name_label} is halted: within its pool there is nothing to move, start it on the host instead"
        )
    require_possible(gateway, vm, "pool_migrate", ("Running",))
