"""Host actions: maintenance, power, toolstack, membership."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from podium.errors import IncorrectState, InvalidParameters, PodiumError
from podium.model.host import Host
from podium.model.pif import PIF
from podium.model.pool import Pool
from podium.model.vm import VM
from podium.services.access import READ, Viewer
from podium.services.edits import Editor, require_update
from podium.services.gateway import Gateway
from podium.services.host_returns import HostReturns
from podium.services.refusals import refusal_of
from podium.services.tasks import Progress
from podium.services.undo import Steps
from podium.xapi.errors import XapiError

_MOVES: Final = ("pool_migrate", "migrate_send")

CHANGES: Final = {"name_label": "name_label", "name_description": "name_description", "tags": "tags"}


class Leaving(msgspec.Struct, frozen=True, rename="camel"):
    """A VM that has to leave a host: where to, or why it cannot. The host is our guess; XAPI makes its own plan."""

    id: str
    name_label: str = msgspec.field(name="name_label")
    host_id: str | None
    reasons: tuple[dict[str, Any], ...]


class EvacuationPlan(msgspec.Struct, frozen=True):
    """What an evacuation would come to."""

    possible: bool
    vms: tuple[Leaving, ...]


class HostActions:
    """Each method returns when it is done and the cache shows it."""

    def __init__(self, gateway: Gateway, returns: HostReturns) -> None:
        self._gateway = gateway
        self._returns = returns

    def require(self, host_id: str, action: str, *, by: Viewer) -> Host:
        """Raises NotFound, MissingPrivileges."""
        host = self._gateway.find(Host, "host", host_id)
        by.require(action, "host", host)
        return host

    async def update(self, host_id: str, changes: Mapping[str, Any], *, by: Viewer) -> None:
        """Change settings, all of them or none. Names as in the API; see HostChanges."""
        host = self._gateway.find(Host, "host", host_id)
        require_update(by, "host", host, changes)
        editor = await Editor.of(self._gateway, host, "host")
        for field, value in changes.items():
            if field in CHANGES:
                editor.set(CHANGES[field], value)
            elif field == "iscsiIqn":
                editor.set("iscsi_iqn", value)
            elif field == "multipathing":
                editor.set("multipathing", value)
            elif field == "powerOnMode" and value != host.power_on_mode:
                editor.call("changed the power-on mode", "set_power_on_mode", value, {})
            elif field == "logDestination":
                editor.entry("logging", "syslog_destination", value or None, "changed the log's destination")
                editor.call("told the log", "syslog_reconfigure")
        await editor.apply()
        await self._gateway.settle(host)

    async def plan(self, host_id: str, *, by: Viewer) -> EvacuationPlan:
        """Where each running VM of the host would go, and what keeps it here. Asks the pool, changes nothing."""
        host = self.require(host_id, READ, by=by)
        answer = await self._gateway.ask(host, "host.get_vms_which_prevent_evacuation", host.xapi_ref)
        stuck = answer if isinstance(answer, dict) else {}
        free = {
            one.id: one.memory.size - one.memory.usage
            for one in self.hosts(host.pool)
            if one.id != host.id and one.enabled and one.power_state == "Running"
        }
        leaving = []
        for vm in sorted(self.residents(host), key=lambda one: -one.memory.size):
            words = stuck.get(vm.xapi_ref)
            if words:
                error = XapiError(str(words[0]), tuple(map(str, words[1:])))
                reason = refusal_of(error, vm, self._gateway.names(vm.pool)).described()
                leaving.append(Leaving(id=vm.id, name_label=vm.name_label, host_id=None, reasons=(reason,)))
                continue
            target = max(free, key=lambda one: free[one], default=None)
            if target is not None:
                free[target] -= vm.memory.size
            leaving.append(Leaving(id=vm.id, name_label=vm.name_label, host_id=target, reasons=()))
        leaving.sort(key=lambda one: (not one.reasons, one.name_label))
        return EvacuationPlan(possible=not any(one.reasons for one in leaving), vms=tuple(leaving))

    async def enable(self, host_id: str, *, by: Viewer) -> None:
        host = self.require(host_id, "enable", by=by)
        await self._gateway.call(host, "host.enable", host.xapi_ref)
        await self._gateway.settle(host)

    async def disable(
        self,
        host_id: str,
        *,
        by: Viewer,
        progress: Progress,
        auto_enable: bool = False,
        evacuate: bool = False,
        force: bool = False,
        force_migrate: Sequence[str] = (),
    ) -> None:
        """Take no more VMs; `evacuate`: have all leave.

        `force_migrate`: VMs whose blocks of migration do not count meanwhile; with `force` none's do.
        """
        host = self.require(host_id, "disable", by=by)
        if evacuate:
            by.require("evacuate", "host", host)
        if force:
            force_migrate = [vm.id for vm in self.residents(host)]
        with self._gateway.busy.hold(host, "disable", task_id=progress.task_id):
            await self._disable_and_empty(host, progress, auto_enable=auto_enable, evacuate=evacuate, vms=force_migrate)

    async def _disable_and_empty(
        self, host: Host, progress: Progress, *, auto_enable: bool, evacuate: bool, vms: Sequence[str]
    ) -> None:
        try:
            async with self._gateway.steps(host) as steps:
                await self._disable(host, auto_enable=auto_enable)
                if host.enabled:
                    steps.done("disabled the host", lambda: self._gateway.call(host, "host.enable", host.xapi_ref))
                if evacuate:
                    await self._evacuate(host, progress, vms)
        finally:  # also when it was undone
            await self._gateway.settle(host)

    async def shutdown(self, host_id: str, *, by: Viewer, progress: Progress, evacuate: bool = True) -> None:
        """Disabled, emptied (unless told not to), and off."""
        host = self.require(host_id, "shutdown:clean", by=by)
        with self._gateway.busy.hold(host, "shutdown", task_id=progress.task_id):
            await self._down(host, "host.shutdown", progress, evacuate=evacuate)

    async def reboot(
        self, host_id: str, *, by: Viewer, progress: Progress, force: bool = False, check_version: bool = True
    ) -> None:
        """Disabled, emptied, and rebooted. `force`: without emptying it; what runs there must have been shut down.

        `check_version`: raises IncorrectState when its coordinator has to be updated or rebooted before.
        """
        host = self.require(host_id, "reboot:clean", by=by)
        if check_version and not force:
            await self._returns.require_coordinator_first(host)
        with self._gateway.busy.hold(host, "reboot", task_id=progress.task_id):
            await self._down(host, "host.reboot", progress, evacuate=not force)

    async def reboot_and_wait(self, host: Host, progress: Progress) -> None:
        """As `reboot`; returns when the host is back and takes VMs again."""
        with self._gateway.busy.hold(host, "reboot", task_id=progress.task_id):
            await self._down(host, "host.reboot", progress.part(0, 60), evacuate=True)
            await self._returns.wait(host, progress.part(60, 100))
            await self._gateway.settle(host)

    async def smart_reboot(
        self,
        host_id: str,
        *,
        by: Viewer,
        progress: Progress,
        check_version: bool = True,
        despite_blocks: bool = False,
    ) -> None:
        """Suspend what runs there, reboot, and resume it there.

        `despite_blocks`: also VMs of which that is blocked; the blocks are put back before the reboot. Without it
        raises IncorrectState before anything is done when some VM must not be suspended.
        """
        host = self.require(host_id, "reboot:smart", by=by)
        if check_version:
            await self._returns.require_coordinator_first(host)
        blocked = [vm.name_label or vm.id for vm in self.residents(host) if "suspend" in vm.blocked_operations]
        if blocked and not despite_blocks:
            raise IncorrectState(f"these VMs must not be suspended: {', '.join(blocked)}")
        with self._gateway.busy.hold(host, "reboot", task_id=progress.task_id):
            await self._smart_reboot(host, progress)

    async def _smart_reboot(self, host: Host, progress: Progress) -> None:
        residents = self.residents(host)
        async with self._gateway.steps(host) as blocks, self._gateway.steps(host) as steps:
            await self._disable(host, auto_enable=True)
            if host.enabled:
                steps.done("disabled the host", lambda: self._gateway.call(host, "host.enable", host.xapi_ref))
            for number, vm in enumerate(residents):
                await self._unblock(vm, ("suspend",), blocks)
                await self._gateway.run(vm, "VM.suspend", vm.xapi_ref)
                steps.done(f"suspended {vm.name_label}", self._resume(vm))
                progress.at(40 * (number + 1) / len(residents))
            await blocks.take_back()
            await self._gateway.run(host, "host.reboot", host.xapi_ref)
        await self._returns.wait(host, progress.part(40, 60))
        for number, vm in enumerate(residents):
            try:
                await self._gateway.run(vm, "VM.resume_on", vm.xapi_ref, host.xapi_ref, False, False)
            except PodiumError as error:
                progress.warning(f"{vm.name_label} was not resumed: {error}", {"id": vm.id})
            progress.at(60 + 40 * (number + 1) / len(residents))
        await self._gateway.settle(host)

    async def emergency_shutdown(self, host: Host, *, progress: Progress) -> None:
        """Suspend what runs there, as much of it as goes, and switch off."""
        with self._gateway.busy.hold(host, "shutdown", task_id=progress.task_id):
            await self._emergency_shutdown(host, progress)

    async def _emergency_shutdown(self, host: Host, progress: Progress) -> None:
        await self._disable(host, auto_enable=True)
        for vm in self.residents(host):
            try:
                await self._gateway.run(vm, "VM.suspend", vm.xapi_ref)
            except PodiumError as error:
                progress.warning(f"{vm.name_label} could not be suspended and is switched off: {error}", {"id": vm.id})
                await self._gateway.run(vm, "VM.hard_shutdown", vm.xapi_ref)
        await self._gateway.run(host, "host.shutdown", host.xapi_ref)

    async def start(self, host_id: str, *, by: Viewer, progress: Progress) -> None:
        host = self.require(host_id, "start", by=by)
        await self._gateway.run(host, "host.power_on", host.xapi_ref, progress=progress)
        await self._gateway.settle(host)

    async def restart_toolstack(self, host_id: str, *, by: Viewer) -> None:
        """VMs go on. At the coordinator it ends our session, too: this returns when the pool is connected again."""
        host = self.require(host_id, "restart-toolstack", by=by)
        await self._through_restart(host, "host.restart_agent", host.xapi_ref)

    def require_management(self, host_id: str, pif_id: str, *, by: Viewer) -> tuple[Host, PIF]:
        """Raises NotFound, MissingPrivileges, InvalidParameters for another host's PIF."""
        host = self._gateway.find(Host, "host", host_id)
        pif = self._gateway.visible(PIF, "PIF", pif_id, by)
        by.require("update:management", "pif", pif)
        if pif.host != host.id:
            raise InvalidParameters(f"the PIF {pif.device} is another host's")
        return host, pif

    async def reconfigure_management(self, host_id: str, pif_id: str, *, by: Viewer) -> None:
        """Move the host's management interface."""
        host, pif = self.require_management(host_id, pif_id, by=by)
        await self._through_restart(host, "host.management_reconfigure", pif.xapi_ref)

    async def detach(self, host_id: str, *, by: Viewer, progress: Progress) -> None:
        """Out of its pool. What is on its local storage is lost, and it comes back as a pool of its own."""
        host = self.require(host_id, "detach", by=by)
        pool = self._gateway.find(Pool, "pool", host.pool)
        if host.id == pool.master:
            raise IncorrectState(f"{host.name_label} is the pool's coordinator: make another host that first")
        await self._gateway.run(host, "pool.eject", host.xapi_ref, progress=progress)
        await self._gateway.settle(host)
        progress.info(f"{host.name_label} starts anew as a pool of its own: add it as a server at {host.address}")

    async def forget(self, host_id: str, *, by: Viewer) -> None:
        """Out of the pool's memory, when it will not come back. Raises IncorrectState when it is running."""
        host = self.require(host_id, "forget", by=by)
        if host.power_state == "Running":
            raise IncorrectState(f"the host {host.name_label} is running")
        await self._gateway.run(host, "host.destroy", host.xapi_ref)
        await self._gateway.settle(host)

    async def scan_pifs(self, host_id: str, *, by: Viewer) -> None:
        host = self.require(host_id, "scan-pifs", by=by)
        if host.power_state != "Running":
            raise IncorrectState(f"the host {host.name_label} is not running")
        await self._gateway.run(host, "PIF.scan", host.xapi_ref)
        await self._gateway.settle(host)

    def hosts(self, pool_id: str) -> list[Host]:
        """The hosts of a pool, by id."""
        entries = self._gateway.objects.ordered("host")
        return [one.object for one in entries if one.pool == pool_id and isinstance(one.object, Host)]

    def residents(self, host: Host) -> list[VM]:
        """The VMs that are on the host, without its control domain."""
        found = []
        for vm_id in host.resident_vms:
            entry = self._gateway.objects.of_type("VM").get(vm_id or "")
            if entry is not None and isinstance(entry.object, VM):
                found.append(entry.object)
        return found

    async def _through_restart(self, host: Host, method: str, *params: object) -> None:
        """A call that makes the host unreachable for a while: with the coordinator, our session ends; with no other."""
        if host.id == self._gateway.find(Pool, "pool", host.pool).master:
            await self._gateway.outlive(host, method, *params)
        else:
            await self._gateway.run(host, method, *params)
        await self._gateway.settle(host)

    async def _disable(self, host: Host, *, auto_enable: bool) -> None:
        try:
            await self._gateway.call(host, "host.disable", host.xapi_ref, auto_enable)
        except PodiumError as error:
            if error.xapi is None or error.xapi.code != "MESSAGE_PARAMETER_COUNT_MISMATCH":
                raise
            await self._gateway.call(host, "host.disable", host.xapi_ref)  # before 25.31

    async def _evacuate(self, host: Host, progress: Progress, force_migrate: Sequence[str] = ()) -> None:
        """Have all VMs leave, in XAPI's own order. Blocks that do not count are taken away, and put back at the end."""
        async with self._gateway.steps(host) as steps:
            for vm_id in force_migrate:
                await self._unblock(self._gateway.find(VM, "VM", vm_id), _MOVES, steps)
            await self._gateway.run(host, "host.evacuate", host.xapi_ref, progress=progress)
            await steps.take_back()

    async def _unblock(self, vm: VM, operations: Sequence[str], steps: Steps) -> None:
        for operation in operations:
            reason = vm.blocked_operations.get(operation)
            if reason is None:
                continue
            await self._gateway.call(vm, "VM.remove_from_blocked_operations", vm.xapi_ref, operation)
            steps.done(f"unblocked {operation} of {vm.name_label}", self._block(vm, operation, reason))

    def _block(self, vm: VM, operation: str, reason: str) -> Any:
        return lambda: self._gateway.call(vm, "VM.add_to_blocked_operations", vm.xapi_ref, operation, reason)

    def _resume(self, vm: VM) -> Any:
        return lambda: self._gateway.run(vm, "VM.resume", vm.xapi_ref, False, False)

    async def _down(self, host: Host, method: str, progress: Progress, *, evacuate: bool) -> None:
        try:
            async with self._gateway.steps(host) as steps:
                await self._disable(host, auto_enable=True)
                if host.enabled:
                    steps.done("disabled the host", lambda: self._gateway.call(host, "host.enable", host.xapi_ref))
                if evacuate:
                    await self._evacuate(host, progress.part(0, 90))
                await self._gateway.run(host, method, host.xapi_ref)
        finally:  # also when it was undone
            await self._gateway.settle(host)
