"""Tags over HTTP: the same two routes on every collection whose objects have some."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from podium.api.deps import CurrentViewer
from podium.api.inputs import ObjectId
from podium.api.problems import responses
from podium.api.vms import CONFIRM, WRITE_PROBLEMS
from podium.model.registry import BY_COLLECTION
from podium.services.tags import CLASSES, LONGEST, Tags

router = APIRouter(prefix="/rest/v0")

Tag = Annotated[str, Path(min_length=1, max_length=LONGEST, description="percent-encoded")]
"""A path, for percent-encoded slashes are slashes here."""


def _routes(collection: str) -> None:
    name = "".join(part.capitalize() for part in BY_COLLECTION[collection].privilege.split("-"))
    tag = "vms" if collection.startswith("vm-") else "vdis" if collection.startswith("vdi-") else collection

    @router.put(
        f"/{collection}/{{object_id}}/tags/{{tag:path}}",
        operation_id=f"Put{name}Tag",
        tags=[tag],
        status_code=204,
        responses=responses(*WRITE_PROBLEMS),
        openapi_extra=CONFIRM,
    )
    async def put_tag(request: Request, object_id: ObjectId, tag: Tag, viewer: CurrentViewer) -> Response:
        """Give it a tag; one that it has already is no failure."""
        tags: Tags = request.app.state.tags
        await tags.add(collection, object_id, tag, by=viewer)
        return Response(status_code=204)

    @router.delete(
        f"/{collection}/{{object_id}}/tags/{{tag:path}}",
        operation_id=f"Delete{name}Tag",
        tags=[tag],
        status_code=204,
        responses=responses(*WRITE_PROBLEMS),
        openapi_extra=CONFIRM,
    )
    async def delete_tag(request: Request, object_id: ObjectId, tag: Tag, viewer: CurrentViewer) -> Response:
        """Take a tag from it; one that it has not is no failure."""
        tags: Tags = request.app.state.tags
        await tags.remove(collection, object_id, tag, by=viewer)
        return Response(status_code=204)


for _collection in CLASSES:
    _routes(_collection)
