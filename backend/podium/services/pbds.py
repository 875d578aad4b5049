"""PBDs: a host is connected to an SR, or disconnected from it."""

from podium.model.pbd import PBD
from podium.services.access import Viewer
from podium.services.gateway import Gateway
from podium.services.tasks import Progress


class Pbds:
    """Each method returns when the cache shows its effect."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def require(self, pbd_id: str, action: str, *, by: Viewer) -> PBD:
        """Raises NotFound, MissingPrivileges."""
        pbd = self._gateway.find(PBD, "PBD", pbd_id)
        by.require(action, "pbd", pbd)
        return pbd

    async def plug(self, pbd_id: str, *, by: Viewer, progress: Progress) -> None:
        """Connect the host to the SR."""
        await self._run(self.require(pbd_id, "plug", by=by), "plug", progress)

    async def unplug(self, pbd_id: str, *, by: Viewer, progress: Progress) -> None:
        """Disconnect it. Raises what the pool refuses: its VMs use disks there."""
        await self._run(self.require(pbd_id, "unplug", by=by), "unplug", progress)

    async def _run(self, pbd: PBD, operation: str, progress: Progress) -> None:
        with self._gateway.busy.hold(pbd, operation, task_id=progress.task_id):
            await self._gateway.run(pbd, f"PBD.{operation}", pbd.xapi_ref, progress=progress)
            await self._gateway.settle(pbd)
