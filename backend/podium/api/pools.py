"""Pools: what is asked of their hosts live. Their objects are collections.py's."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from podium.api.deps import CurrentViewer
from podium.api.hosts import LIVE_PROBLEMS, MISSING_PATCHES, live
from podium.api.inputs import ObjectId
from podium.api.problems import responses
from podium.services.pools import Pools

router = APIRouter(prefix="/rest/v0/pools", tags=["pools"])


@router.head("/{pool_id}/missing_patches", include_in_schema=False)
@router.get(
    "/{pool_id}/missing_patches",
    operation_id="GetPoolMissingPatches",
    responses={200: MISSING_PATCHES, **responses(*LIVE_PROBLEMS)},
    openapi_extra={"x-mcp-exposure": "allow"},
)
async def get_pool_missing_patches(request: Request, pool_id: ObjectId, viewer: CurrentViewer) -> Response:
    """Packages with a newer version than some host of the pool has. Asks every running host, side by side."""
    pools: Pools = request.app.state.pools
    return live(await pools.missing_patches(pool_id, by=viewer))
