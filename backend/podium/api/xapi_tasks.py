"""XAPI's own tasks over HTTP: asked to stop. Their objects are collections.py's."""

from fastapi import APIRouter
from starlette.datastructures import State

from podium.api.plain_actions import Plain, plain_action
from podium.services.access import Viewer
from podium.services.tasks import Progress, Work
from podium.services.xapi_tasks import XapiTasks

router = APIRouter(prefix="/rest/v0/xapi-tasks", tags=["xapi-tasks"])


def _abort(state: State, task_id: str, viewer: Viewer) -> Work[None]:
    tasks: XapiTasks = state.xapi_tasks
    tasks.require(task_id, by=viewer)

    async def work(progress: Progress) -> None:
        await tasks.abort(task_id, by=viewer, progress=progress)

    return work


plain_action(
    router,
    Plain(
        "/{object_id}/actions/abort",
        "AbortXapiTask",
        "Ask the pool to stop what it is doing",
        "abort XAPI task",
        "xapi-task",
        _abort,
    ),
)
