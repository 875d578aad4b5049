"""VDIs and their snapshots over HTTP: what is done to them. Their objects are collections.py's."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import AfterValidator, AliasChoices, Field, model_validator
from starlette.responses import Response

from podium.api.actions import Created, Made, Sync, action_responses, run_action
from podium.api.deps import CurrentViewer
from podium.api.inputs import Body, Line, ObjectId, storable
from podium.api.problems import responses
from podium.api.sizes import Size
from podium.api.vms import CONFIRM, WRITE_PROBLEMS
from podium.services.tasks import Progress
from podium.services.vdis import NewVdi, Vdis

router = APIRouter(prefix="/rest/v0", tags=["vdis"])

Name = Annotated[Line, Field(max_length=255)]
Text = Annotated[str, Field(max_length=32_768), AfterValidator(storable)]
Tag = Annotated[Line, Field(min_length=1, max_length=255)]
Tags = Annotated[list[Tag], Field(max_length=1000)]
StringMap = Annotated[dict[Name, Text], Field(max_length=100, default_factory=dict)]


class VdiWish(Body):
    """An empty disk. `virtual_size`: bytes, or a text like "10 GiB"; the storage may round it up."""

    srId: ObjectId
    virtual_size: Size
    name_label: Name = ""
    name_description: Text = ""
    type: Literal["user", "system", "ephemeral", "suspend", "crashdump", "cbt_metadata"] = "user"
    sharable: bool = False
    read_only: bool = False
    tags: Annotated[Tags, Field(default_factory=list)]
    other_config: StringMap
    xenstore_data: StringMap
    sm_config: StringMap

    def wish(self) -> NewVdi:
        named = self.model_dump(exclude={"srId", "tags"})
        return NewVdi(sr_id=self.srId, tags=tuple(self.tags), **named)


class VdiChanges(Body):
    """What is to change. `size` can only grow. `cbt` (ours): keep account of changed blocks."""

    name_label: Annotated[Name | None, Field(validation_alias=AliasChoices("name_label", "nameLabel"))] = None
    name_description: Annotated[
        Text | None, Field(validation_alias=AliasChoices("name_description", "nameDescription"))
    ] = None
    size: Annotated[Size | None, Field(validation_alias=AliasChoices("size", "virtual_size"))] = None
    tags: Tags | None = None
    cbt: Annotated[bool | None, Field(validation_alias=AliasChoices("cbt", "cbt_enabled"))] = None

    @model_validator(mode="after")
    def _no_nothing(self) -> "VdiChanges":
        for name in self.model_fields_set:
            if getattr(self, name) is None:
                raise ValueError(f"{name} must not be null")
        return self

    def changes(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in sorted(self.model_fields_set)}


class MigrateVdiBody(Body):
    """Where to."""

    srId: ObjectId


class CopyVdiBody(Body):
    """Where to, and how the copy is called; as the original otherwise."""

    srId: ObjectId
    name_label: Name | None = None


class ResizeBody(Body):
    """Bytes, or a text like "10 GiB"; not less than now."""

    size: Size


@router.post(
    "/vdis",
    operation_id="CreateVdi",
    status_code=201,
    response_model=Created,
    responses=responses(*WRITE_PROBLEMS),
    openapi_extra=CONFIRM,
)
async def create_vdi(request: Request, body: VdiWish, viewer: CurrentViewer) -> Response:
    """Make an empty disk."""
    vdis: Vdis = request.app.state.vdis
    wanted = body.wish()
    sr = vdis.require_new(wanted, by=viewer)

    async def work(progress: Progress) -> dict[str, str]:
        return {"id": await vdis.create(wanted, by=viewer, progress=progress)}

    return await run_action(
        request,
        work,
        name="create VDI",
        viewer=viewer,
        sync=True,
        about=("SR", sr.id),
        params=body.model_dump(exclude_unset=True),
        done=Made("/rest/v0/vdis/{id}"),
    )


def _change_route(collection: str, kind: str) -> None:
    @router.patch(
        f"/{collection}/{{vdi_id}}",
        operation_id=f"Update{kind}",
        status_code=204,
        responses=responses(*WRITE_PROBLEMS),
        openapi_extra=CONFIRM,
    )
    async def update_vdi(request: Request, vdi_id: ObjectId, body: VdiChanges, viewer: CurrentViewer) -> Response:
        """Change names, tags, tracking of changed blocks, or make it larger: all that is named, or nothing."""
        vdis: Vdis = request.app.state.vdis
        await vdis.update(collection, vdi_id, body.changes(), by=viewer)
        return Response(status_code=204)

    @router.delete(
        f"/{collection}/{{vdi_id}}",
        operation_id=f"Delete{kind}",
        status_code=204,
        responses=responses(*WRITE_PROBLEMS),
        openapi_extra=CONFIRM,
    )
    async def delete_vdi(request: Request, vdi_id: ObjectId, viewer: CurrentViewer) -> Response:
        """Delete it with all its content."""
        vdis: Vdis = request.app.state.vdis
        await vdis.delete(collection, vdi_id, by=viewer)
        return Response(status_code=204)


_change_route("vdis", "Vdi")
_change_route("vdi-snapshots", "VdiSnapshot")


@router.post(
    "/vdis/{vdi_id}/actions/migrate",
    operation_id="MigrateVdi",
    status_code=202,
    responses=action_responses(*WRITE_PROBLEMS, done=200),
    openapi_extra=CONFIRM,
)
async def migrate_vdi(
    request: Request, vdi_id: ObjectId, body: MigrateVdiBody, viewer: CurrentViewer, *, sync: Sync = False
) -> Response:
    """Move the disk to another SR, also under a running VM. The answer has the id that it has there."""
    vdis: Vdis = request.app.state.vdis
    vdis.require_migration(vdi_id, body.srId, by=viewer)

    async def work(progress: Progress) -> dict[str, str]:
        return {"id": await vdis.migrate(vdi_id, body.srId, by=viewer, progress=progress)}

    return await run_action(
        request,
        work,
        name="migrate VDI",
        viewer=viewer,
        sync=sync,
        about=("VDI", vdi_id),
        params=body.model_dump(),
        done=200,
    )


def _copy_route(collection: str, kind: str, operation_id: str) -> None:
    @router.post(
        f"/{collection}/{{vdi_id}}/actions/copy",
        operation_id=operation_id,
        status_code=202,
        responses=action_responses(*WRITE_PROBLEMS, done=201),
        openapi_extra=CONFIRM,
    )
    async def copy_vdi(
        request: Request, vdi_id: ObjectId, body: CopyVdiBody, viewer: CurrentViewer, *, sync: Sync = False
    ) -> Response:
        """A full copy as a disk of its own, on an SR of the same pool."""
        vdis: Vdis = request.app.state.vdis
        vdis.require_copy(collection, vdi_id, body.srId, by=viewer)

        async def work(progress: Progress) -> dict[str, str]:
            made = await vdis.copy(
                collection, vdi_id, body.srId, by=viewer, progress=progress, name_label=body.name_label
            )
            return {"id": made}

        return await run_action(
            request,
            work,
            name="copy VDI",
            viewer=viewer,
            sync=sync,
            about=(kind, vdi_id),
            params=body.model_dump(exclude_unset=True),
            done=Made("/rest/v0/vdis/{id}"),
        )


_copy_route("vdis", "VDI", "CopyVdi")
_copy_route("vdi-snapshots", "VDI-snapshot", "CopyVdiSnapshot")


@router.post(
    "/vdis/{vdi_id}/actions/resize",
    operation_id="ResizeVdi",
    status_code=202,
    responses=action_responses(*WRITE_PROBLEMS),
    openapi_extra=CONFIRM,
)
async def resize_vdi(
    request: Request, vdi_id: ObjectId, body: ResizeBody, viewer: CurrentViewer, *, sync: Sync = False
) -> Response:
    """Make the disk larger, also while a VM uses it where the storage can do that."""
    vdis: Vdis = request.app.state.vdis
    vdis.require("vdis", vdi_id, "update:size", by=viewer)

    async def work(progress: Progress) -> None:
        await vdis.resize(vdi_id, body.size, by=viewer, progress=progress)

    return await run_action(
        request,
        work,
        name="resize VDI",
        viewer=viewer,
        sync=sync,
        about=("VDI", vdi_id),
        params=body.model_dump(),
    )
