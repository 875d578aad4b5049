"""Actions: work that starts as a Task and answers 202 at once, or, with `sync=true`, when it is done."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, NamedTuple, TypeVar

import msgspec
from fastapi import Query, Request
from pydantic import BaseModel
from starlette.responses import Response

from podium.api.problems import responses
from podium.errors import PodiumError
from podium.services.access import Viewer
from podium.services.tasks import Tasks, Work

T = TypeVar("T")

Sync = Annotated[bool, Query(description="wait for the end and answer with the result")]


class Created(BaseModel):
    """The new object's id; its address is in Location."""

    id: str


class Made(NamedTuple):
    """The work makes something: 201. `location`: its address, with `{id}` from the result."""

    location: str


TASK_STARTED: Final[dict[str, Any]] = {
    "description": "Started: the task's id, and its address in Location",
    "content": {
        "application/json": {
            "schema": {"type": "object", "properties": {"taskId": {"type": "string"}}, "required": ["taskId"]}
        }
    },
    "headers": {"Location": {"description": "the task", "schema": {"type": "string"}}},
}


def action_responses(*errors: type[PodiumError], done: int = 204) -> dict[int | str, dict[str, Any]]:
    """For `responses=` of an action whose `sync=true` answers `done`."""
    return {202: TASK_STARTED, done: {"description": "Done (with sync=true)"}, **responses(*errors)}


async def run_action(
    request: Request,
    work: Work[T],
    *,
    name: str,
    viewer: Viewer,
    sync: bool,
    about: tuple[str, str] | None = None,
    params: Mapping[str, Any] | None = None,
    done: int | Made = 204,
) -> Response:
    """Start `work` as a Task. `name`: in lower-case words ("connect server"); `about`: type and id of its object.

    `done`: the status of the answer when it is waited for.
    """
    tasks: Tasks = request.app.state.tasks
    running = await tasks.start(f"REST API: {name}", work, viewer=viewer, about=about, params=params)
    if not sync:
        return _json({"taskId": running.task_id}, 202, {"location": f"/rest/v0/tasks/{running.task_id}"})
    result = await running.result()
    if done == 204:
        return Response(status_code=204)
    if isinstance(done, Made):
        headers = {"location": done.location.format_map(result)} if isinstance(result, dict) else {}
        return _json(result, 201, headers)
    return _json(result, done, {})


def _json(value: object, status: int, headers: dict[str, str]) -> Response:
    return Response(msgspec.json.encode(value), status, headers=headers, media_type="application/json")
