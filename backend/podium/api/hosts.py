"""Hosts: what is asked of them live. Their objects are collections.py's."""

from typing import Any, Final

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from podium.api.deps import CurrentViewer
from podium.api.inputs import ObjectId
from podium.api.problems import responses
from podium.api.schemas import reference
from podium.errors import IncorrectState, MissingPrivileges, NotFound, NotSupported, PoolError, PoolUnreachable
from podium.services.hosts import Hosts

router = APIRouter(prefix="/rest/v0/hosts", tags=["hosts"])

LIVE_PROBLEMS: Final = (IncorrectState, MissingPrivileges, NotFound, NotSupported, PoolError, PoolUnreachable)
"""What a live question may be answered with."""

MISSING_PATCHES: Final[dict[str, Any]] = {
    "description": "The packages, by name; none when all is up to date",
    "content": {"application/json": {"schema": {"type": "array", "items": reference("MissingPatch")}}},
}


@router.head("/{host_id}/smt", include_in_schema=False)
@router.get(
    "/{host_id}/smt",
    operation_id="GethostSmt",
    responses={
        200: {"description": "Whether it is on", "content": {"application/json": {"schema": reference("Smt")}}},
        **responses(*LIVE_PROBLEMS),
    },
    openapi_extra={"x-mcp-exposure": "allow"},
)
async def get_host_smt(request: Request, host_id: ObjectId, viewer: CurrentViewer) -> Response:
    """Whether simultaneous multithreading (hyper-threading) is on. Asks the host, which must be running."""
    hosts: Hosts = request.app.state.hosts
    return live(await hosts.smt(host_id, by=viewer))


@router.head("/{host_id}/missing_patches", include_in_schema=False)
@router.get(
    "/{host_id}/missing_patches",
    operation_id="GetMissingPatches",
    responses={200: MISSING_PATCHES, **responses(*LIVE_PROBLEMS)},
    openapi_extra={"x-mcp-exposure": "allow"},
)
async def get_missing_patches(request: Request, host_id: ObjectId, viewer: CurrentViewer) -> Response:
    """Packages with a newer version than the host has. Asks the host, which must be running XCP-ng."""
    hosts: Hosts = request.app.state.hosts
    return live(await hosts.missing_patches(host_id, by=viewer))


def live(answer: object) -> Response:
    """An answer that was true a moment ago and has no revision."""
    return Response(msgspec.json.encode(answer), headers={"cache-control": "no-store"}, media_type="application/json")
