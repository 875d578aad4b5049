"""Snapshots of VMs over HTTP: taking one, and going back to one."""

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import AfterValidator, Field
from starlette.responses import Response

from podium.api.actions import Made, Sync, action_responses, run_action
from podium.api.deps import CurrentViewer
from podium.api.inputs import Body, Line, ObjectId, storable
from podium.api.vms import CONFIRM, WRITE_PROBLEMS
from podium.services.tasks import Progress
from podium.services.vm_snapshots import VmSnapshots

router = APIRouter(prefix="/rest/v0/vms", tags=["vms"])

Name = Annotated[Line, Field(max_length=255)]


class SnapshotBody(Body):
    """`memory` (ours): with what is in the VM's memory. The name is made of the VM's and the time otherwise."""

    name_label: Name | None = None
    name_description: Annotated[str, Field(max_length=32_768), AfterValidator(storable)] = ""
    memory: bool = False


class RevertBody(Body):
    """`snapshotBefore`: keep what the VM is now, as a snapshot."""

    snapshotId: ObjectId
    snapshotBefore: bool = False


@router.post(
    "/{vm_id}/actions/snapshot",
    operation_id="SnapshotVm",
    status_code=202,
    responses=action_responses(*WRITE_PROBLEMS, done=201),
    openapi_extra=CONFIRM,
)
async def snapshot_vm(
    request: Request, vm_id: ObjectId, viewer: CurrentViewer, body: SnapshotBody | None = None, *, sync: Sync = False
) -> Response:
    """Keep what the VM is now. Disks whose names begin with [NOSNAP] are left out."""
    snapshots: VmSnapshots = request.app.state.vm_snapshots
    snapshots.require(vm_id, by=viewer)
    asked = body or SnapshotBody()

    async def work(progress: Progress) -> dict[str, str]:
        return {"id": await snapshots.snapshot(vm_id, by=viewer, progress=progress, **asked.model_dump())}

    return await run_action(
        request,
        work,
        name="snapshot VM",
        viewer=viewer,
        sync=sync,
        about=("VM", vm_id),
        params=asked.model_dump(exclude_unset=True),
        done=Made("/rest/v0/vm-snapshots/{id}"),
    )


@router.post(
    "/{vm_id}/actions/revert_snapshot",
    operation_id="RevertSnapshotVm",
    status_code=202,
    responses=action_responses(*WRITE_PROBLEMS),
    openapi_extra=CONFIRM,
)
async def revert_snapshot(
    request: Request, vm_id: ObjectId, body: RevertBody, viewer: CurrentViewer, *, sync: Sync = False
) -> Response:
    """Make the VM what it was in one of its snapshots. What changed since is lost, unless `snapshotBefore`."""
    snapshots: VmSnapshots = request.app.state.vm_snapshots
    snapshots.require_revert(vm_id, body.snapshotId, by=viewer, snapshot_before=body.snapshotBefore)

    async def work(progress: Progress) -> None:
        await snapshots.revert(
            vm_id, body.snapshotId, by=viewer, progress=progress, snapshot_before=body.snapshotBefore
        )

    return await run_action(
        request,
        work,
        name="revert VM to snapshot",
        viewer=viewer,
        sync=sync,
        about=("VM", vm_id),
        params=body.model_dump(exclude_unset=True),
    )
