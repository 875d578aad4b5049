"""Dashboards over HTTP: whole, or with `ndjson=true` part by part, each as soon as it is there."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Query, Request
from starlette.responses import Response, StreamingResponse

from podium.api.deps import CurrentViewer
from podium.api.hosts import live
from podium.api.inputs import ObjectId
from podium.api.paging import MEDIA_TYPES
from podium.api.problems import responses
from podium.api.schemas import reference
from podium.errors import MissingPrivileges, NotFound
from podium.services.dashboards.parts import Parts, finished, nested, together
from podium.services.dashboards.pool import PoolDashboard
from podium.services.dashboards.site import SiteDashboard
from podium.services.dashboards.vm import VmDashboard

router = APIRouter(prefix="/rest/v0")

Ndjson = Annotated[bool, Query(description="one line for each part, as soon as it is there: `{path: value}`, nested")]

ALLOW: Final[dict[str, Any]] = {"x-mcp-exposure": "allow"}


def _answer(schema: str) -> dict[str, Any]:
    return {
        "description": "All of it; with `ndjson` its parts, of which one that failed is `{error: true}`",
        "content": {
            MEDIA_TYPES["json"]: {"schema": reference(schema)},
            MEDIA_TYPES["ndjson"]: {"schema": {"type": "string"}},
        },
    }


@router.head("/dashboard", include_in_schema=False)
@router.get(
    "/dashboard",
    operation_id="GetDashboard",
    tags=["xoa"],
    responses={200: _answer("XoaDashboard")},
    openapi_extra=ALLOW,
)
async def get_dashboard(request: Request, viewer: CurrentViewer, *, ndjson: Ndjson = False) -> Response:
    """The site at a glance, for everybody who is signed in: what he may not see is not counted."""
    dashboard: SiteDashboard = request.app.state.site_dashboard
    return await _respond(request, dashboard.parts(viewer), ndjson=ndjson)


@router.head("/pools/{pool_id}/dashboard", include_in_schema=False)
@router.get(
    "/pools/{pool_id}/dashboard",
    operation_id="GetPoolDashboard",
    tags=["pools"],
    responses={200: _answer("PoolDashboard"), **responses(MissingPrivileges, NotFound)},
    openapi_extra=ALLOW,
)
async def get_pool_dashboard(
    request: Request, pool_id: ObjectId, viewer: CurrentViewer, *, ndjson: Ndjson = False
) -> Response:
    """A pool at a glance. Which patches its hosts lack they are asked live, and at most every few minutes."""
    dashboard: PoolDashboard = request.app.state.pool_dashboard
    return await _respond(request, dashboard.parts(pool_id, viewer), ndjson=ndjson)


@router.head("/vms/{vm_id}/dashboard", include_in_schema=False)
@router.get(
    "/vms/{vm_id}/dashboard",
    operation_id="GetVmDashboard",
    tags=["vms"],
    responses={200: _answer("VmDashboard"), **responses(MissingPrivileges, NotFound)},
    openapi_extra=ALLOW,
)
async def get_vm_dashboard(
    request: Request, vm_id: ObjectId, viewer: CurrentViewer, *, ndjson: Ndjson = False
) -> Response:
    """A VM at a glance."""
    dashboard: VmDashboard = request.app.state.vm_dashboard
    return await _respond(request, dashboard.parts(vm_id, viewer), ndjson=ndjson)


async def _respond(request: Request, parts: Parts, *, ndjson: bool) -> Response:
    if not ndjson:
        return live(await together(parts))
    lines = _lines({} if request.method == "HEAD" else parts)
    return StreamingResponse(lines, headers={"cache-control": "no-store"}, media_type=MEDIA_TYPES["ndjson"])


async def _lines(parts: Parts) -> AsyncIterator[bytes]:
    async for path, value in finished(parts):
        yield msgspec.json.encode(nested(path, value)) + b"\n"
