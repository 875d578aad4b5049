"""Batches over HTTP: `POST /rest/v0/<collection>/actions/<action>` on many objects, or what it would do."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Request
from pydantic import AfterValidator, Field
from starlette.responses import Response

from podium.api.actions import Sync, action_responses, run_action
from podium.api.deps import CurrentViewer
from podium.api.inputs import Body, storable
from podium.api.problems import responses
from podium.api.schemas import reference
from podium.api.vms import WRITE_PROBLEMS
from podium.errors import FilterSyntax, PartlyFailed
from podium.model.registry import BY_COLLECTION
from podium.services.batch import MOST, Batch, Done
from podium.services.batch_operations import ACTIONS_BY_COLLECTION
from podium.services.tasks import Progress

router = APIRouter(prefix="/rest/v0")


Text = Annotated[str, Field(max_length=32_768), AfterValidator(storable)]
Id = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(storable)]


class BatchBody(Body):
    """Which objects: either `ids` or a `filter` in the language of lists. `dryRun`: only tell what would happen."""

    ids: Annotated[list[Id], Field(min_length=1, max_length=MOST)] | None = None
    filter: Annotated[str, Field(min_length=1, max_length=8192), AfterValidator(storable)] | None = None
    params: Annotated[dict[Id, Text | bool | None], Field(max_length=20, default_factory=dict)]
    dryRun: bool = False


def _route(collection: str, action: str) -> None:
    resource = BY_COLLECTION[collection]
    words = action.replace("_", " ")

    @router.post(
        f"/{collection}/actions/{action}",
        operation_id=f"Batch{_camel(action)}{_camel(collection)}",
        summary=f"{words.capitalize()} many: {resource.title}s",
        tags=["vms" if collection.startswith("vm-") else collection],
        status_code=202,
        responses={
            **action_responses(*WRITE_PROBLEMS, PartlyFailed, done=200),
            200: {
                "description": "With dryRun, what would happen; with sync, what was done",
                "content": {"application/json": {"schema": {"anyOf": [reference("Preview"), reference("Done")]}}},
            },
            **responses(FilterSyntax),
        },
        openapi_extra={"x-mcp-exposure": "confirm"},
    )
    async def act(request: Request, body: BatchBody, viewer: CurrentViewer, *, sync: Sync = False) -> Response:
        batch: Batch = request.app.state.batch
        ids = await batch.chosen(collection, ids=body.ids, filter_text=body.filter, by=viewer)
        batch.validate(collection, action, body.params)
        if body.dryRun:
            preview = await batch.preview(collection, action, ids, body.params, by=viewer)
            return Response(msgspec.json.encode(preview), media_type="application/json")

        async def work(progress: Progress) -> Done:
            return await batch.run(collection, action, ids, body.params, by=viewer, progress=progress)

        params: dict[str, Any] = body.model_dump(exclude_unset=True)
        name = f"{words} {len(ids)} {resource.title}{'s' if len(ids) != 1 else ''}"
        return await run_action(request, work, name=name, viewer=viewer, sync=sync, params=params, done=200)


def _camel(text: str) -> str:
    return "".join(part.capitalize() for part in text.replace("-", "_").split("_"))


for _collection, _actions in ACTIONS_BY_COLLECTION.items():
    for _action in _actions:
        _route(_collection, _action)
