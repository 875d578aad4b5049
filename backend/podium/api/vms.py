"""VMs, snapshots and templates over HTTP: their power, and their end. Their objects are collections.py's."""

from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from podium.api.actions import Sync, action_responses, run_action
from podium.api.deps import CurrentViewer
from podium.api.inputs import Body, ObjectId
from podium.api.problems import responses
from podium.api.schemas import reference
from podium.errors import (
    CrossSite,
    Forbidden,
    IncorrectState,
    MissingPrivileges,
    NotFound,
    NotSupported,
    OperationInProgress,
    PoolError,
    PoolUnreachable,
    ReadOnly,
    Unavailable,
)
from podium.services.tasks import Progress
from podium.services.vm_deletion import VmDeletion
from podium.services.vm_power import ACTIONS, VmPower

router = APIRouter(prefix="/rest/v0", tags=["vms"])

WRITE_PROBLEMS: Final = (
    CrossSite,
    IncorrectState,
    MissingPrivileges,
    NotFound,
    NotSupported,
    OperationInProgress,
    PoolError,
    PoolUnreachable,
    ReadOnly,
    Unavailable,
)
"""What any write to a pool may be answered with."""
CONFIRM: Final[dict[str, Any]] = {"x-mcp-exposure": "confirm"}


class StartBody(Body):
    """Where to start the VM; the pool chooses otherwise."""

    hostId: ObjectId | None = None


def _power_route(name: str) -> None:
    words = name.replace("_", " ")

    async def work_of(request: Request, vm_id: str, viewer: CurrentViewer, host_id: str | None, sync: bool) -> Response:
        power: VmPower = request.app.state.vm_power
        vm = power.require(name, vm_id, by=viewer, host_id=host_id)

        async def work(progress: Progress) -> None:
            await power.act(name, vm_id, by=viewer, progress=progress, host_id=host_id)

        params = {} if host_id is None else {"hostId": host_id}
        return await run_action(
            request, work, name=f"{words} VM", viewer=viewer, sync=sync, about=("VM", vm.id), params=params
        )

    route = router.post(
        f"/vms/{{vm_id}}/actions/{name}",
        operation_id=f"{''.join(part.capitalize() for part in name.split('_'))}Vm",
        summary=f"{words.capitalize()} the VM",
        status_code=202,
        responses=action_responses(*WRITE_PROBLEMS),
        openapi_extra=CONFIRM,
    )
    if name == "start":

        @route
        async def start(
            request: Request,
            vm_id: ObjectId,
            viewer: CurrentViewer,
            body: StartBody | None = None,
            *,
            sync: Sync = False,
        ) -> Response:
            return await work_of(request, vm_id, viewer, None if body is None else body.hostId, sync)

    else:

        @route
        async def act(request: Request, vm_id: ObjectId, viewer: CurrentViewer, *, sync: Sync = False) -> Response:
            return await work_of(request, vm_id, viewer, None, sync)


for _name in ACTIONS:
    _power_route(_name)


def _delete_route(collection: str, operation_id: str) -> None:
    @router.delete(
        f"/{collection}/{{vm_id}}",
        operation_id=operation_id,
        status_code=204,
        responses={
            200: {
                "description": "Deleted, but something of it stayed",
                "content": {"application/json": {"schema": reference("Deleted")}},
            },
            **responses(*WRITE_PROBLEMS, Forbidden),
        },
        openapi_extra=CONFIRM,
    )
    async def delete_vm(
        request: Request,
        vm_id: ObjectId,
        viewer: CurrentViewer,
        *,
        delete_disks: Annotated[
            bool, Query(description="with its snapshots and the disks that no other VM has; else all of them stay")
        ] = True,
    ) -> Response:
        """Delete it, with its disks and snapshots. It must not run, and its deletion must not be blocked."""
        deletion: VmDeletion = request.app.state.vm_deletion
        deleted = await deletion.delete(collection, vm_id, by=viewer, with_disks=delete_disks)
        if deleted.left:
            return Response(msgspec.json.encode(deleted), media_type="application/json")
        return Response(status_code=204)


_delete_route("vms", "DeleteVm")
_delete_route("vm-snapshots", "DeleteVmSnapshot")
_delete_route("vm-templates", "DeleteVmTemplate")
