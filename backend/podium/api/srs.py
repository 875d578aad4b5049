"""SRs over HTTP: storage repositories. Their objects are collections.py's."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Request
from pydantic import AfterValidator, AliasChoices, Field, model_validator
from starlette.datastructures import State
from starlette.responses import Response

from podium.api.actions import Created, Made, Sync, action_responses, run_action
from podium.api.deps import CurrentViewer
from podium.api.inputs import Body, Line, ObjectId, storable
from podium.api.plain_actions import Plain, plain_action
from podium.api.problems import responses
from podium.api.schemas import reference
from podium.api.sizes import bytes_of
from podium.api.vms import CONFIRM, WRITE_PROBLEMS
from podium.model.secrets import obfuscate
from podium.services.access import Viewer
from podium.services.srs import NewSr, Srs
from podium.services.tasks import Progress, Work

router = APIRouter(prefix="/rest/v0/srs", tags=["srs"])

Name = Annotated[Line, Field(min_length=1, max_length=255)]
Text = Annotated[str, Field(max_length=32_768), AfterValidator(storable)]
Tag = Annotated[Line, Field(min_length=1, max_length=255)]
StringMap = Annotated[
    dict[Name, Annotated[str, Field(max_length=4096), AfterValidator(storable)]], Field(max_length=100)
]
Uuid = Annotated[
    str,
    Field(
        pattern=r"^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$",
        examples=["1f9ef5b9-5ad5-4d5f-a5b4-2a3f1e0c7b60"],
    ),
]


class Storage(Body):
    """Which storage: its driver, what the driver has to know, and the host that looks for it."""

    hostId: ObjectId
    SR_type: Annotated[Line, Field(min_length=1, max_length=64)]
    device_config: StringMap


class SrWish(Storage):
    """An SR to make. Whether it is shared follows from its type. `size`: bytes, all that there is otherwise."""

    name_label: Name
    name_description: Text = ""
    content_type: Name | None = None
    size: Annotated[int, Field(ge=0, le=2**60)] = 0
    sm_config: Annotated[StringMap, Field(default_factory=dict)]

    @model_validator(mode="before")
    @classmethod
    def _bytes(cls, value: object) -> object:
        return {**value, "size": bytes_of(value["size"])} if isinstance(value, dict) and "size" in value else value

    def wish(self) -> NewSr:
        return NewSr(
            host_id=self.hostId,
            name_label=self.name_label,
            sr_type=self.SR_type,
            device_config=self.device_config,
            name_description=self.name_description,
            content_type=self.content_type or ("iso" if self.SR_type == "iso" else "user"),
            size=self.size,
            sm_config=self.sm_config,
        )

    def shown(self) -> dict[str, Any]:
        """As it is kept in the Task: without its secrets."""
        return self.model_dump(exclude_unset=True) | {"device_config": obfuscate(self.device_config)}


class SrIntroduction(SrWish):
    """An SR that is there already, under this uuid."""

    uuid: Uuid


class SrChanges(Body):
    """What is to change."""

    name_label: Annotated[Name | None, Field(validation_alias=AliasChoices("name_label", "nameLabel"))] = None
    name_description: Annotated[
        Text | None, Field(validation_alias=AliasChoices("name_description", "nameDescription"))
    ] = None
    tags: Annotated[list[Tag], Field(max_length=1000)] | None = None
    shared: bool | None = None

    @model_validator(mode="after")
    def _no_nothing(self) -> "SrChanges":
        for name in self.model_fields_set:
            if getattr(self, name) is None:
                raise ValueError(f"{name} must not be null")
        return self

    def changes(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in sorted(self.model_fields_set)}


@router.post(
    "",
    operation_id="CreateSr",
    status_code=201,
    response_model=Created,
    responses=responses(*WRITE_PROBLEMS),
    openapi_extra=CONFIRM,
)
async def create_sr(request: Request, body: SrWish, viewer: CurrentViewer) -> Response:
    """Make an SR, and connect its hosts. Whatever was on a disk or LUN is lost."""
    srs: Srs = request.app.state.srs
    wanted = body.wish()
    srs.require_new(wanted.host_id, wanted.sr_type, by=viewer)

    async def work(progress: Progress) -> dict[str, str]:
        return {"id": await srs.create(wanted, by=viewer, progress=progress)}

    return await run_action(
        request,
        work,
        name="create SR",
        viewer=viewer,
        sync=True,
        about=("host", wanted.host_id),
        params=body.shown(),
        done=Made("/rest/v0/srs/{id}"),
    )


@router.post(
    "/actions/introduce",
    operation_id="IntroduceSr",
    status_code=202,
    responses=action_responses(*WRITE_PROBLEMS, done=201),
    openapi_extra=CONFIRM,
)
async def introduce_sr(
    request: Request, body: SrIntroduction, viewer: CurrentViewer, *, sync: Sync = False
) -> Response:
    """Take up an SR that is there already, with all its disks."""
    srs: Srs = request.app.state.srs
    wanted = body.wish()
    srs.require_new(wanted.host_id, wanted.sr_type, by=viewer)

    async def work(progress: Progress) -> dict[str, str]:
        return {"id": await srs.introduce(body.uuid, wanted, by=viewer, progress=progress)}

    return await run_action(
        request,
        work,
        name="introduce SR",
        viewer=viewer,
        sync=sync,
        about=("host", wanted.host_id),
        params=body.shown(),
        done=Made("/rest/v0/srs/{id}"),
    )


@router.post(
    "/actions/probe",
    operation_id="ProbeSr",
    responses={
        200: {
            "description": "What is there, and what has to be chosen next",
            "content": {"application/json": {"schema": reference("Probed")}},
        },
        **responses(*WRITE_PROBLEMS),
    },
    openapi_extra={"x-mcp-exposure": "allow"},
)
async def probe_sr(request: Request, body: Storage, viewer: CurrentViewer) -> Response:
    """What a storage offers with what is said of it so far: exports, targets, LUNs, SRs. Nothing is changed."""
    srs: Srs = request.app.state.srs
    found = await srs.probe(body.hostId, body.SR_type, body.device_config, by=viewer)
    return Response(msgspec.json.encode(found), headers={"cache-control": "no-store"}, media_type="application/json")


@router.patch(
    "/{sr_id}",
    operation_id="UpdateSr",
    status_code=204,
    responses=responses(*WRITE_PROBLEMS),
    openapi_extra=CONFIRM,
)
async def update_sr(request: Request, sr_id: ObjectId, body: SrChanges, viewer: CurrentViewer) -> Response:
    """Change the SR: all that is named, or nothing."""
    srs: Srs = request.app.state.srs
    await srs.update(sr_id, body.changes(), by=viewer)
    return Response(status_code=204)


@router.delete(
    "/{sr_id}",
    operation_id="DeleteSr",
    status_code=204,
    responses=responses(*WRITE_PROBLEMS),
    openapi_extra=CONFIRM,
)
async def delete_sr(request: Request, sr_id: ObjectId, viewer: CurrentViewer) -> Response:
    """Wipe an SR that has no disks. `forget` keeps what is on it."""
    srs: Srs = request.app.state.srs
    await srs.delete(sr_id, by=viewer)
    return Response(status_code=204)


def _scan(state: State, sr_id: str, viewer: Viewer) -> Work[None]:
    srs: Srs = state.srs
    srs.require(sr_id, "scan", by=viewer)

    async def work(progress: Progress) -> None:
        await srs.scan(sr_id, by=viewer, progress=progress)

    return work


def _forget(state: State, sr_id: str, viewer: Viewer) -> Work[None]:
    srs: Srs = state.srs
    srs.require(sr_id, "forget", by=viewer)

    async def work(progress: Progress) -> None:
        await srs.forget(sr_id, by=viewer, progress=progress)

    return work


def _reclaim(state: State, sr_id: str, viewer: Viewer) -> Work[None]:
    srs: Srs = state.srs
    srs.require(sr_id, "reclaim-space", by=viewer)

    async def work(progress: Progress) -> None:
        await srs.reclaim_space(sr_id, by=viewer, progress=progress)

    return work


for _action in (
    Plain("/{object_id}/actions/scan", "ScanSr", "Look what disks are there and how much room", "scan SR", "SR", _scan),
    Plain(
        "/{object_id}/actions/forget",
        "ForgetSr",
        "Take the SR out of the pool; what is on it stays",
        "forget SR",
        "SR",
        _forget,
    ),
    Plain(
        "/{object_id}/actions/reclaim_space",
        "ReclaimSpaceSr",
        "Give back to the storage what deleted disks took",
        "reclaim space of SR",
        "SR",
        _reclaim,
    ),
):
    plain_action(router, _action)
