"""Data sources over HTTP: the same routes for VMs, as in Xen Orchestra, and for hosts and SRs."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from podium.api.deps import CurrentViewer
from podium.api.hosts import LIVE_PROBLEMS, live
from podium.api.inputs import ObjectId
from podium.api.problems import responses
from podium.api.schemas import reference
from podium.api.vms import CONFIRM, WRITE_PROBLEMS
from podium.services.data_sources import CLASSES, LONGEST, DataSources

router = APIRouter(prefix="/rest/v0")

Source = Annotated[str, Path(min_length=1, max_length=LONGEST, description="its name, e.g. `vbd_xvda_iops_read`")]
"""A path, for names may have slashes in them (`statefile/<id>/latency`)."""
NAMES: Final = {"hosts": "Host", "srs": "Sr", "vms": "Vm"}
CHANGES: Final = {
    "hosts": ("AddHostDataSource", "DeleteHostDataSource"),
    "srs": ("AddSrDataSource", "DeleteSrDataSource"),
    "vms": ("AddDataSource", "DeleteDataSource"),
}
"""Operation ids; those of VMs are Xen Orchestra's, which knows no others."""


def _routes(collection: str) -> None:
    add, remove = CHANGES[collection]

    @router.head(f"/{collection}/{{object_id}}/stats/data_sources", include_in_schema=False)
    @router.get(
        f"/{collection}/{{object_id}}/stats/data_sources",
        operation_id=f"Get{NAMES[collection]}DataSources",
        tags=[collection],
        responses={
            200: {
                "description": "The data sources, by name",
                "content": {"application/json": {"schema": {"type": "array", "items": reference("DataSource")}}},
            },
            **responses(*LIVE_PROBLEMS),
        },
        openapi_extra={"x-mcp-exposure": "allow"},
    )
    async def get_data_sources(request: Request, object_id: ObjectId, viewer: CurrentViewer) -> Response:
        """What is measured of it, what of that is kept, and the newest values. Asks the pool; a VM must be running."""
        sources: DataSources = request.app.state.data_sources
        return live(await sources.list(collection, object_id, by=viewer))

    @router.put(
        f"/{collection}/{{object_id}}/stats/data_source/{{data_source:path}}",
        operation_id=add,
        tags=[collection],
        status_code=204,
        responses=responses(*WRITE_PROBLEMS),
        openapi_extra=CONFIRM,
    )
    async def add_data_source(
        request: Request, object_id: ObjectId, data_source: Source, viewer: CurrentViewer
    ) -> Response:
        """Keep that number from now on, as history and for statistics. A VM must be running."""
        sources: DataSources = request.app.state.data_sources
        await sources.record(collection, object_id, data_source, by=viewer)
        return Response(status_code=204)

    @router.delete(
        f"/{collection}/{{object_id}}/stats/data_source/{{data_source:path}}",
        operation_id=remove,
        tags=[collection],
        status_code=204,
        responses=responses(*WRITE_PROBLEMS),
        openapi_extra=CONFIRM,
    )
    async def delete_data_source(
        request: Request, object_id: ObjectId, data_source: Source, viewer: CurrentViewer
    ) -> Response:
        """Keep that number no longer, and drop what was kept of it. A VM must be running."""
        sources: DataSources = request.app.state.data_sources
        await sources.forget(collection, object_id, data_source, by=viewer)
        return Response(status_code=204)


for _collection in CLASSES:
    _routes(_collection)
