"""Tasks: XAPI's own (`XapiTask`), and what a user asked for (`Task`)."""

from typing import Any, Literal

import msgspec
from msgspec import UNSET

from podium.model.base import Lookup, Maybe, PoolObject, Resource, XoObject
from podium.model.dates import timestamp
from podium.model.identity import object_id
from podium.xapi.records import Ref, TaskRecord

Json = str | int | float | bool | None | list[Any] | dict[str, Any]
"""A value of JSON whose shape is somebody else's business."""


class XapiTask(
    PoolObject,
    frozen=True,
    kw_only=True,
    gc=False,
    rename={
        "host": "$host",
        "allowed_operations": "allowedOperations",
        "error_info": "errorInfo",
        "ref": "xapiRef",
    },
):
    """Work going on inside a pool. `progress` goes from 0 to 1; times are seconds; `result` is XML-RPC.

    `error_info` (the code of the failure and its parameters) is ours, left out when there is no failure.
    """

    type: Literal["task"] = "task"
    name_label: str
    name_description: str
    allowed_operations: tuple[str, ...]
    applies_to: str | Maybe = UNSET
    created: int | None
    current_operations: dict[str, str]
    error_info: tuple[str, ...] | Maybe = UNSET
    finished: int | None
    host: str | Maybe = UNSET
    progress: int | float
    result: str
    status: str
    ref: str


def task(ref: Ref, record: TaskRecord, look: Lookup) -> XapiTask:
    applies_to = record.other_config.get("applies_to")
    return XapiTask(
        id=object_id(ref, record, look.pool_id),
        uuid=record.uuid,
        pool=look.pool_id,
        pool_id=look.pool_id,
        xapi_ref=ref,
        name_label=record.name_label,
        name_description=record.name_description,
        allowed_operations=record.allowed_operations,
        applies_to=UNSET if applies_to is None else look.link(applies_to),
        created=timestamp(record.created),
        current_operations=record.current_operations,
        error_info=record.error_info or UNSET,
        finished=timestamp(record.finished),
        host=look.link(record.resident_on),
        progress=record.progress,
        result=record.result,
        status=record.status,
        ref=ref,
    )


TaskStatus = Literal["pending", "success", "failure", "interrupted"]


class TaskProperties(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    gc=False,
    rename={"object_id": "objectId", "object_type": "objectType", "user_id": "userId"},
):
    """What a task is about. `type` of a REST action is `xo:rest-api:action`."""

    name: str
    type: str | Maybe = UNSET
    object_id: str | Maybe = UNSET
    object_type: str | Maybe = UNSET
    user_id: str | Maybe = UNSET
    params: Json | Maybe = UNSET
    args: Json | Maybe = UNSET
    progress: int | float | Maybe = UNSET
    method: str | Maybe = UNSET


class TaskNote(msgspec.Struct, frozen=True, gc=False):
    """An information or a warning that came up on the way."""

    message: str
    data: Json | Maybe = UNSET


class Task(
    XoObject,
    frozen=True,
    kw_only=True,
    gc=False,
    rename={"updated_at": "updatedAt", "abortion_requested_at": "abortionRequestedAt"},
):
    """What a user asked for and what became of it. Times are milliseconds, `progress` is percent."""

    status: TaskStatus
    start: int
    end: int | Maybe = UNSET
    updated_at: int | Maybe = UNSET
    progress: int | float | Maybe = UNSET
    abortion_requested_at: int | Maybe = UNSET
    properties: TaskProperties
    data: Json | Maybe = UNSET
    infos: tuple[TaskNote, ...] | Maybe = UNSET
    warnings: tuple[TaskNote, ...] | Maybe = UNSET
    result: Json | Maybe = UNSET
    tasks: tuple["Task", ...] | Maybe = UNSET


RESOURCES = (
    Resource(
        type="xapi-task",
        collection="xapi-tasks",
        struct=XapiTask,
        privilege="xapi-task",
        title="XAPI task",
        json_type="task",
    ),
    Resource(type="task", collection="tasks", struct=Task, privilege="task", title="task"),
)
