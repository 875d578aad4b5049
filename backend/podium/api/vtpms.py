"""vTPMs over HTTP (ours: Xen Orchestra has them in its old interface only)."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from podium.api.actions import Created
from podium.api.deps import CurrentViewer
from podium.api.inputs import Body, ObjectId
from podium.api.problems import responses
from podium.api.vms import CONFIRM, WRITE_PROBLEMS
from podium.services.vtpms import Vtpms

router = APIRouter(prefix="/rest/v0/vtpms", tags=["vms"])


class NewVtpm(Body):
    """For which VM; it must be halted."""

    vmId: ObjectId


@router.post(
    "",
    operation_id="CreateVtpm",
    status_code=201,
    response_model=Created,
    responses=responses(*WRITE_PROBLEMS),
    openapi_extra=CONFIRM,
)
async def create_vtpm(request: Request, response: Response, body: NewVtpm, viewer: CurrentViewer) -> Created:
    """Give a halted VM a vTPM."""
    vtpms: Vtpms = request.app.state.vtpms
    made = await vtpms.create(body.vmId, by=viewer)
    response.headers["location"] = f"/rest/v0/vtpms/{made}"
    return Created(id=made)


@router.delete(
    "/{vtpm_id}",
    operation_id="DeleteVtpm",
    status_code=204,
    responses=responses(*WRITE_PROBLEMS),
    openapi_extra=CONFIRM,
)
async def delete_vtpm(request: Request, vtpm_id: ObjectId, viewer: CurrentViewer) -> Response:
    """Take the vTPM away; what the guest sealed with it is lost."""
    vtpms: Vtpms = request.app.state.vtpms
    await vtpms.delete(vtpm_id, by=viewer)
    return Response(status_code=204)
