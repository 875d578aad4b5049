"""Copies of VMs over HTTP: clones, full copies, copies in another pool; templates out of VMs and back."""

from typing import Annotated, Literal

from fastapi import APIRouter, Request
from pydantic import Field
from starlette.datastructures import State
from starlette.responses import Response

from podium.api.actions import Made, Sync, action_responses, run_action
from podium.api.deps import CurrentViewer
from podium.api.inputs import Body, Line, ObjectId
from podium.api.plain_actions import Plain, plain_action
from podium.api.vms import CONFIRM, WRITE_PROBLEMS
from podium.services.access import Viewer
from podium.services.tasks import Progress, Work
from podium.services.vm_copies import CloneWish, VmCopies

router = APIRouter(prefix="/rest/v0", tags=["vms"])

Name = Annotated[Line, Field(max_length=255)]


class CloneBody(Body):
    """`fast` (the default without `srId`) shares the content of the disks; else they are copied, to that SR if named.

    `srId` may be in another pool; `hostId` (ours) names the host that receives the copy there. `compress` is taken and
    has no effect: the pools copy without an archive in between.
    """

    name_label: Name | None = None
    fast: bool | None = None
    srId: ObjectId | None = None
    hostId: ObjectId | None = None
    compress: Literal["gzip", "zstd"] | None = None


def _clone_route(collection: str, kind: str, made: str) -> None:
    @router.post(
        f"/{collection}/{{vm_id}}/actions/clone",
        operation_id=f"Clone{''.join(part.capitalize() for part in kind.split('-'))}",
        status_code=202,
        responses=action_responses(*WRITE_PROBLEMS, done=201),
        openapi_extra=CONFIRM,
    )
    async def clone_vm(
        request: Request, vm_id: ObjectId, viewer: CurrentViewer, body: CloneBody | None = None, *, sync: Sync = False
    ) -> Response:
        """Another one like this: a fast clone, a full copy, or a copy in another pool. Of a running VM as it is now."""
        copies: VmCopies = request.app.state.vm_copies
        asked = body or CloneBody()
        wish = CloneWish(asked.name_label, asked.fast, asked.srId, asked.hostId)
        copies.require(collection, vm_id, wish, by=viewer)

        async def work(progress: Progress) -> dict[str, str]:
            return {"id": await copies.clone(collection, vm_id, wish, by=viewer, progress=progress)}

        return await run_action(
            request,
            work,
            name="clone VM",
            viewer=viewer,
            sync=sync,
            about=(kind, vm_id),
            params=asked.model_dump(exclude_unset=True),
            done=Made(f"/rest/v0/{made}/{{id}}"),
        )


_clone_route("vms", "VM", "vms")
_clone_route("vm-snapshots", "VM-snapshot", "vms")
_clone_route("vm-templates", "VM-template", "vm-templates")


def _convert(collection: str, action: str, operation_id: str, summary: str, kind: str) -> None:
    def begin(state: State, vm_id: str, viewer: Viewer) -> Work[None]:
        copies: VmCopies = state.vm_copies
        copies.require_conversion(collection, vm_id, by=viewer)

        async def work(_: Progress) -> None:
            await copies.convert(collection, vm_id, by=viewer)

        return work

    path = f"/{collection}/{{object_id}}/actions/{action}"
    plain_action(router, Plain(path, operation_id, summary, action.replace("_", " "), kind, begin))


_convert("vms", "convert_to_template", "ConvertVmToTemplate", "Make the halted VM a template", "VM")
_convert("vm-templates", "convert_to_vm", "ConvertTemplateToVm", "Make the template a VM", "VM-template")
