"""Routes of actions that take no body: one line each, for they differ in their words only."""

from collections.abc import Callable
from typing import Any, NamedTuple

from fastapi import APIRouter, Request
from starlette.datastructures import State
from starlette.responses import Response

from podium.api.actions import Sync, action_responses, run_action
from podium.api.deps import CurrentViewer
from podium.api.inputs import ObjectId
from podium.api.vms import CONFIRM, WRITE_PROBLEMS
from podium.services.access import Viewer
from podium.services.tasks import Work

Begin = Callable[[State, str, Viewer], Work[Any]]
"""`(app.state, object's id, viewer)`: the work. What can be refused at once is refused here, without a Task."""


class Plain(NamedTuple):
    """One action. `path` within its router, with `{object_id}`; `name` in lower-case words; `kind` of its object."""

    path: str
    operation_id: str
    summary: str
    name: str
    kind: str
    begin: Begin


def plain_action(router: APIRouter, action: Plain) -> None:
    """Add the action's route."""

    @router.post(
        action.path,
        operation_id=action.operation_id,
        summary=action.summary,
        status_code=202,
        responses=action_responses(*WRITE_PROBLEMS),
        openapi_extra=CONFIRM,
    )
    async def act(request: Request, object_id: ObjectId, viewer: CurrentViewer, *, sync: Sync = False) -> Response:
        work = action.begin(request.app.state, object_id, viewer)
        about = (action.kind, object_id)
        return await run_action(request, work, name=action.name, viewer=viewer, sync=sync, about=about)
