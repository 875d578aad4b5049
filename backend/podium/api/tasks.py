"""Tasks: waiting for them, aborting and forgetting them."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BeforeValidator
from starlette.responses import Response

from podium.api.actions import Sync, action_responses, run_action
from podium.api.deps import CurrentSession, CurrentViewer
from podium.api.inputs import ObjectId
from podium.api.paging import answer_one
from podium.api.problems import responses
from podium.api.schemas import reference
from podium.cache.objects import Objects
from podium.errors import CrossSite, IncorrectState, MissingPrivileges, NotFound, Unauthorized
from podium.services.access import READ
from podium.services.sessions import Session
from podium.services.tasks import Progress, Tasks

router = APIRouter(prefix="/rest/v0/tasks", tags=["tasks"])

Wait = Annotated[
    bool,
    # `wait=` and `wait=result` are what xo-cli's own help says
    BeforeValidator(lambda value: value in ("", "result") or value),
    Query(description="hold the answer until the task is not pending any more"),
]


@router.get(
    "/{task_id}",
    operation_id="GetTask",
    responses={
        200: {"description": "The task", "content": {"application/json": {"schema": reference("Task")}}},
        304: {"description": "What If-None-Match names is still good"},
        **responses(MissingPrivileges, NotFound),
    },
)
async def get_task(request: Request, task_id: ObjectId, session: CurrentSession, *, wait: Wait = False) -> Response:
    """One task, at once or when it has ended."""
    tasks: Tasks = request.app.state.tasks
    objects: Objects = request.app.state.objects
    session.viewer.require(READ, "task", tasks.get(task_id))
    if wait:
        await _ended(request, tasks, task_id, session)
    entry = objects.of_type("task").get(task_id)
    if entry is None:
        raise NotFound("task", task_id)
    return await answer_one(request, entry.plain, revision=f"{objects.epoch}-{entry.revision}")


@router.delete(
    "",
    operation_id="DeleteTasks",
    status_code=204,
    responses=responses(CrossSite),
    openapi_extra={"x-mcp-exposure": "confirm"},
)
async def delete_tasks(request: Request, viewer: CurrentViewer) -> None:
    """Forget every task that has ended and that you may delete."""
    tasks: Tasks = request.app.state.tasks
    await tasks.clear(viewer=viewer)


@router.delete(
    "/{task_id}",
    operation_id="DeleteTask",
    status_code=204,
    responses=responses(CrossSite, MissingPrivileges, NotFound, IncorrectState),
    openapi_extra={"x-mcp-exposure": "confirm"},
)
async def delete_task(request: Request, task_id: ObjectId, viewer: CurrentViewer) -> None:
    """Forget a task that has ended."""
    tasks: Tasks = request.app.state.tasks
    await tasks.delete(task_id, viewer=viewer)


@router.post(
    "/{task_id}/actions/abort",
    operation_id="AbortTask",
    status_code=202,
    responses=action_responses(CrossSite, MissingPrivileges, NotFound),
    openapi_extra={"x-mcp-exposure": "confirm"},
)
async def abort_task(request: Request, task_id: ObjectId, viewer: CurrentViewer, *, sync: Sync = False) -> Response:
    """Ask a running task to stop."""
    tasks: Tasks = request.app.state.tasks
    viewer.require("abort", "task", tasks.get(task_id))

    async def abort(_: Progress) -> None:
        await tasks.abort(task_id, viewer=viewer)

    return await run_action(request, abort, name="abort task", viewer=viewer, sync=sync, about=("task", task_id))


async def _ended(request: Request, tasks: Tasks, task_id: str, session: Session) -> None:
    """Returns when the task has ended or the client has left. Raises Unauthorized when the login ends first."""
    ended = asyncio.create_task(_wait(tasks, task_id))
    left = asyncio.create_task(_left(request))
    over = asyncio.create_task(session.over())
    waits = {ended, left, over}
    try:
        done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in waits:
            one.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
    if over in done:
        raise Unauthorized("the login has ended")
    if ended in done:
        ended.result()


async def _wait(tasks: Tasks, task_id: str) -> None:
    await tasks.wait(task_id)


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
