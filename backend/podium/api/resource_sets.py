"""Resource sets: making, changing and deleting them. Reading is the collections' (collections.py)."""

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import Field
from starlette.responses import Response

from podium.api.actions import Created
from podium.api.deps import CurrentViewer
from podium.api.inputs import Body, Name, ObjectId
from podium.api.problems import responses
from podium.api.sizes import Size
from podium.errors import CrossSite, InvalidParameters, MissingPrivileges, NotFound
from podium.model.resource_set import LimitName
from podium.services.resource_sets import ResourceSets, SetChange

router = APIRouter(prefix="/rest/v0/resource-sets", tags=["resource-sets"])

CONFIRM = {"x-mcp-exposure": "confirm"}
Ids = Annotated[list[Annotated[str, Field(min_length=1, max_length=200)]], Field(max_length=1000)]
Count = Annotated[int, Field(ge=0, le=2**40)]


class Limits(Body):
    """How much there may be at most; what is left out is not limited. Bytes, or "2 GiB", for memory and disk."""

    cpus: Count | None = None
    memory: Size | None = None
    disk: Size | None = None
    vms: Count | None = None
    snapshots: Count | None = None

    def totals(self) -> dict[LimitName, int]:
        found: dict[LimitName, int | None] = {
            "cpus": self.cpus,
            "memory": self.memory,
            "disk": self.disk,
            "vms": self.vms,
            "snapshots": self.snapshots,
        }
        return {name: total for name, total in found.items() if total is not None}


class NewSet(Body):
    name: Name
    subjects: Annotated[Ids, Field(description="ids of users and groups")] = Field(default_factory=list)
    objects: Annotated[Ids, Field(description="ids of templates, SRs and networks")] = Field(default_factory=list)
    limits: Limits = Limits()


class SetPatch(Body):
    """What is left out stays. `limits` are replaced as a whole."""

    name: Name | None = None
    subjects: Ids | None = None
    objects: Ids | None = None
    limits: Limits | None = None


@router.post(
    "",
    operation_id="CreateResourceSet",
    status_code=201,
    responses=responses(CrossSite, MissingPrivileges, InvalidParameters),
    openapi_extra=CONFIRM,
)
async def create_set(request: Request, response: Response, body: NewSet, viewer: CurrentViewer) -> Created:
    """Lend templates, storage and networks to users, who make VMs of them up to the limits."""
    sets: ResourceSets = request.app.state.resource_sets
    set_id = await sets.create(_change(body), by=viewer)
    response.headers["location"] = f"/rest/v0/resource-sets/{set_id}"
    return Created(id=set_id)


@router.patch(
    "/{set_id}",
    operation_id="UpdateResourceSet",
    status_code=204,
    responses=responses(CrossSite, MissingPrivileges, NotFound, InvalidParameters),
    openapi_extra=CONFIRM,
)
async def update_set(request: Request, set_id: ObjectId, body: SetPatch, viewer: CurrentViewer) -> None:
    """Change a set. Limits below what is used take nothing away; nothing more can be made or started then."""
    sets: ResourceSets = request.app.state.resource_sets
    await sets.change(set_id, _change(body), by=viewer)


@router.delete(
    "/{set_id}",
    operation_id="DeleteResourceSet",
    status_code=204,
    responses=responses(CrossSite, MissingPrivileges, NotFound),
    openapi_extra=CONFIRM,
)
async def delete_set(request: Request, set_id: ObjectId, viewer: CurrentViewer) -> None:
    """Forget a set; its VMs stay."""
    sets: ResourceSets = request.app.state.resource_sets
    await sets.delete(set_id, by=viewer)


def _change(body: NewSet | SetPatch) -> SetChange:
    return SetChange(
        name=body.name,
        subjects=None if body.subjects is None else tuple(body.subjects),
        objects=None if body.objects is None else tuple(body.objects),
        limits=None if body.limits is None else body.limits.totals(),
    )
