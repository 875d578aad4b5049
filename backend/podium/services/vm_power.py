"""VM power: start, shut down, reboot, pause, suspend, and back."""

from typing import Final, NamedTuple

from podium.errors import InvalidParameters
from podium.model.host import Host
from podium.model.vm import VM
from podium.services.access import Viewer
from podium.services.gateway import Gateway
from podium.services.tasks import Progress
from podium.services.vm_rules import require_possible, require_unblocked


class PowerAction(NamedTuple):
    """One way to change the power state. `operation` is XAPI's name of it, also in `blocked_operations`."""

    operation: str
    privilege: str
    states: tuple[str, ...]
    """The power states it begins from (PROTOCOL.md 6.2)."""
    arguments: tuple[object, ...] = ()

    @property
    def method(self) -> str:
        return f"VM.{self.operation}"


ACTIONS: Final[dict[str, PowerAction]] = {
    "start": PowerAction("start", "start", ("Halted",), (False, False)),
    "clean_shutdown": PowerAction("clean_shutdown", "shutdown:clean", ("Running",)),
    "hard_shutdown": PowerAction("hard_shutdown", "shutdown:hard", ("Running", "Paused", "Suspended")),
    "clean_reboot": PowerAction("clean_reboot", "reboot:clean", ("Running",)),
    "hard_reboot": PowerAction("hard_reboot", "reboot:hard", ("Running", "Paused")),
    "pause": PowerAction("pause", "pause", ("Running",)),
    "unpause": PowerAction("unpause", "unpause", ("Paused",)),
    "suspend": PowerAction("suspend", "suspend", ("Running",)),
    "resume": PowerAction("resume", "resume", ("Suspended",), (False, False)),
}
"""By the name of the route."""
STARTS: Final = frozenset({"start", "resume"})
"""Those that a resource set does not allow while it is over its limits."""


class VmPower:
    """Each method returns when the cache shows the new state."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def require(self, name: str, vm_id: str, *, by: Viewer, host_id: str | None = None) -> VM:
        """The VM, if the viewer may do that to it. Raises NotFound, MissingPrivileges, InvalidParameters."""
        vm = self._gateway.find(VM, "VM", vm_id)
        by.require(ACTIONS[name].privilege, "vm", vm)
        if host_id is not None:
            self._host(vm, host_id, by)
        return vm

    def require_possible(self, name: str, vm: VM) -> None:
        """What the pool would refuse, as far as the cache knows. Raises IncorrectState, OperationInProgress."""
        require_possible(self._gateway, vm, ACTIONS[name].operation, ACTIONS[name].states)

    async def act(self, name: str, vm_id: str, *, by: Viewer, progress: Progress, host_id: str | None = None) -> None:
        """Do one of ACTIONS. `host_id`: where to start it. Raises what the pool refuses, OperationInProgress."""
        action = ACTIONS[name]
        vm = self.require(name, vm_id, by=by)
        if name in STARTS:
            self._gateway.quotas.require_within(vm)
        with self._gateway.busy.hold(vm, action.operation, task_id=progress.task_id):
            if host_id is not None:
                require_unblocked(self._gateway, vm, action.operation)  # XAPI looks for `start_on` only
                host = self._host(vm, host_id, by)
                arguments: tuple[object, ...] = (host.xapi_ref, *action.arguments)
                await self._gateway.run(vm, "VM.start_on", vm.xapi_ref, *arguments, progress=progress)
            else:
                await self._gateway.run(vm, action.method, vm.xapi_ref, *action.arguments, progress=progress)
            await self._gateway.settle(vm)

    def _host(self, vm: VM, host_id: str, by: Viewer) -> Host:
        host = self._gateway.visible(Host, "host", host_id, by)
        by.require("allow-vm", "host", host)
        if host.pool != vm.pool:
            raise InvalidParameters(f"the host {host.name_label} is in another pool")
        return host
