"""`/metrics/openmetrics`: every number for Prometheus and its kind, under the names of Xen Orchestra's exporter."""

from typing import Final

from fastapi import APIRouter, Request
from starlette.datastructures import Headers
from starlette.responses import Response

from podium.api.deps import CurrentViewer
from podium.api.paging import streamed
from podium.services.exporter.exporter import Exporter
from podium.services.exporter.exposition import MEDIA_TYPES, Form

router = APIRouter(prefix="/rest/v0/metrics", tags=["stats"])

_OPENMETRICS: Final = "application/openmetrics-text"


@router.head("/openmetrics", include_in_schema=False)
@router.get(
    "/openmetrics",
    operation_id="GetOpenMetrics",
    responses={
        200: {
            "description": "Prometheus' own format for whoever accepts `text/plain` and no OpenMetrics",
            "content": {media_type: {"schema": {"type": "string"}} for media_type in MEDIA_TYPES.values()},
        }
    },
    openapi_extra={"x-mcp-exposure": "deny"},
)
async def get_openmetrics(request: Request, viewer: CurrentViewer) -> Response:
    """The newest numbers of all hosts, VMs, SRs and disks that you may see, as OpenMetrics 1.0."""
    exporter: Exporter = request.app.state.exporter
    form = _form(request.headers)
    return await streamed(request, exporter.text(viewer, form), media_type=MEDIA_TYPES[form])


def _form(headers: Headers) -> Form:
    accepted = headers.get("accept", "").lower()
    return "prometheus" if "text/plain" in accepted and _OPENMETRICS not in accepted else "openmetrics"
