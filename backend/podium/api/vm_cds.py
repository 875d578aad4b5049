"""CDs of VMs over HTTP: an image into the drive, and out of it."""

from fastapi import APIRouter, Request
from starlette.datastructures import State
from starlette.responses import Response

from podium.api.actions import Sync, action_responses, run_action
from podium.api.deps import CurrentViewer
from podium.api.inputs import Body, ObjectId
from podium.api.plain_actions import Plain, plain_action
from podium.api.vms import CONFIRM, WRITE_PROBLEMS
from podium.services.access import Viewer
from podium.services.tasks import Progress, Work
from podium.services.vm_cds import VmCds

router = APIRouter(prefix="/rest/v0/vms", tags=["vms"])


class InsertBody(Body):
    """The image, from an SR of images."""

    vdiId: ObjectId


@router.post(
    "/{vm_id}/actions/insert_cd",
    operation_id="InsertVmCd",
    status_code=202,
    responses=action_responses(*WRITE_PROBLEMS),
    openapi_extra=CONFIRM,
)
async def insert_cd(
    request: Request, vm_id: ObjectId, body: InsertBody, viewer: CurrentViewer, *, sync: Sync = False
) -> Response:
    """Put an image into the CD drive, in place of what is in it; a VM without a drive gets one."""
    cds: VmCds = request.app.state.vm_cds
    cds.require_image(cds.require(vm_id, "insert-cd", by=viewer), body.vdiId, by=viewer)

    async def work(progress: Progress) -> None:
        await cds.insert(vm_id, body.vdiId, by=viewer, progress=progress)

    return await run_action(
        request, work, name="insert CD", viewer=viewer, sync=sync, about=("VM", vm_id), params=body.model_dump()
    )


def _eject(state: State, vm_id: str, viewer: Viewer) -> Work[None]:
    cds: VmCds = state.vm_cds
    cds.require(vm_id, "eject-cd", by=viewer)

    async def work(progress: Progress) -> None:
        await cds.eject(vm_id, by=viewer, progress=progress)

    return work


plain_action(
    router,
    Plain("/{object_id}/actions/eject_cd", "EjectVmCd", "Take out what is in the CD drive", "eject CD", "VM", _eject),
)
