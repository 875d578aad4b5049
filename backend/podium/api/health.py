"""`/health`: is the service fit to serve? For load balancers and containers; says nothing that is a secret."""

import msgspec
from fastapi import APIRouter, Request, Response

from podium.services.health import Doctor

router = APIRouter(tags=["site"])


@router.head("/health", include_in_schema=False)
@router.get(
    "/health",
    operation_id="GetHealth",
    openapi_extra={"security": [], "x-mcp-exposure": "deny"},  # its path is not under /rest/v0
    responses={
        200: {
            "description": "Fit",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Health"}}},
        },
        503: {
            "description": "Not fit",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Health"}}},
        },
    },
)
async def health(request: Request) -> Response:
    """200 while requests can be served, 503 otherwise. Needs no sign-in."""
    doctor: Doctor = request.app.state.doctor
    found = await doctor.look()
    return Response(
        msgspec.json.encode(found),
        503 if found.status == "failing" else 200,
        media_type="application/json",
        headers={"cache-control": "no-store"},
    )
