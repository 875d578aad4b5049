"""Alarms over HTTP: acknowledged, and looked up in the past. Their list is collections.py's, DELETE messages.py's."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from pydantic import AfterValidator, Field
from starlette.responses import Response

from podium.api.deps import CurrentViewer
from podium.api.inputs import Body, ObjectId, storable
from podium.api.operations import rows_of
from podium.api.paging import Params, answer_list, answer_one, digest
from podium.api.problems import responses
from podium.api.schemas import reference
from podium.cache.entry import Entry
from podium.cache.objects import Objects
from podium.errors import BadRequest, CrossSite, FilterSyntax, IncorrectState, MissingPrivileges, NotFound
from podium.model.base import Resource
from podium.model.message import Alarm
from podium.services.access import READ
from podium.services.alarms.desk import MAX_NOTE, AlarmDesk
from podium.services.alarms.log import AlarmLog

router = APIRouter(prefix="/rest/v0")

HISTORY: Final = Resource(
    type="alarm", collection="alarm-history", struct=Alarm, privilege="alarm", title="alarm", json_type="message"
)
"""Alarms as they are found in the past; the registry knows the collection of those that are there."""

Id = Annotated[str | None, Query(max_length=200), AfterValidator(lambda text: text if text is None else storable(text))]
Moment = Annotated[int | None, Query(ge=0, le=2**53, description="ms since 1970")]


class Acknowledgement(Body):
    note: Annotated[str, Field(max_length=MAX_NOTE), AfterValidator(storable)] = ""


@router.post(
    "/alarms/{alarm_id}/actions/acknowledge",
    operation_id="AcknowledgeAlarm",
    tags=["alarms"],
    status_code=204,
    responses=responses(CrossSite, MissingPrivileges, NotFound),
    openapi_extra={"x-mcp-exposure": "confirm"},
)
async def acknowledge_alarm(
    request: Request, alarm_id: ObjectId, viewer: CurrentViewer, body: Acknowledgement | None = None
) -> None:
    """Say that you have seen the alarm, whoever raised it; once more replaces the note.

    An alarm of a rule that has ended leaves the collection with that, and stays in the history.
    """
    desk: AlarmDesk = request.app.state.alarm_desk
    await desk.acknowledge(alarm_id, note="" if body is None else body.note, by=viewer)


@router.post(
    "/alarms/{alarm_id}/actions/unacknowledge",
    operation_id="UnacknowledgeAlarm",
    tags=["alarms"],
    status_code=204,
    responses=responses(CrossSite, MissingPrivileges, NotFound, IncorrectState),
    openapi_extra={"x-mcp-exposure": "confirm"},
)
async def unacknowledge_alarm(request: Request, alarm_id: ObjectId, viewer: CurrentViewer) -> None:
    """Take an acknowledgement back."""
    desk: AlarmDesk = request.app.state.alarm_desk
    await desk.unacknowledge(alarm_id, by=viewer)


@router.get(
    "/alarm-history",
    operation_id="GetAlarmHistory",
    tags=["alarms"],
    responses={**rows_of("Alarm"), **responses(BadRequest, FilterSyntax)},
    openapi_extra={"x-mcp-exposure": "allow"},
)
async def alarm_history(
    request: Request,
    params: Params,
    viewer: CurrentViewer,
    *,
    object_id: Annotated[Id, Query(alias="object", description="only alarms about that object")] = None,
    rule_id: Annotated[Id, Query(alias="rule", description="only alarms of that rule")] = None,
    since: Moment = None,
    until: Moment = None,
) -> Response:
    """Alarms of rules, also those that have left the collection: at most the newest 10,000, newest first."""
    if params.watch:
        raise BadRequest("the past cannot be watched: watch the collection alarms")
    alarm_log: AlarmLog = request.app.state.alarm_log
    objects: Objects = request.app.state.objects
    found = await alarm_log.history(object_id=object_id, rule_id=rule_id, since_ms=since, until_ms=until)
    entries = [Entry.of(HISTORY, one, 0) for one in found]
    asked = digest(*map(str, (object_id, rule_id, since, until)))
    revision = f"{objects.epoch}-{alarm_log.revision}-{asked}"
    return await answer_list(request, entries, params, viewer, revision=revision)


@router.get(
    "/alarm-history/{alarm_id}",
    operation_id="GetAlarmOfHistory",
    tags=["alarms"],
    responses={
        200: {"description": "The alarm", "content": {"application/json": {"schema": reference("Alarm")}}},
        304: {"description": "What If-None-Match names is still good"},
        **responses(MissingPrivileges, NotFound),
    },
    openapi_extra={"x-mcp-exposure": "allow"},
)
async def alarm_of_history(request: Request, alarm_id: ObjectId, viewer: CurrentViewer) -> Response:
    """One alarm of a rule, also when it has left the collection."""
    alarm_log: AlarmLog = request.app.state.alarm_log
    objects: Objects = request.app.state.objects
    found = await alarm_log.history(alarm_id=alarm_id)
    if not found:
        raise NotFound("alarm", alarm_id)
    viewer.require(READ, HISTORY.privilege, found[0])
    entry = Entry.of(HISTORY, found[0], 0)
    return await answer_one(request, entry.plain, revision=f"{objects.epoch}-{alarm_log.revision}")
