"""PBDs over HTTP: hosts' connections to SRs. Their objects are collections.py's."""

from fastapi import APIRouter
from starlette.datastructures import State

from podium.api.plain_actions import Plain, plain_action
from podium.services.access import Viewer
from podium.services.pbds import Pbds
from podium.services.tasks import Progress, Work

router = APIRouter(prefix="/rest/v0/pbds", tags=["pbds"])


def _plug(state: State, pbd_id: str, viewer: Viewer) -> Work[None]:
    pbds: Pbds = state.pbds
    pbds.require(pbd_id, "plug", by=viewer)

    async def work(progress: Progress) -> None:
        await pbds.plug(pbd_id, by=viewer, progress=progress)

    return work


def _unplug(state: State, pbd_id: str, viewer: Viewer) -> Work[None]:
    pbds: Pbds = state.pbds
    pbds.require(pbd_id, "unplug", by=viewer)

    async def work(progress: Progress) -> None:
        await pbds.unplug(pbd_id, by=viewer, progress=progress)

    return work


for _action in (
    Plain("/{object_id}/actions/plug", "PlugPbd", "Connect the host to the SR", "plug PBD", "PBD", _plug),
    Plain("/{object_id}/actions/unplug", "UnplugPbd", "Disconnect the host from the SR", "unplug PBD", "PBD", _unplug),
):
    plain_action(router, _action)
