"""Migration over HTTP: to do it, and to ask where it can be done."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Request
from pydantic import Field
from starlette.responses import Response

from podium.api.actions import Sync, action_responses, run_action
from podium.api.deps import CurrentViewer
from podium.api.inputs import Body, ObjectId
from podium.api.problems import responses
from podium.api.schemas import reference
from podium.api.vms import CONFIRM, WRITE_PROBLEMS
from podium.services.tasks import Progress
from podium.services.vm_destinations import VmDestinations
from podium.services.vm_migration import VmMigration
from podium.services.vm_moves import Wishes

router = APIRouter(prefix="/rest/v0/vms", tags=["vms"])

Ids = Annotated[dict[ObjectId, ObjectId], Field(max_length=256, default_factory=dict)]


class Move(Body):
    """Where the VM's disks and interfaces go; what is not named goes where it fits (see `Moves.plan`)."""

    migrationNetworkId: ObjectId | None = None
    srId: ObjectId | None = None
    srIdByVdiId: Ids
    networkIdByVifId: Ids

    def wishes(self) -> Wishes:
        return Wishes(self.migrationNetworkId, self.srId, self.srIdByVdiId, self.networkIdByVifId)


class MigrateBody(Move):
    """To which host, in this pool or another."""

    hostId: ObjectId


class CheckBody(Move):
    """One host, or all of them."""

    hostId: ObjectId | None = None


@router.post(
    "/{vm_id}/actions/migrate",
    operation_id="MigrateVm",
    status_code=202,
    responses=action_responses(*WRITE_PROBLEMS),
    openapi_extra=CONFIRM,
)
async def migrate_vm(
    request: Request, vm_id: ObjectId, body: MigrateBody, viewer: CurrentViewer, *, sync: Sync = False
) -> Response:
    """Move the VM, running or not: to another host, with its disks to other storage, or to another pool."""
    migration: VmMigration = request.app.state.vm_migration
    vm = migration.require(vm_id, by=viewer)
    plan = migration.plan(vm, body.hostId, body.wishes(), by=viewer)

    async def work(progress: Progress) -> dict[str, str]:
        return {"id": await migration.migrate(vm, plan, by=viewer, progress=progress)}

    return await run_action(
        request,
        work,
        name="migrate VM",
        viewer=viewer,
        sync=sync,
        about=("VM", vm_id),
        params=body.model_dump(exclude_unset=True),
    )


@router.post(
    "/{vm_id}/actions/check_migrate",
    operation_id="CheckVmMigration",
    responses={
        200: {
            "description": "Each host, and why not",
            "content": {"application/json": {"schema": reference("Destinations")}},
        },
        **responses(*WRITE_PROBLEMS),
    },
    openapi_extra={"x-mcp-exposure": "allow"},
)
async def check_migrate(
    request: Request, vm_id: ObjectId, viewer: CurrentViewer, body: CheckBody | None = None
) -> Response:
    """Whether the VM can be moved: for one host or all of them, how, and if not why not. Nothing is changed."""
    migration: VmMigration = request.app.state.vm_migration
    vm = migration.require(vm_id, by=viewer)
    asked = body or CheckBody(srIdByVdiId={}, networkIdByVifId={})
    destinations: VmDestinations = request.app.state.vm_destinations
    found = await destinations.of(vm, asked.wishes(), host_id=asked.hostId, by=viewer)
    return Response(msgspec.json.encode(found), headers={"cache-control": "no-store"}, media_type="application/json")
