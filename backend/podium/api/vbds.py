"""VBDs over HTTP: a VM's drives. Their objects are collections.py's."""

from typing import Annotated, Literal

from fastapi import APIRouter, Request
from pydantic import AliasChoices, Field
from starlette.datastructures import State
from starlette.responses import Response

from podium.api.actions import Created
from podium.api.deps import CurrentViewer
from podium.api.inputs import Body, Line, ObjectId
from podium.api.plain_actions import Plain, plain_action
from podium.api.problems import responses
from podium.api.vms import CONFIRM, WRITE_PROBLEMS
from podium.services.access import Viewer
from podium.services.tasks import Progress, Work
from podium.services.vbds import NewVbd, Vbds

router = APIRouter(prefix="/rest/v0/vbds", tags=["vbds"])

Name = Annotated[Line, Field(max_length=255)]
StringMap = Annotated[dict[Name, Annotated[str, Field(max_length=4096)]], Field(max_length=100, default_factory=dict)]


class VbdWish(Body):
    """A drive: which disk in which VM, or an empty CD drive. `mode` is RO for CDs and RW for disks unless said."""

    VM: Annotated[ObjectId, Field(validation_alias=AliasChoices("VM", "vmId"))]
    VDI: Annotated[ObjectId | None, Field(validation_alias=AliasChoices("VDI", "vdiId"))] = None
    bootable: bool = False
    mode: Literal["RO", "RW"] | None = None
    type: Literal["Disk", "CD", "Floppy"] = "Disk"
    userdevice: Annotated[str, Field(pattern=r"^(\d{1,3}|autodetect)$")] = "autodetect"
    empty: bool = False
    unpluggable: bool = True
    other_config: StringMap
    qos_algorithm_type: Name = ""
    qos_algorithm_params: StringMap

    def wish(self) -> NewVbd:
        named = self.model_dump(exclude={"VM", "VDI"})
        return NewVbd(vm_id=self.VM, vdi_id=self.VDI, **named)


@router.post(
    "",
    operation_id="CreateVbd",
    status_code=201,
    response_model=Created,
    responses=responses(*WRITE_PROBLEMS),
    openapi_extra=CONFIRM,
)
async def create_vbd(request: Request, response: Response, body: VbdWish, viewer: CurrentViewer) -> Created:
    """Give a disk to a VM. It is not plugged into a running one: connect it then."""
    vbds: Vbds = request.app.state.vbds
    made = await vbds.create(body.wish(), by=viewer)
    response.headers["location"] = f"/rest/v0/vbds/{made}"
    return Created(id=made)


@router.delete(
    "/{vbd_id}",
    operation_id="DeleteVbd",
    status_code=204,
    responses=responses(*WRITE_PROBLEMS),
    openapi_extra=CONFIRM,
)
async def delete_vbd(request: Request, vbd_id: ObjectId, viewer: CurrentViewer) -> Response:
    """Take the drive from its VM; the disk stays."""
    vbds: Vbds = request.app.state.vbds
    await vbds.delete(vbd_id, by=viewer)
    return Response(status_code=204)


def _connect(state: State, vbd_id: str, viewer: Viewer) -> Work[None]:
    vbds: Vbds = state.vbds
    vbds.require(vbd_id, "connect", by=viewer)

    async def work(progress: Progress) -> None:
        await vbds.connect(vbd_id, by=viewer, progress=progress)

    return work


def _disconnect(state: State, vbd_id: str, viewer: Viewer) -> Work[None]:
    vbds: Vbds = state.vbds
    vbds.require(vbd_id, "disconnect", by=viewer)

    async def work(progress: Progress) -> None:
        await vbds.disconnect(vbd_id, by=viewer, progress=progress)

    return work


for _action in (
    Plain(
        "/{object_id}/actions/connect",
        "ConnectVbd",
        "Plug the drive into its running VM",
        "connect VBD",
        "VBD",
        _connect,
    ),
    Plain(
        "/{object_id}/actions/disconnect",
        "DisconnectVbd",
        "Unplug the drive from its running VM",
        "disconnect VBD",
        "VBD",
        _disconnect,
    ),
):
    plain_action(router, _action)
