"""vTPMs: a VM gets one, or loses it with all that is sealed by it."""

from podium.model.vm import VM
from podium.model.vtpm import VTPM
from podium.services.access import Viewer
from podium.services.gateway import Gateway


class Vtpms:
    """Each method returns when the cache shows its effect."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def create(self, vm_id: str, *, by: Viewer) -> str:
        """The new vTPM's id. The VM must be halted and have none. Raises what the pool refuses."""
        by.require_any("create", "vtpm")
        vm = self._gateway.visible(VM, "VM", vm_id, by)
        by.require("create", "vtpm", {"vmId": vm_id}, around=(vm,))
        with self._gateway.busy.hold(vm, "create_vtpm"):
            ref = str(await self._gateway.call(vm, "VTPM.create", vm.xapi_ref, False))
            return await self._gateway.created(vm, ref)

    async def delete(self, vtpm_id: str, *, by: Viewer) -> None:
        """Raises NotFound, MissingPrivileges, what the pool refuses: the VM must be halted."""
        vtpm = self._gateway.find(VTPM, "VTPM", vtpm_id)
        by.require("delete", "vtpm", vtpm)
        await self._gateway.call(vtpm, "VTPM.destroy", vtpm.xapi_ref)
        await self._gateway.settle(vtpm)
